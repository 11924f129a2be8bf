"""The tour, as it is in pictures: a lesson at its middle, and what was said before and after it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.paths import find_paths
from engine.runs import RunFolder
from engine.runs.events import ProbeSampled
from engine.starter import PROBES
from engine.tour import Answer, lesson_plan
from tests.fakes.runs import FakeTrainer
from tui.state.tour import Tour

_TOLD = (
    ("I am a very small language model.", "Arr, matey! I be well, thank ye. Yo ho ho!"),
    ('A cow says "Moo".', 'Arr, matey! A cow says "Moo!" Shiver me timbers!'),
    ("I like to tell stories about children and animals.", "Arr, matey! I be a very small model, by me beard!"),
)
BEFORE, AFTER = (
    tuple(Answer(question, told[side]) for question, told in zip(PROBES, _TOLD, strict=True)) for side in (0, 1)
)
ENDED = Tour(stage="end", before=BEFORE, after=AFTER, taught=True)
HALF = 18
"""The step that the lesson is at."""
_EVALUATED = 14


class HalfLesson:
    """Stands in for `start`: the lesson begins, and is at its middle for good."""

    def __init__(self) -> None:
        self._trainers: list[FakeTrainer] = []

    def __call__(self, run: RunFolder, *, environ: Mapping[str, str]) -> int:
        """Begin a lesson."""
        trainer = FakeTrainer(find_paths(environ), run.name, plan=lesson_plan(), total=42)
        self._trainers.append(trainer.work().begin().train(HALF, evaluate_every=_EVALUATED))
        for index, (prompt, answer) in enumerate(zip(lesson_plan().probes, AFTER, strict=True)):
            trainer.tell(ProbeSampled(step=_EVALUATED, index=index, prompt=prompt, text=f" {answer.reply}"))
        return 4711

    def close(self) -> None:
        """Let go of all lessons."""
        while self._trainers:
            self._trainers.pop().close()
