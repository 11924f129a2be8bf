"""What is read off a run: its pace, the values at a step, the replies of that time, and whether it helped."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.runs.curve import CurvePoint
from engine.runs.events import EvalDone, StepDone
from engine.runs.gains import Gain, gains_of
from tui.state.run import Answers, RunView

PACE_STEPS = 30
"""Speed and the time that is left are means of so many steps: single ones jump."""


def pace(view: RunView) -> float:
    """Useful tokens a second, over the last steps; 0 before the first."""
    steps = view.recent[-PACE_STEPS:]
    seconds = sum(step.seconds for step in steps)
    return sum(step.tokens for step in steps) / seconds if seconds > 0 else 0.0


def eta_s(view: RunView) -> float | None:
    """Seconds that are left; None where nothing moves or nothing is known."""
    steps = view.recent[-PACE_STEPS:]
    if view.state.state != "running" or not steps or not view.total_steps:
        return None
    return max(0, view.total_steps - view.step) * sum(step.seconds for step in steps) / len(steps)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The values at one place of the curve."""

    step: int
    steps: int
    """How many steps they are the mean of."""
    loss: float
    lr: float
    grad_norm: float
    tokens_per_s: float
    evaluation: EvalDone | None = None
    """The one of this very step, where there is one."""


def reading_at(view: RunView, step: int) -> Reading | None:
    """Read the values nearest to a step: exact where it is among the last ones, else those of its stretch."""
    evaluation = next((one for one in reversed(view.evaluations) if one.step == step), None)
    points: Sequence[StepDone | CurvePoint] = view.curve
    if view.recent and step >= view.recent[0].step:
        points = view.recent
    if not points:
        return None
    nearest = min(points, key=lambda point: abs(point.step - step))
    return Reading(
        step=nearest.step,
        steps=nearest.steps if isinstance(nearest, CurvePoint) else 1,
        loss=nearest.loss,
        lr=nearest.lr,
        grad_norm=nearest.grad_norm,
        tokens_per_s=nearest.tokens_per_s,
        evaluation=evaluation,
    )


def answers_at(view: RunView, step: int | None) -> Answers | None:
    """The replies of the evaluation nearest to a step; the last ones where no step is meant."""
    if step is None or not view.answers:
        return view.answers[-1] if view.answers else None
    return min(view.answers, key=lambda one: (abs(one.step - step), one.step))


def gains(view: RunView) -> tuple[Gain, ...]:
    """Did it help? Empty before there are two evaluations."""
    return gains_of(view.evaluations)
