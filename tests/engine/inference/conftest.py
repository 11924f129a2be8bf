"""Models for the tests: small real ones where there is data, and random ones made here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.models import LocalModel
from engine.paths import find_paths

if TYPE_CHECKING:
    from engine.inference.loading import LoadedModel

_LIGHT = {"test_stopping.py", "test_prefix_cache.py", "test_garbage.py"}

CORPUS = (
    "Once upon a time there was a naïve café owner. She said: hello, world! 1 2 3\n"
    "The quick brown fox jumps over the lazy dog; then it sleeps. 日本語 emoji 😀 ok\n"
) * 4


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where tests with torch are left out, don't even import them: torch takes seconds."""
    heavy = collection_path.suffix == ".py" and collection_path.name not in _LIGHT
    return True if heavy and "not torch" in str(config.getoption("markexpr", "")) else None


def load_folder(folder: Path) -> LoadedModel:
    from engine.inference.loading import load

    local = LocalModel(ref=str(folder), name=folder.name, folder=folder)
    return load(local, paths=find_paths({"TUNESMITH_HOME": tempfile.mkdtemp()}), device="cpu", threads=1)


def make_tokenizer(*, vocabulary: int = 320) -> Any:
    """A byte-level BPE, as GPT-2's, trained on a few lines."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator([CORPUS], vocab_size=vocabulary, special_tokens=["<|endoftext|>"], show_progress=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    )


def save_tiny(folder: Path, architecture: str, *, tie: bool = True, context: int = 256, shard: bool = False) -> Path:
    """Save a random model of the architecture, with a tokenizer."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(5)
    tokenizer = make_tokenizer()
    common = {
        "vocab_size": len(tokenizer) + 3,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "tie_word_embeddings": tie,
        "initializer_range": 0.6,  # far from uniform, so that nothing is nearly a tie
    }
    model: Any
    if architecture == "gpt2":
        model = GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=context, **common))
    else:
        model = LlamaForCausalLM(
            LlamaConfig(
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=context,
                **common,
            )
        )
    model.save_pretrained(folder, **({"max_shard_size": "20KB"} if shard else {}))
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny-gpt2", "gpt2")


@pytest.fixture(scope="session")
def tiny_llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny-llama", "llama", tie=False)


@pytest.fixture(scope="session")
def tiny_gpt2(tiny_gpt2_folder: Path) -> LoadedModel:
    return load_folder(tiny_gpt2_folder)


@pytest.fixture(scope="session")
def tiny_llama(tiny_llama_folder: Path) -> LoadedModel:
    return load_folder(tiny_llama_folder)


@pytest.fixture(scope="session")
def stories_llama(data: Path) -> LoadedModel:
    return load_folder(data / "stories260k")


@pytest.fixture(scope="session")
def stories_gpt2(data: Path) -> LoadedModel:
    return load_folder(data / "stories-gpt2-0.5m")


def plainly(loaded: LoadedModel) -> LoadedModel:
    """The same model, computed by transformers as every architecture is that has no compact decoder."""
    import msgspec

    from engine.inference.decoding import TransformersDecoder

    return msgspec.structs.replace(loaded, decoder=TransformersDecoder(loaded.network))


@pytest.fixture(scope="session")
def plain_gpt2(tiny_gpt2: LoadedModel) -> LoadedModel:
    return plainly(tiny_gpt2)


@pytest.fixture(scope="session")
def plain_llama(tiny_llama: LoadedModel) -> LoadedModel:
    return plainly(tiny_llama)


@pytest.fixture(params=["tiny_gpt2", "tiny_llama", "plain_gpt2", "plain_llama", "stories_llama", "stories_gpt2"])
def loaded(request: pytest.FixtureRequest) -> LoadedModel:
    """Each model in turn, with nothing kept from other tests."""
    model: LoadedModel = request.getfixturevalue(request.param)
    model.decoder.forget()
    return model


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a real model needs the data."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {}).values()
        names = {*getattr(item, "fixturenames", ()), *(value for value in parameters if isinstance(value, str))}
        if names & {"data", "stories_llama", "stories_gpt2"}:
            item.add_marker(pytest.mark.data)
