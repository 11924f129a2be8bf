"""The compact decoder computes what transformers computes, and leaves to it what it does not know."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from engine.inference.compact import CompactDecoder, Storage, from_files, from_network, kernels, read_architecture
from engine.inference.compact.decoder import piece_tokens
from engine.inference.decoding import PREFILL_TOKENS
from engine.inference.loading import LoadedModel, load
from engine.models import LocalModel
from engine.paths import find_paths
from tests.engine.inference.conftest import save_tiny

pytestmark = pytest.mark.torch

CONTEXT = 700
_STORY = (
    "Once upon a time there was a small boat that was afraid of the sea. Every day it stayed at the beach and "
    "looked at the waves. One day a girl named Mia came and said: Little boat, why do you not swim? The boat "
    "said: The sea is big, and I am small. Mia smiled and sat down in it. We can go slowly, she said. They "
    "went out together, and the sun was warm, and the boat was not afraid any more."
)
_LLAMA_3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def gpt2(**changes: Any) -> Any:
    return GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=CONTEXT, vocab_size=97, **changes))


def llama_like(config: type[Any], model: type[Any], **changes: Any) -> Any:
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": CONTEXT,
        "vocab_size": 97,
    }
    return model(config(**{**sizes, **changes}))


MODELS: dict[str, Callable[[], Any]] = {
    "gpt2": gpt2,
    "gpt2 with a head of its own": lambda: gpt2(tie_word_embeddings=False),
    "gpt2 with relu and another inner width": lambda: gpt2(activation_function="relu", n_inner=56),
    "gpt2 with the exact gelu": lambda: gpt2(activation_function="gelu"),
    "llama": lambda: llama_like(LlamaConfig, LlamaForCausalLM),
    "llama with tied weights": lambda: llama_like(LlamaConfig, LlamaForCausalLM, tie_word_embeddings=True),
    "llama with biases": lambda: llama_like(LlamaConfig, LlamaForCausalLM, attention_bias=True, mlp_bias=True),
    "llama with wide heads": lambda: llama_like(LlamaConfig, LlamaForCausalLM, head_dim=16, num_key_value_heads=4),
    "llama 3": lambda: llama_like(LlamaConfig, LlamaForCausalLM, rope_parameters=_LLAMA_3),
    "qwen2": lambda: llama_like(Qwen2Config, Qwen2ForCausalLM),
    "qwen3": lambda: llama_like(Qwen3Config, Qwen3ForCausalLM, head_dim=12),
}


@pytest.fixture(params=list(MODELS))
def network(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(3)
    torch.set_num_threads(1)
    network = MODELS[request.param]().eval()
    for weight in network.parameters():  # biases and norms that do nothing would hide what is wrong with them
        torch.nn.init.normal_(weight, std=0.25)
    return network


def compact(network: Any, storage: Storage = "float32", **options: Any) -> CompactDecoder:
    decoder = from_network(network, json.loads(network.config.to_json_string(use_diff=False)), storage, **options)
    assert decoder is not None
    return decoder


def some_ids(count: int, seed: int = 7) -> list[int]:
    return torch.randint(0, 97, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def expected(network: Any, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = network(input_ids=torch.tensor([ids])).logits[0, -1]
    return logits


def taken_in(decoder: CompactDecoder, ids: list[int]) -> torch.Tensor:
    logits = decoder.prefill(ids, lambda: False)
    assert logits is not None
    return logits


@pytest.mark.parametrize("length", [1, 9, PREFILL_TOKENS + 40])
def test_a_prompt_gives_the_logits_of_transformers(network: Any, length: int) -> None:
    ids = some_ids(length)
    torch.testing.assert_close(taken_in(compact(network), ids), expected(network, ids), rtol=1e-3, atol=1e-4)


def test_each_step_gives_the_logits_of_transformers(network: Any) -> None:
    decoder, ids = compact(network), some_ids(5)
    taken_in(decoder, ids)
    for token in some_ids(12, seed=1):
        ids.append(token)
        torch.testing.assert_close(decoder.step(token), expected(network, ids), rtol=1e-3, atol=1e-4)


def test_what_another_prompt_shares_is_not_computed_again_and_changes_nothing(network: Any) -> None:
    decoder, ids = compact(network), some_ids(30)
    taken_in(decoder, ids)
    decoder.step(4)
    other = [*ids[:20], *some_ids(9, seed=2)]
    assert decoder.reusable(other) == 20
    torch.testing.assert_close(taken_in(decoder, other), expected(network, other), rtol=1e-3, atol=1e-4)


def test_a_prompt_again_gives_the_same_numbers_to_the_last_bit(network: Any) -> None:
    decoder, ids = compact(network), some_ids(30)
    first = taken_in(decoder, ids)
    for token in (3, 1, 4):
        decoder.step(token)
    assert decoder.reusable(ids) == len(ids)
    assert torch.equal(taken_in(decoder, ids), first)


def test_a_soft_prompt_stands_for_its_vectors(network: Any) -> None:
    vectors = torch.randn(3, 32)
    decoder, ids = compact(network, vectors=vectors), some_ids(6)
    with torch.inference_mode():
        embedded = network.get_input_embeddings()(torch.tensor(ids))
        wanted = network(inputs_embeds=torch.cat((vectors, embedded))[None]).logits[0, -1]
    torch.testing.assert_close(taken_in(decoder, [97, 98, 99, *ids]), wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("storage", "most"), [("float16", 1e-5), ("int8", 5e-3)])
def test_smaller_numbers_hardly_change_what_is_likely(network: Any, storage: Storage, most: float) -> None:
    """Most by Kullback and Leibler's measure, in nats, on random weights, whose logits are far from uniform."""
    decoder, ids = compact(network, storage), some_ids(40)
    logprobs = [taken_in(decoder, ids).log_softmax(0), decoder.step(5).log_softmax(0)]
    wanted = [expected(network, ids).log_softmax(0), expected(network, [*ids, 5]).log_softmax(0)]
    for ours, theirs in zip(logprobs, wanted, strict=True):
        assert float((theirs.exp() * (theirs - ours)).sum()) < most


