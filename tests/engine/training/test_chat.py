"""What a run made answers as PEFT says it should, through the program's own loading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.corpus.spec import DataSpec
from engine.errors import LoadFailed, ModelNotFound
from engine.models import list_models, resolve
from engine.paths import Paths
from engine.protocol import Template
from engine.runs import Plan, list_checkpoints
from engine.runs.events import DataReady, ProbeSampled
from tests.engine.training.conftest import Nursery, only

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Position ids are not supported:UserWarning"),
]
TEMPLATE = Template(id="mine", name="Mine", kind="completion", body="{{ message }} ->", stop=("\n",))


@pytest.mark.parametrize("model", ["gpt2", "llama"])
@pytest.mark.parametrize("method", ["full", "lora", "soft-prompt"])
def test_a_result_answers_as_plain_libraries_do(
    nursery: Nursery, make_plan: Callable[..., Plan], paths: Paths, model: str, method: Any
) -> None:
    import torch

    from engine.inference.loading import load

    run = nursery.create(make_plan(model, method=method, max_steps=6, preflight=False), "made")
    nursery.train(run)
    step = list_checkpoints(run)[-1].step
    for ref, folder in (("run:made", run.final), (f"run:made@{step}", run.checkpoint(step))):
        local = resolve(ref, paths=paths)
        assert local.name == ref.removeprefix("run:")
        loaded = load(local, paths=paths, device="cpu", threads=1)
        ids = loaded.tokenizer("The quick brown fox")["input_ids"]
        logits = loaded.decoder.prefill(ids, lambda: False)
        assert logits is not None
        with torch.no_grad():
            expected = plain_model(folder, method)(input_ids=torch.tensor([ids])).logits[0, -1]
        assert torch.allclose(logits, expected, atol=1e-4)
        assert loaded.decoder.reusable(ids) == len(ids)
        following = loaded.decoder.step(ids[0])
        with torch.no_grad():
            expected = plain_model(folder, method)(input_ids=torch.tensor([[*ids, ids[0]]])).logits[0, -1]
        assert torch.allclose(following, expected, atol=1e-4)
        assert loaded.info.context_tokens == 128 - (20 if method == "soft-prompt" else 0)
    assert any(entry.ref == "run:made" and entry.usable for entry in list_models(paths))


def plain_model(folder: Any, method: str) -> Any:
    if method == "full":
        from transformers import AutoModelForCausalLM

        return AutoModelForCausalLM.from_pretrained(folder).eval()
    from peft import AutoPeftModelForCausalLM

    return AutoPeftModelForCausalLM.from_pretrained(folder).eval()


def test_the_template_of_the_training_travels_with_every_checkpoint(
    nursery: Nursery, make_plan: Callable[..., Plan], paths: Paths, tmp_path: Path
) -> None:
    from engine.inference.loading import load

    pairs = tmp_path / "pairs.jsonl"
    rows = [{"prompt": f"say {number}", "completion": f"it is {number}"} for number in range(40)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = DataSpec(source=str(pairs), template=TEMPLATE, eval_fraction=0.2)
    run = nursery.create(make_plan(max_steps=2, preflight=False, data=data), "t")
    events = nursery.train(run)
    (ready,) = only(events, DataReady)
    assert ready.trained_tokens < ready.tokens
    assert all(probe.prompt.endswith("->") for probe in only(events, ProbeSampled))
    for ref in ("run:t", "run:t@2"):
        info = load(resolve(ref, paths=paths), paths=paths, device="cpu", threads=1).info
        assert info.template is not None
        assert (info.template.body, info.template.stop) == (TEMPLATE.body, TEMPLATE.stop)


def test_a_run_continues_from_another(nursery: Nursery, make_plan: Callable[..., Plan], paths: Paths) -> None:
    nursery.train(nursery.create(make_plan(method="lora", max_steps=2, preflight=False), "one"))
    plan = make_plan(method="lora", max_steps=2, preflight=False)
    import msgspec

    nursery.train(nursery.create(msgspec.structs.replace(plan, model="run:one"), "two"))
    assert len(resolve("run:two", paths=paths).adapters) == 2


def test_runs_and_steps_that_are_not_there_are_told_in_words(
    nursery: Nursery, make_plan: Callable[..., Plan], paths: Paths
) -> None:
    run = nursery.create(make_plan(method="lora", max_steps=2, preflight=False), "here")
    with pytest.raises(ModelNotFound, match="made nothing yet"):
        resolve("run:here", paths=paths)
    nursery.train(run)
    with pytest.raises(ModelNotFound, match=r"kept: steps .*; its result is run:here"):
        resolve("run:here@77", paths=paths)
    with pytest.raises(ModelNotFound, match="Did you mean here"):
        resolve("run:hera", paths=paths)
    (run.final / "adapter_model.safetensors").unlink()
    with pytest.raises(LoadFailed, match="damaged"):
        resolve("run:here", paths=paths)
