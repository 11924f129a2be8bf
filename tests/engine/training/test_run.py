"""A run from its plan to its result, in a real trainer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.runs import Plan, list_checkpoints, read_state
from engine.runs.control import write_request
from engine.runs.events import (
    CheckpointSaved,
    DataReady,
    EvalDone,
    PreflightDone,
    ProbeSampled,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StepDone,
    Warned,
)
from tests.engine.training.conftest import Nursery, kinds, only

pytestmark = [
    pytest.mark.torch,
    # PEFT asks transformers in a way that has become old.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
]
MakePlan = Callable[..., Plan]


@pytest.mark.parametrize("model", ["gpt2", "llama"])
@pytest.mark.parametrize("method", ["full", "lora", "soft-prompt"])
def test_a_run_lowers_the_held_out_loss_and_leaves_a_result(
    nursery: Nursery, make_plan: MakePlan, model: str, method: Any
) -> None:
    run = nursery.create(make_plan(model, method=method, max_steps=16, evaluate_every=8))
    events = nursery.train(run)
    assert kinds(events)[:2] == ["RunStarted", "DataReady"]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    losses = [event.loss for event in only(events, EvalDone)]
    assert losses[-1] < losses[0]
    steps = only(events, StepDone)
    assert [step.step for step in steps] == list(range(1, 17))
    assert all(step.tokens <= 256 and step.grad_norm > 0 for step in steps)
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert (last.outcome, last.step) == ("completed", 16)
    assert read_state(run).state == "finished"
    assert load_plainly(run.final, method) > 0
    card = (run.final / "README.md").read_text()
    assert f"{losses[0]:.4g}" in card
    assert json.loads((run.final / "plan.json").read_text())["method"] == method
    assert not list(run.final.glob("*.pt"))


def load_plainly(folder: Path, method: str) -> int:
    """Open a result as somebody would who never heard of Tunesmith."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assert len(AutoTokenizer.from_pretrained(folder)) > 100
    if method == "full":
        return int(AutoModelForCausalLM.from_pretrained(folder).num_parameters())
    from peft import AutoPeftModelForCausalLM

    return int(AutoPeftModelForCausalLM.from_pretrained(folder).num_parameters())


def test_everything_that_happens_is_told(nursery: Nursery, make_plan: MakePlan) -> None:
    events = nursery.train(nursery.create(make_plan(max_steps=0, epochs=0.8)))
    (started,) = only(events, RunStarted)
    assert (started.method, started.precision, started.total_steps) == (
        "full",
        "float32",
        only(events, StepDone)[-1].step,
    )
    (data,) = only(events, DataReady)
    assert data.rows + data.evaluation_rows == 80
    assert data.pieces >= data.rows
    assert data.packed
    (preflight,) = only(events, PreflightDone)
    assert preflight.fits
    assert preflight.checkpoint_bytes > 10_000
    assert "a step" in preflight.words
    evaluations = only(events, EvalDone)
    assert [one.step for one in evaluations] == [0, 3, 6, 9, 12, *([] if started.total_steps == 12 else [13])]
    assert all(math.isclose(one.perplexity, math.exp(one.loss)) for one in evaluations)
    assert all(one.generic_loss > 0 for one in evaluations)
    assert [one.step for one in only(events, CheckpointSaved)] == [one.step for one in evaluations[1:]]
    probes = only(events, ProbeSampled)
    assert len({probe.prompt for probe in probes}) == 3
    assert len(probes) == 3 * len(evaluations)
    assert only(events, StepDone)[-1].epoch == pytest.approx(0.8, abs=0.1)


def test_a_run_repeats_exactly(nursery: Nursery, make_plan: MakePlan) -> None:
    first, second = (nursery.create(make_plan(), name) for name in ("one", "two"))
    losses = [[step.loss for step in only(nursery.train(run), StepDone)] for run in (first, second)]
    assert losses[0] == losses[1]
    assert (first.final / "model.safetensors").read_bytes() == (second.final / "model.safetensors").read_bytes()


