"""The words of the header: model, template, sampling, window and device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.figures import human_bytes, human_count, human_duration
from engine.models import Progress
from engine.protocol import LoadProgress, Sampling
from tui.state.model import ModelState, short_name

PARTS = ("model", "template", "sampling", "window", "device")
"""From left to right."""
_STEPS = (
    "window",  # its bar
    "sampling",  # to the temperature and a fixed seed
    "device",  # to the device alone
    "model",  # to some letters
    "sampling",  # gone
    "template",
    "model",
    "device",  # gone
    "window",  # to a percentage
)
"""What is said in fewer words, one step after the other, where the line is too narrow."""
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
    return f"{short_name(model.ref)}: not loaded" if model.ref else "no model: pick one"


def progress_words(progress: LoadProgress | Progress | None) -> str:
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


def device_words(model: ModelState) -> tuple[str, str]:
    """Where the model runs, and in what precision; empty without a model."""
    return (model.info.device, model.info.dtype) if model.info else ("", "")


def short_sampling_words(sampling: Sampling) -> str:
    """The sampling, as far as it matters most."""
    words = "greedy" if sampling.temperature == 0 else f"T {sampling.temperature:g}"
    return words if sampling.seed is None else f"{words} · seed {sampling.seed}"


def window_words(used: int, total: int) -> str:
    """How much of the window is taken."""
    return f"{used:,} of {total:,}" if total else ""


def shortened(text: str, width: int) -> str:
    """The beginning of a text that is too long, as far as it has room."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def fitting(widths: Mapping[str, Sequence[int]], columns: int) -> dict[str, int]:
    """Which wording of each part has room.

    Args:
        widths: The width of each part's wordings in cells, the longest first; 0 for one that says nothing.
        columns: The width of the line.

    Returns:
        The number of the wording by part.
    """
    chosen = dict.fromkeys(widths, 0)
    for name in _STEPS:
        taken = [widths[part][number] for part, number in chosen.items()]
        if _BRAND + sum(width + _GAP for width in taken if width) <= columns:
            break
        chosen[name] = min(chosen[name] + 1, len(widths[name]) - 1)
    return chosen