def test_a_cancel_is_heard_between_two_pieces_of_a_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.inference.compact.decoder.piece_tokens", lambda parameters, storage: PREFILL_TOKENS)
    torch.manual_seed(1)
    network = gpt2().eval()
    decoder, ids = compact(network), some_ids(2 * PREFILL_TOKENS)
    answers = iter((False, True))
    assert decoder.prefill(ids, lambda: next(answers)) is None
    assert decoder.reusable(ids) == PREFILL_TOKENS
    torch.testing.assert_close(taken_in(decoder, ids), expected(network, ids), rtol=1e-3, atol=1e-4)


def test_float16_holds_activations_far_beyond_its_own_range() -> None:
    torch.manual_seed(1)
    network = llama_like(LlamaConfig, LlamaForCausalLM).eval()
    with torch.no_grad():
        network.model.layers[0].mlp.up_proj.weight.mul_(1e7)
    ids = some_ids(3)
    decoder = compact(network, "float16")
    taken_in(decoder, ids)
    ours, theirs = decoder.step(5).log_softmax(0), expected(network, [*ids, 5]).log_softmax(0)
    torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-2)


def test_weights_beyond_float16_are_kept_in_float32() -> None:
    torch.manual_seed(1)
    network = gpt2().eval()
    with torch.no_grad():
        network.transformer.h[0].mlp.c_fc.weight[0, 0] = 1e6
    logits = taken_in(compact(network, "float16"), some_ids(4))
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(
    ("parameters", "storage", "tokens"),
    [
        (2_000_000, "float32", 128),
        (2_000_000, "int8", 512),
        (124_000_000, "float32", 128),
        (124_000_000, "int8", 512),
        (360_000_000, "int8", 128),
        (8_000_000_000, "int8", 128),
        (0, "int8", 512),
    ],
)
def test_a_piece_of_a_prompt_is_as_large_as_a_cancel_may_wait(parameters: int, storage: Storage, tokens: int) -> None:
    assert piece_tokens(parameters, storage) == tokens


def test_a_prompt_in_pieces_gives_what_it_gives_at_once(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = some_ids(40)
    whole = taken_in(compact(network), ids)
    monkeypatch.setattr("engine.inference.compact.decoder.piece_tokens", lambda parameters, storage: 16)
    torch.testing.assert_close(taken_in(compact(network), ids), whole, rtol=1e-4, atol=1e-5)


def test_an_error_in_the_middle_leaves_what_was_held_before(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    network = gpt2().eval()
    decoder, ids = compact(network), some_ids(20)
    taken_in(decoder, ids[:8])
    results = iter((torch.zeros(12, 32),))
    with monkeypatch.context() as patch:
        patch.setattr("engine.inference.compact.gpt2.attend", lambda *args, **options: next(results))
        with pytest.raises(StopIteration):
            decoder.prefill(ids, lambda: False)
    assert decoder.reusable(ids) == 8
    torch.testing.assert_close(taken_in(decoder, ids), expected(network, ids), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "mistral"},
        {"model_type": None},
        {"hidden_act": "gelu"},
        {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}},
        {"use_sliding_window": True},
        {"layer_types": ["full_attention", "sliding_attention"]},
        {"num_key_value_heads": 3},
        {"hidden_size": "wide"},
    ],
)
def test_what_is_not_known_is_left_to_transformers(changes: dict[str, Any]) -> None:
    config = json.loads(LlamaConfig(num_attention_heads=4, num_key_value_heads=2).to_json_string(use_diff=False))
    assert read_architecture(config) is not None
    assert read_architecture({**config, **changes}) is None


