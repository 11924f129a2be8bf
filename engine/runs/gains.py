"""Did it help? What was measured before the first step, beside the best evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.protocol import Frozen
from engine.runs.events import EvalDone, RunResumed
from engine.runs.history import read_history

_SAME = 1e-9


class Gain(Frozen, frozen=True):
    """One figure before and after. Losses are nats a token, accuracy is a share."""

    name: str
    before: float
    after: float
    lower_is_better: bool = True

    @property
    def verdict(self) -> str:
        """Whether that is better: ▼ better, ▲ worse, same."""
        if abs(self.after - self.before) <= _SAME:
            return "same"
        is_better = (self.after < self.before) == self.lower_is_better
        return f"{'▼' if self.after < self.before else '▲'} {'better' if is_better else 'worse'}"

    @property
    def words(self) -> tuple[str, str, str, str]:
        """Name, before, after and verdict."""
        write = _share_words if self.name == "accuracy" else loss_words
        return self.name, write(self.before), write(self.after), self.verdict


def gains_of(evaluations: Sequence[EvalDone]) -> tuple[Gain, ...]:
    """Compare the first evaluation with that of the lowest held-out loss; empty before there are two."""
    if not evaluations:
        return ()
    first, best = evaluations[0], min(evaluations, key=lambda one: (one.loss, one.step))
    if best.step == first.step:
        return ()
    found = [Gain("loss", first.loss, best.loss), Gain("perplexity", first.perplexity, best.perplexity)]
    if first.accuracy is not None and best.accuracy is not None:
        found.append(Gain("accuracy", first.accuracy, best.accuracy, lower_is_better=False))
    if first.generic_loss is not None and best.generic_loss is not None:
        found.append(Gain("other text", first.generic_loss, best.generic_loss))
    return tuple(found)


def read_gains(events_file: Path) -> tuple[Gain, ...]:
    """Compare what the log of a run tells."""
    evaluations: list[EvalDone] = []
    for event in read_history(events_file).events:
        if isinstance(event, EvalDone | RunResumed):
            last = event.step if isinstance(event, RunResumed) else event.step - 1
            evaluations = [one for one in evaluations if one.step <= last]
        if isinstance(event, EvalDone):
            evaluations.append(event)
    return gains_of(evaluations)


def loss_words(loss: float | None) -> str:
    """A loss or another figure with four digits."""
    if loss is None:
        return "–"
    size = abs(loss)
    return f"{loss:.4f}" if size < 10 else f"{loss:,.2f}" if size < 1e5 else f"{loss:.2e}"


def _share_words(share: float) -> str:
    return f"{share:.1%}"