def test_the_last_and_the_best_checkpoints_stay(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan(keep_last=1, keep_best=1))
    events = nursery.train(run)
    best = min(only(events, EvalDone)[1:], key=lambda one: one.loss).step
    assert {one.step for one in list_checkpoints(run)} == {best, 12}


def test_pause_ends_the_process_and_resume_goes_on(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan(max_steps=40, evaluate_every=20))
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: len(only(events, StepDone)) >= 4)
    write_request(run.control_file, "pause")
    assert nursery.finish(child) == 0
    events = nursery.events(run)
    assert isinstance(events[-1], RunPaused)
    assert read_state(run).state == "paused"
    step = events[-1].step
    assert [one.step for one in list_checkpoints(run)] == [step]
    events = nursery.train(run)
    assert RunResumed in [type(event) for event in events]
    assert [one.step for one in only(events, StepDone)] == list(range(1, 41))


def test_stop_keeps_the_work(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan(max_steps=400, evaluate_every=200))
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: len(only(events, StepDone)) >= 3)
    write_request(run.control_file, "stop")
    assert nursery.finish(child) == 0
    events = nursery.events(run)
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.outcome == "stopped"
    assert only(events, EvalDone)[-1].step == last.step
    assert load_plainly(run.final, "full") > 0


def test_save_now_saves_and_goes_on(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan(max_steps=60, evaluate_every=60))
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: len(only(events, StepDone)) >= 3)
    write_request(run.control_file, "save")
    assert nursery.finish(child) == 0
    assert only(nursery.events(run), CheckpointSaved)[0].step < 60


def test_an_infinite_loss_stops_before_the_weights_are_written(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan(learning_rate=10.0, clip_norm=0.0, warmup_share=0.0, schedule="constant"))
    import torch

    from engine.training import learner

    real = learner.Learner.forward

    def forward(self: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = real(self, *args, **kwargs)
        forward.calls += self.training  # type: ignore[attr-defined]
        return loss * float("nan") if forward.calls > 12 else loss  # type: ignore[attr-defined]

    forward.calls = 0  # type: ignore[attr-defined]
    child = nursery.start(run, prepare=lambda: setattr(learner.Learner, "forward", forward))
    assert nursery.finish(child) == 1
    last = nursery.events(run)[-1]
    assert isinstance(last, RunFinished)
    assert last.outcome == "failed"
    assert "not a finite number" in last.why
    assert "learning rate" in last.hint
    assert read_state(run).state == "failed"
    from safetensors.torch import load_file

    for checkpoint in list_checkpoints(run):
        assert all(tensor.isfinite().all() for tensor in load_file(checkpoint.folder / "model.safetensors").values())


def test_early_stopping_ends_a_run_that_gets_no_better(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan(max_steps=100, patience=2, learning_rate=1.0, evaluate_every=2))
    events = nursery.train(run)
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.step < 100
    assert any("has not become better" in one.title for one in only(events, Warned))


def test_without_held_out_rows_it_trains_all_the_same_and_says_what_the_loss_means(
    nursery: Nursery, make_plan: MakePlan
) -> None:
    plan = make_plan(gradient_checkpointing=True, preflight=False, packing=False)
    plan = msgspec.structs.replace(plan, data=msgspec.structs.replace(plan.data, eval_fraction=0.0))
    events = nursery.train(nursery.create(plan))
    assert isinstance(events[-1], RunFinished)
    assert not only(events, DataReady)[0].packed
    assert not only(events, PreflightDone)
    assert any("No row is held out" in one.title for one in only(events, Warned))


def test_a_missing_model_is_told_in_words(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(msgspec.structs.replace(make_plan(), model="./no-such-folder"))
    assert nursery.finish(nursery.start(run)) == 3
    (last,) = nursery.events(run)
    assert isinstance(last, RunFinished)
    assert "no-such-folder" in last.why
    assert "Traceback" not in last.why
