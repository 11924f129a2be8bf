"""A killed and resumed run ends with the same weights, bit for bit, on the CPU, as one never interrupted.

TUNESMITH_KILLS sets how many trials each case gets; a few keep the suite short.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from engine.runs import Plan, RunFolder, list_checkpoints, read_state
from engine.runs.checkpoints import read_manifest
from engine.runs.events import CheckpointSaved, RunFinished, RunResumed, StepDone, Warned
from tests.engine.training.conftest import Nursery, only

pytestmark = pytest.mark.torch
TRIALS = int(os.environ.get("TUNESMITH_KILLS", "1"))
CASES: dict[str, dict[str, Any]] = {
    "full": {"method": "full"},
    "lora": {"method": "lora"},
    "soft-prompt": {"method": "soft-prompt"},
    "padded": {"method": "full", "packing": False},
    "llama-lora": {"model": "llama", "method": "lora"},
    "bfloat16": {"method": "full", "precision": "bfloat16"},
    "lora-bfloat16": {"method": "lora", "precision": "bfloat16"},
}


def outcome(run: RunFolder) -> dict[str, Any]:
    """What must not differ: the weights of every step that was kept, the optimiser, and what a person sees."""
    import torch

    last = list_checkpoints(run)[-1]
    manifest = read_manifest(last.folder)
    assert manifest is not None
    state = torch.load(last.folder / "training.pt", weights_only=True)
    moments = [
        value.tolist() if value.numel() > 1 else float(value)
        for _, entry in sorted(state["optimizer"]["state"].items())
        for value in entry.values()
    ]
    weights = {name: digest.sha256 for name, digest in manifest.files.items() if name.endswith(".safetensors")}
    return {
        "step": last.step,
        "weights": weights,
        "loss": last.loss,
        "moments": moments,
        "schedule": state["scheduler"],
    }


@pytest.mark.timeout(120 + 60 * TRIALS)
@pytest.mark.parametrize("case", CASES)
def test_kill_and_resume_changes_nothing(nursery: Nursery, make_plan: Callable[..., Plan], case: str) -> None:
    plan = make_plan(**CASES[case], max_steps=20, evaluate_every=4, save_every=3, keep_last=2, preflight=False)
    calm = nursery.create(plan, "calm")
    calm_events = nursery.train(calm)
    expected, length = outcome(calm), len(calm_events)
    for trial in range(TRIALS):
        dice = random.Random(f"{case} {trial}")
        run = nursery.create(plan, f"killed-{trial}")
        for _ in range(dice.randint(1, 3)):
            if read_state(run).state == "finished":
                break
            child = nursery.start(run)
            before, after = len(nursery.events(run)), dice.randint(0, length)
            nursery.wait_for(run, child, lambda events: len(events) - before >= after)  # noqa: B023
            nursery.kill(child)
        if read_state(run).state != "finished":
            nursery.train(run)
        assert outcome(run) == expected, f"trial {trial}"
        assert isinstance(nursery.events(run)[-1], RunFinished)
        assert (run.final / "README.md").is_file()


def test_a_corrupt_newest_checkpoint_is_told_of_and_the_one_before_is_used(
    nursery: Nursery, make_plan: Callable[..., Plan]
) -> None:
    plan = make_plan(max_steps=12, evaluate_every=3, keep_last=2, preflight=False)
    calm = nursery.create(plan, "calm")
    nursery.train(calm)
    run = nursery.create(plan, "hurt")
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: len(only(events, CheckpointSaved)) >= 2)
    nursery.kill(child)
    newest = list_checkpoints(run)[-1]
    weights = newest.folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    events = nursery.train(run)
    (warned,) = only(events, Warned)
    assert f"step {newest.step} is damaged" in warned.title
    assert "model.safetensors" in warned.title
    assert only(events, RunResumed)[0].step < newest.step
    assert outcome(run)["weights"] == outcome(calm)["weights"]
    assert [one.step for one in only(events, StepDone)][-1] == 12
