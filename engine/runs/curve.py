"""The whole history of a number in a bounded count of points, whatever the length of the run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.runs.events import StepDone


class CurvePoint(msgspec.Struct, frozen=True):
    """Some consecutive steps as one point; where it stands for a single step, all losses are the same."""

    step: int
    """The last of them."""
    steps: int
    """How many were merged into it."""
    loss: float
    """Their mean."""
    low: float
    high: float
    lr: float
    grad_norm: float
    tokens_per_s: float


class Curve:
    """Takes steps one by one; when it is full, neighbours are merged and each point stands for twice as many."""

    def __init__(self, max_points: int = 2048) -> None:
        """Make an empty curve.

        Args:
            max_points: There are never more; an even number.
        """
        self._max_points = max_points
        self._points: list[CurvePoint] = []
        self._stride = 1

    @classmethod
    def of(cls, points: Sequence[CurvePoint], max_points: int = 2048) -> Curve:
        """Go on with points that a curve of the same bound gave before."""
        curve = cls(max_points)
        curve._points = list(points)
        curve._stride = max((point.steps for point in points), default=1)
        return curve

    @property
    def points(self) -> tuple[CurvePoint, ...]:
        """The history, oldest first."""
        return tuple(self._points)

    def add(self, event: StepDone) -> None:
        """Take the next step."""
        point = CurvePoint(
            event.step, 1, event.loss, event.loss, event.loss, event.lr, event.grad_norm, event.tokens_per_s
        )
        if self._points and self._points[-1].steps < self._stride:
            self._points[-1] = _merged(self._points[-1], point)
            return
        if len(self._points) >= self._max_points:
            self._halve()
        self._points.append(point)

    def forget_after(self, step: int) -> None:
        """Drop what a resumed run does again."""
        while self._points and self._points[-1].step > step:
            self._points.pop()

    def _halve(self) -> None:
        pairs = zip(self._points[::2], self._points[1::2], strict=False)
        odd = self._points[-1:] if len(self._points) % 2 else []
        self._points = [_merged(left, right) for left, right in pairs] + odd
        self._stride *= 2


def _merged(left: CurvePoint, right: CurvePoint) -> CurvePoint:
    steps = left.steps + right.steps

    def mean(one: float, other: float) -> float:
        return (one * left.steps + other * right.steps) / steps

    return CurvePoint(
        step=right.step,
        steps=steps,
        loss=mean(left.loss, right.loss),
        low=min(left.low, right.low),
        high=max(left.high, right.high),
        lr=right.lr,
        grad_norm=mean(left.grad_norm, right.grad_norm),
        tokens_per_s=mean(left.tokens_per_s, right.tokens_per_s),
    )
