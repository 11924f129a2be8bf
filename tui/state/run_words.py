"""What is said of a run: how it stands, its figures, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from engine.display import visible_line
from engine.figures import human_bytes, human_count, human_duration
from engine.runs.arrival import arriving_words, share_here
from engine.runs.gains import loss_words
from engine.runs.plan import Plan
from engine.runs.state import RunState, State, without_frames
from tui.state.option_words import option_words
from tui.state.run import RunView
from tui.state.run_figures import Reading, eta_s, pace

GLYPHS: dict[State, str] = {
    "created": "○",
    "preparing": "◌",
    "running": "▶",
    "paused": "‖",
    "finished": "✓",
    "stopped": "■",
    "failed": "✗",
    "died": "✗",
}
_WORDS: dict[State, str] = {
    "created": "Not started yet",
    "preparing": "Getting ready",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped by you",
    "failed": "Failed",
    "died": "Died",
}
_ASKED = {"pause": "pausing", "stop": "stopping", "save": "saving"}
ENDED: tuple[State, ...] = ("finished", "stopped", "failed", "died")
LABELS = {"full": "all weights", "lora": "LoRA", "soft-prompt": "soft prompt"}


def state_words(state: RunState) -> str:
    """How a run stands, with a glyph: ▶ Training."""
    return f"{GLYPHS[state.state]} {_WORDS[state.state]}"


def headline(view: RunView) -> str:
    """How it stands, and how far it is: ▶ Training · step 120 of 450."""
    parts = [state_words(view.state)]
    if view.asked is not None and view.state.alive:
        when = "" if view.state.state == "preparing" else " after this step"
        parts.append(f"{_ASKED[view.asked]}{when}")
    elif view.step:
        total = f" of {view.total_steps:,}" if view.total_steps else ""
        parts.append(f"step {view.step:,}{total}")
    return " · ".join(parts)


def is_waiting_for_room(view: RunView) -> bool:
    """Whether the trainer lives and waits until the disk has room."""
    return view.state.state == "paused" and view.locked


def explanation(view: RunView) -> str:
    """Why it is as it is, where that needs to be said; empty where it does not."""
    state = view.state
    if state.state == "preparing" and view.arriving is not None:
        return arriving_words(view.arriving)
    if state.state == "preparing":
        doing = (
            "Reading the model and the data, and rehearsing two steps" if view.started else "The trainer is starting"
        )
        is_polite = view.plan is not None and view.plan.polite
        return f"{doing}; it lets all else on this machine go first" if is_polite else doing
    if state.state == "paused" and is_waiting_for_room(view):
        return visible_line(state.words)
    if state.state == "failed" and view.finished is not None:
        hint = f". {view.finished.hint}" if view.finished.hint else ""
        return option_words(f"{view.finished.why}{hint}")
    if state.state == "died":
        if state.log_lines:
            return "It could not say why; its log ends so:"
        return "Killed, or out of memory: it left no word in its log"
    return ""


def share_done(view: RunView) -> float:
    """How much of the run is done, from 0 to 1; while model and data are on their way, how much of that is here."""
    if view.arriving is not None:
        return share_here(view.arriving)
    if view.state.state == "finished":
        return 1.0
    return view.step / view.total_steps if view.total_steps else 0.0


def progress_words(view: RunView) -> str:
    """Epoch, and the time that is left."""
    parts = []
    if view.last is not None:
        of = f"/{view.plan.epochs:g}" if view.plan is not None and not view.plan.max_steps else ""
        parts.append(f"epoch {view.last.epoch:.2f}{of}")
    left = eta_s(view)
    if left is not None and left > 0:
        parts.append(f"{human_duration(left)} left")
    elif view.finished is not None and view.finished.seconds:
        parts.append(f"took {human_duration(view.finished.seconds)}")
    return " · ".join(parts)


def figures(view: RunView, *, short: bool = False) -> tuple[tuple[str, str], ...]:
    """The live figures with their labels; the short ones share lines."""
    last, best = view.last, view.best
    found = [("loss", loss_words(last.loss if last else None))]
    if best is not None:
        found.append(("held out", f"{loss_words(view.evaluations[-1].loss)}"))
        found.append(("best", f"★ {loss_words(best.loss)} at {best.step:,}"))
        if best.accuracy is not None:
            found.append(("accuracy", f"{view.evaluations[-1].accuracy or 0.0:.1%}"))
    if last is not None and short and view.locked:
        found += [
            ("rate", f"{last.lr:.1e} · grad {last.grad_norm:.2g}"),
            ("speed", f"{pace(view):,.0f} tok/s · {human_bytes(last.memory_bytes)}"),
        ]
    elif last is not None and not short:
        found += [
            ("rate", f"{last.lr:.2e}"),
            ("gradient", f"{last.grad_norm:.3g}"),
            ("speed", f"{pace(view):,.0f} tokens/s"),
            ("memory", human_bytes(last.memory_bytes)),
        ]
    return tuple(found)


def facts(view: RunView) -> tuple[tuple[str, str], ...]:
    """What the run is: model, method, data."""
    found = plan_facts(view.plan)
    started, data = view.started, view.data
    if started is not None:
        share = started.trainable / started.parameters if started.parameters else 0.0
        words = f"{human_count(started.trainable)} of {human_count(started.parameters)} ({share:.2%})"
        found += [("learns", words), ("on", f"{started.device}, {started.precision}")]
    if data is not None:
        cut = f", {data.truncated_rows:,} cut" if data.truncated_rows else ""
        skipped = f", {data.skipped_rows:,} skipped" if data.skipped_rows else ""
        pieces = f" in {data.pieces:,} pieces" if data.pieces > data.rows else ""
        found.append(("rows", f"{data.rows:,}{pieces} of {human_count(data.tokens)} tokens{cut}{skipped}"))
        found.append(("held out", f"{data.evaluation_rows:,} rows"))
    return tuple((label, visible_line(text)) for label, text in found)


def plan_facts(plan: Plan | None) -> list[tuple[str, str]]:
    """Model, method and data of a plan."""
    if plan is None:
        return [("plan", "can't be read")]
    source = plan.data.source
    return [
        ("model", plan.model),
        ("method", LABELS.get(plan.method, plan.method)),
        ("data", PurePath(source).name if "/" in source and source.startswith(("/", "~", ".")) else source),
    ]


def reading_words(reading: Reading | None) -> str:
    """The values at the cursor in one line."""
    if reading is None:
        return ""
    mean = f" (mean of {reading.steps:,})" if reading.steps > 1 else ""
    parts = [f"step {reading.step:,}{mean}", f"loss {loss_words(reading.loss)}"]
    if reading.evaluation is not None:
        parts.append(f"held out ◆ {loss_words(reading.evaluation.loss)}")
    parts += [
        f"rate {reading.lr:.2e}",
        f"gradient {reading.grad_norm:.3g}",
        f"{reading.tokens_per_s:,.0f} tokens/s",
    ]
    return " · ".join(parts)


def log_words(lines: Sequence[str], count: int) -> tuple[str, ...]:
    """The last lines of a log in words, made visible."""
    return tuple(visible_line(line) for line in without_frames(lines)[-count:])
