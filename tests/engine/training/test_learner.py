"""Packed, padded and one by one: the loss and its gradients are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Position ids are not supported:UserWarning"),
]
LENGTHS = (5, 17, 1, 9, 30)


def rows() -> list[dict[str, list[int]]]:
    """Rows of different lengths, of which some have a masked start."""
    made = []
    for number, length in enumerate(LENGTHS):
        ids = [(number * 31 + place * 7) % 300 for place in range(length)]
        masked = length // 3 if number % 2 else 0
        made.append({"input_ids": ids, "labels": [-100] * masked + ids[masked:]})
    return made


def make_learner(folder: Path, method: str, way: Any) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from engine.corpus.spec import DataSpec
    from engine.runs import Plan
    from engine.training.learner import Learner
    from engine.training.methods import build

    torch.manual_seed(1)
    plan = Plan(model="m", data=DataSpec(source="d"), method=method)  # type: ignore[arg-type]
    model = AutoModelForCausalLM.from_pretrained(folder)
    model = build(plan, model, AutoTokenizer.from_pretrained(folder), None)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:  # zero at first: nothing would be seen of LoRA
            torch.nn.init.normal_(parameter, std=0.02)
    return Learner(model, pad_id=0, way=way).eval()


def measure(learner: Any, batches: list[list[dict[str, list[int]]]]) -> tuple[float, dict[str, Any]]:
    total = 0.0
    for batch in batches:
        loss = learner(**learner.collate([batch[:3], batch[3:]] if len(batch) > 3 else [batch]))
        loss.backward()
        total += float(loss.detach())
    gradients = {name: one.grad.clone() for name, one in learner.named_parameters() if one.grad is not None}
    learner.zero_grad(set_to_none=True)
    return total, gradients


@pytest.mark.parametrize("model", ["gpt2", "llama"])
@pytest.mark.parametrize("method", ["full", "lora", "soft-prompt"])
@pytest.mark.parametrize("way", ["packed", "own-head", "padded"])
@pytest.mark.parametrize("by_segments", [True, False])
def test_rows_together_are_as_rows_alone(
    models: dict[str, Path], model: str, method: str, way: str, by_segments: bool
) -> None:
    import torch

    from engine.training.segments import attend_by_segments

    learner = make_learner(models[model], method, "padded")
    expected, gradients = measure(learner, [[row] for row in rows()])
    learner.way = way
    assert not by_segments or attend_by_segments(learner.base)
    together, other = measure(learner, [rows()])
    assert together == pytest.approx(expected, rel=1e-5)
    assert gradients.keys() == other.keys()
    for name, gradient in gradients.items():
        scale = max(1.0, float(gradient.abs().max()))  # of a sum over all tokens: some are 50, some are nothing
        assert torch.allclose(gradient / scale, other[name] / scale, atol=5e-5), name


def test_a_row_alone_has_the_loss_that_transformers_gives_it(models: dict[str, Path]) -> None:
    import torch

    learner = make_learner(models["gpt2"], "full", "packed")
    for row in rows():
        if len(row["input_ids"]) == 1:
            continue
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor([row["labels"]])
        count = sum(label != -100 for label in row["labels"][1:])
        expected = float(learner.model(input_ids=ids, labels=labels).loss.detach()) * count
        assert float(learner(**learner.collate([[row]])).detach()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("method", ["full", "lora", "soft-prompt"])
def test_the_quickest_way_is_found_and_one_that_leaks_is_not_taken(models: dict[str, Path], method: str) -> None:
    from engine.training.segments import NAME
    from engine.training.ways import choose_way

    learner = make_learner(models["gpt2"], method, "padded")
    assert choose_way(learner, rows()[:3], packing=True) == "packed"
    assert learner.base.config._attn_implementation == NAME
    assert choose_way(learner, rows()[:3], packing=False) == "padded"
    assert learner.base.config._attn_implementation == "sdpa"
    learner._takes_positions = False  # as of an architecture that knows no positions: rows would see each other
    assert choose_way(learner, rows()[:3], packing=True) == "padded"


@pytest.mark.parametrize(
    ("architecture", "way"), [("OPT", "padded"), ("Bloom", "padded"), ("Mistral", "packed"), ("Qwen3", "packed")]
)
def test_rows_that_would_see_one_another_are_not_packed_though_the_loss_hardly_tells(
    architecture: str, way: str
) -> None:
    import torch
    import transformers

    from engine.training.learner import Learner
    from engine.training.ways import choose_way

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_attention_heads": 4, "vocab_size": 320, "eos_token_id": 2}
    shape |= {"n_head": 4, "n_layer": 2} if architecture == "Bloom" else {"num_hidden_layers": 2}
    shape |= {"ffn_dim": 64, "word_embed_proj_dim": 32} if architecture == "OPT" else {"intermediate_size": 64}
    if architecture in ("Mistral", "Qwen3"):
        shape |= {"num_key_value_heads": 2, "head_dim": 8}
    if architecture == "Mistral":
        shape |= {"sliding_window": 6}
    config = getattr(transformers, f"{architecture}Config")(**shape)
    learner = Learner(transformers.AutoModelForCausalLM.from_config(config), pad_id=0).eval()
    _, expected = measure(Learner(learner.model, pad_id=0, way="padded").eval(), [[row] for row in rows()])
    assert choose_way(learner, rows()[:3], packing=True) == way
    _, found = measure(learner, [rows()])
    for name, gradient in expected.items():
        scale = max(1.0, float(gradient.abs().max()))
        assert torch.allclose(gradient / scale, found[name] / scale, atol=1e-4), name


def test_attention_dropout_is_off_and_the_rest_stays(models: dict[str, Path]) -> None:
    learner = make_learner(models["gpt2"], "full", "packed")
    block = learner.base.transformer.h[0]
    assert learner.base.config.attn_pdrop == 0
    assert block.attn.attn_dropout.p == 0
    assert block.attn.resid_dropout.p == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("model", "targets"),
    [
        ("gpt2", {"c_attn", "c_proj", "c_fc"}),
        ("llama", {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}),
    ],
)
def test_lora_goes_into_every_linear_of_the_layers(models: dict[str, Path], model: str, targets: set[str]) -> None:
    learner = make_learner(models[model], "lora", "packed")
    found = {name.split(".lora_A")[0].rsplit(".", 1)[-1] for name, _ in learner.named_parameters() if "lora_A" in name}
    assert found == targets
    assert learner.model.active_peft_config.fan_in_fan_out is (model == "gpt2")


@pytest.mark.parametrize("vocabulary", [32, 64])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_loss_in_blocks_is_the_plain_loss(dtype: str, vocabulary: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from engine.training import cross_entropy

    monkeypatch.setattr(cross_entropy, "_BLOCK_BYTES", 256)
    monkeypatch.setattr(cross_entropy, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(cross_entropy, "_COLUMNS_AT_ONCE", 10)
    torch.manual_seed(0)
    hidden, weight = torch.randn(11, 8, requires_grad=True), torch.randn(vocabulary, 8, requires_grad=True)
    bias, targets = torch.randn(vocabulary, requires_grad=True), torch.randint(0, vocabulary, (11,))
    expected = torch.nn.functional.cross_entropy(hidden @ weight.T + bias, targets, reduction="sum")
    wanted = torch.autograd.grad(expected * 0.25, (hidden, weight, bias))
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
        found = cross_entropy.summed_cross_entropy(hidden, weight, bias, targets)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5 if dtype == "float32" else 1e-2)
    gradients = torch.autograd.grad(found * 0.25, (hidden, weight, bias))
    for one, other in zip(gradients, wanted, strict=True):
        assert torch.allclose(one, other, atol=1e-5 if dtype == "float32" else 5e-2)


def test_the_loss_in_bfloat16_follows_that_in_float32(models: dict[str, Path]) -> None:
    import torch

    from engine.training.ways import choose_way

    curves: dict[str, list[float]] = {}
    for kind, dtype in (("float32", None), ("bfloat16", torch.bfloat16)):
        learner = make_learner(models["gpt2"], "full", "packed")
        assert choose_way(learner, rows()[:3], packing=True) == "packed"
        learner.autocast = dtype
        optimizer = torch.optim.AdamW(learner.parameters(), lr=1e-3, fused=True)
        curves[kind] = []
        for _ in range(25):
            loss = learner(**learner.collate([rows()])) / 50
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            curves[kind].append(float(loss.detach()))
        assert {one.dtype for one in learner.parameters()} == {torch.float32}
    assert curves["float32"][-1] < 0.6 * curves["float32"][0]
    assert curves["bfloat16"] == pytest.approx(curves["float32"], rel=0.02)
    assert curves["bfloat16"] != curves["float32"]