@pytest.mark.parametrize("field", ["scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn", "add_cross_attention"])
def test_gpt2_with_unusual_attention_is_left_to_transformers(field: str) -> None:
    config = json.loads(GPT2Config().to_json_string(use_diff=False))
    assert read_architecture(config) is not None
    assert read_architecture({**config, field: True}) is None


def test_files_that_lack_a_weight_are_left_to_transformers_which_says_so(tmp_path: Any) -> None:
    from safetensors.torch import load_file, save_file

    folder = save_tiny(tmp_path, "gpt2")
    config = json.loads((folder / "config.json").read_text())
    file = folder / "model.safetensors"
    assert from_files((file,), config, "float32") is not None
    weights = load_file(file)
    weights.pop("transformer.h.1.ln_2.weight")
    save_file(weights, file, metadata={"format": "pt"})
    assert from_files((file,), config, "float32") is None
    file.write_bytes(file.read_bytes()[:-100])
    assert from_files((file,), config, "float32") is None


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_nothing_of_a_file_is_held_where_less_is_kept_than_it_has(network: Any, storage: Storage) -> None:
    ids = some_ids(20)
    decoder = compact(network, storage)
    expected_logits = taken_in(decoder, ids).clone()
    decoder.forget()
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(math.nan)
    assert torch.equal(taken_in(decoder, ids), expected_logits)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_batches_are_computed_in_float32_where_replies_are_in_less(tmp_path: Any, dtype: str) -> None:
    folder = save_tiny(tmp_path / "model", "gpt2")
    local = LocalModel(ref="it", name="it", folder=folder)
    paths = find_paths({"TUNESMITH_HOME": str(tmp_path / "home")})
    alone = load(local, paths=paths, device="cpu", dtype=dtype, threads=1)
    batched = load(local, paths=paths, device="cpu", dtype=dtype, threads=1, batched=True)
    assert (alone.info.dtype, batched.info.dtype) == (dtype, "float32")
    assert alone.network.dtype == torch.float32


def test_a_loaded_model_says_what_it_is_as_transformers_would(loaded: LoadedModel) -> None:
    network = loaded.network
    assert loaded.info.parameters == network.num_parameters()
    assert (loaded.info.device, loaded.info.dtype) == ("cpu", "float32")
    assert loaded.info.size_bytes >= network.get_memory_footprint() * 0.8


def test_nothing_is_left_to_compile_once_a_model_is_open(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes seconds, once, which a person who waits for the first word should not."""
    called = set[str]()

    def recorded(name: str, loop: Any) -> Any:
        def record(*args: Any) -> Any:
            called.add(name)
            return loop(*args)

        return record

    names = ("multiply_row", "attend_row", "quantise_rows", "add_scaled")
    for name in names:
        monkeypatch.setattr(kernels, name, recorded(name, getattr(kernels, name)))
    decoder = compact(network, "int8")
    assert called == set(names)
    assert decoder.reusable(some_ids(4)) == 0


def test_eight_bits_hardly_move_what_the_starter_finds_likely() -> None:
    """Behind each token of a new text: by Kullback and Leibler's measure, in nats, and in perplexity."""
    from engine.starter import FOLDER

    local = LocalModel(ref="starter", name="starter", folder=FOLDER)
    paths = find_paths({"TUNESMITH_HOME": tempfile.mkdtemp()})
    exact, small = (load(local, paths=paths, device="cpu", dtype=dtype, threads=1) for dtype in ("float32", "int8"))
    ids = exact.tokenizer(_STORY)["input_ids"]
    theirs, ours = (torch.stack([*map(decoder.step, ids)]).log_softmax(1) for decoder in (exact.decoder, small.decoder))
    assert float((theirs.exp() * (theirs - ours)).sum(1).mean()) < 5e-3
    following = torch.tensor(ids[1:])[:, None]
    assert float((theirs[:-1].gather(1, following) - ours[:-1].gather(1, following)).mean()) < 5e-3
