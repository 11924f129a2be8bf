"""The rows of the list of runs."""

from __future__ import annotations

from collections.abc import Sequence

from engine.display import visible_line
from engine.figures import human_bytes, human_duration, plural
from engine.runs.gains import loss_words
from engine.runs.store import RunSummary
from tui.renderables.ago import ago
from tui.state.run_words import LABELS, plan_facts, state_words


def matching(runs: Sequence[RunSummary], query: str) -> tuple[RunSummary, ...]:
    """The runs in whose name, state, method, model or data every word of the query occurs."""
    words = query.lower().split()
    return tuple(run for run in runs if all(word in _searched(run) for word in words))


def _searched(run: RunSummary) -> str:
    plan = run.plan
    parts = [run.name, state_words(run.state)]
    if plan is not None:
        parts += [plan.method, LABELS.get(plan.method, ""), plan.model, plan.data.source]
    return " ".join(parts).lower()


def step_words(run: RunSummary) -> str:
    """How far it is: 62 %, or the step where the whole is not known."""
    state = run.state
    if state.state == "finished":
        return f"{state.step:,}"
    if state.total_steps:
        return f"{state.step / state.total_steps:.0%}"
    return f"{state.step:,}" if state.step else "–"


def best_words(run: RunSummary) -> str:
    """Its lowest held-out loss."""
    return loss_words(run.state.best_loss)


def method_words(run: RunSummary) -> str:
    """What learned."""
    return LABELS.get(run.plan.method, run.plan.method) if run.plan is not None else "?"


def what_words(run: RunSummary) -> str:
    """Which model on which data."""
    found = dict(plan_facts(run.plan))
    return visible_line(f"{found['model']} on {found['data']}") if run.plan is not None else "its plan can't be read"


def run_facts(run: RunSummary, now_s: float) -> tuple[tuple[str, str], ...]:
    """All that is known of a run."""
    state = run.state
    found = [("State", state_words(state))]
    if state.step:
        of = f" of {state.total_steps:,}" if state.total_steps else ""
        found.append(("Step", f"{state.step:,}{of}, epoch {state.epoch:.2f}"))
    if state.eta_s:
        found.append(("Left", human_duration(state.eta_s)))
    if state.best_loss is not None:
        found.append(("Best loss", f"★ {loss_words(state.best_loss)} at step {state.best_step:,}"))
    found += [(label.capitalize(), text) for label, text in plan_facts(run.plan)]
    if run.plan is not None:
        found.append(("Length", plural(run.plan.max_steps, "step") if run.plan.max_steps else _epochs(run.plan.epochs)))
    found += [
        ("Saved", plural(run.checkpoints, "checkpoint") if run.checkpoints else "no checkpoint"),
        ("Size", human_bytes(run.size_bytes)),
        ("Made", ago(now_s - run.created_s)),
    ]
    return tuple((label, visible_line(text)) for label, text in found)


def _epochs(epochs: float) -> str:
    return f"{epochs:g} {'epoch' if epochs == 1 else 'epochs'}"
