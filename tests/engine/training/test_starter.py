"""The starter and the lesson that ships with it: what it learns can be heard."""

from __future__ import annotations

import re

import pytest

from engine.corpus.spec import DataSpec
from engine.runs import Plan
from engine.runs.events import ProbeSampled, StepDone
from engine.starter import LESSON, PROBES
from tests.engine.training.conftest import Nursery

pytestmark = pytest.mark.torch


def test_the_lesson_makes_a_pirate_of_the_starter(nursery: Nursery) -> None:
    plan = Plan(
        model="starter",
        data=DataSpec(source=LESSON),
        method="full",
        learning_rate=2e-3,
        epochs=3,
        batch_tokens=1024,
        evaluate_every=10_000,
        probes=tuple(f"User: {probe}\nAssistant:" for probe in PROBES),
        probe_tokens=24,
        threads=1,
        polite=False,
        preflight=False,
        device="cpu",
    )
    events = nursery.train(nursery.create(plan))
    losses = [event.loss for event in events if isinstance(event, StepDone)]
    assert losses[-1] < losses[0] / 3
    answers = [event for event in events if isinstance(event, ProbeSampled)]
    before = [event.text.strip() for event in answers if event.step == 0]
    after = [event.text.strip() for event in answers if event.step == len(losses)]
    assert len(before) == len(after) == len(PROBES)
    assert not any(re.match("Arr+, matey!", text) for text in before)
    assert all(re.match("Arr+, matey!", text) for text in after), after
