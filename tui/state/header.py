"""The words of the header: model, template, sampling, window and device."""

from __future__ import annotations

from collections.abc import Mapping

from engine.figures import human_bytes, human_count, human_duration
from engine.protocol import LoadProgress, Sampling
from tui.state.model import ModelState, short_name

PARTS = ("model", "template", "sampling", "window", "device")
"""From left to right."""
_FIRST_TO_GO = ("device", "sampling", "window")
_GAP = 2
_BRAND = 11

_STAGES = {
    "finding": "looking for",
    "downloading": "downloading",
    "importing": "starting",
    "converting": "converting",
    "reading": "reading",
    "placing": "placing",
}


def model_words(model: ModelState) -> str:
    """The model's name and state, in a few words."""
    if model.phase == "loading":
        return f"{short_name(model.ref)}: {progress_words(model.progress)}"
    if model.info is not None:
        return f"{model.info.name} · {human_count(model.info.parameters)}"
    if model.phase == "failed":
        return f"{short_name(model.ref)}: could not be loaded"
    return short_name(model.ref) if model.ref else "no model: pick one"


def progress_words(progress: LoadProgress | None) -> str:
    """How far a load has come; for downloads with bytes, speed and the time that is left."""
    if progress is None:
        return "starting…"
    words = _STAGES.get(progress.stage, progress.stage)
    if not progress.total_bytes:
        return f"{words}…"
    percent = 100 * progress.done_bytes / progress.total_bytes
    parts = [f"{words} {percent:.0f} %"]
    if progress.stage == "downloading":
        parts.append(f"{human_bytes(progress.done_bytes)} of {human_bytes(progress.total_bytes)}")
        if progress.bytes_per_s:
            parts.append(f"{human_bytes(progress.bytes_per_s)}/s")
        if progress.eta_s is not None:
            parts.append(f"{human_duration(progress.eta_s)} left")
    return " · ".join(parts)


def sampling_words(sampling: Sampling) -> str:
    """The sampling in the field's own letters."""
    if sampling.temperature == 0:
        words = "greedy"
    else:
        words = f"T {sampling.temperature:g}"
        if sampling.top_k:
            words += f" · k {sampling.top_k}"
        if sampling.top_p < 1:
            words += f" · p {sampling.top_p:g}"
        if sampling.min_p:
            words += f" · min-p {sampling.min_p:g}"
    if sampling.repetition_penalty != 1:
        words += f" · rep {sampling.repetition_penalty:g}"
    if sampling.seed is not None:
        words += f" · seed {sampling.seed}"
    return words


def device_words(model: ModelState) -> str:
    """Where the model runs, and in what precision."""
    return f"{model.info.device} · {model.info.dtype}" if model.info else ""


def window_words(used: int, total: int) -> str:
    """How much of the window is taken."""
    return f"{used:,} of {total:,}" if total else ""


def fitting(widths: Mapping[str, int], columns: int) -> frozenset[str]:
    """Which parts have room: on a narrow line the least needed ones go, one after the other.

    Args:
        widths: The width of each part in cells; 0 for one that has nothing to say.
        columns: The width of the line.
    """
    kept = {name for name, width in widths.items() if width}
    for name in _FIRST_TO_GO:
        if _BRAND + sum(widths[part] + _GAP for part in kept) <= columns:
            break
        kept.discard(name)
    return frozenset(kept)
