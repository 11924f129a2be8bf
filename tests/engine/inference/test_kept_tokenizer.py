"""A kept tokenizer answers as the one of transformers did, and a model that has one opens without transformers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inference.detokenizer import token_kinds
from engine.inference.kept_tokenizer import KeptTokenizer, open_tokenizer
from engine.inference.reading import read_tokenizer
from tests.engine.inference.conftest import save_tiny

pytestmark = pytest.mark.torch

_TEXTS = st.lists(
    st.sampled_from(
        ["Once upon", " a time", "\n\n", "  ", "naïve", "日本", "😀", "<|endoftext|>", "<s>", "</s>", "\x00", "1 2"]
    )
    | st.text(max_size=12),
    max_size=8,
).map("".join)


def nothing() -> None:
    """Libraries are there."""


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, Any]]:
    folder = save_tiny(tmp_path_factory.mktemp("kept") / "tiny", "gpt2")
    return [pair(folder, tmp_path_factory.mktemp("cache"))]


def pair(folder: Path, kept: Path) -> tuple[Any, Any]:
    theirs = open_tokenizer(folder, "it", kept, nothing)
    ours = open_tokenizer(folder, "it", kept, nothing)
    assert not isinstance(theirs, KeptTokenizer)
    assert isinstance(ours, KeptTokenizer)
    return ours, theirs


def same(ours: Any, theirs: Any, text: str) -> None:
    for special in (True, False):
        ids = theirs(text, add_special_tokens=special)["input_ids"]
        assert ours(text, add_special_tokens=special)["input_ids"] == ids
        assert ours([text, "a"], add_special_tokens=special)["input_ids"][0] == ids
        options = {"skip_special_tokens": special, "clean_up_tokenization_spaces": False}
        assert ours.decode(ids, **options) == theirs.decode(ids, **options)
        assert ours.convert_ids_to_tokens(ids) == theirs.convert_ids_to_tokens(ids)


@given(text=_TEXTS)
def test_it_answers_as_the_one_of_transformers(pairs: list[tuple[Any, Any]], text: str) -> None:
    for ours, theirs in pairs:
        same(ours, theirs, text)


@pytest.mark.data
@pytest.mark.parametrize("name", ["stories260k", "stories-gpt2-0.5m", "gpt2-tokenizer"])
@settings(max_examples=50)
@given(text=_TEXTS)
def test_it_answers_alike_for_real_tokenizers(real: dict[str, tuple[Any, Any]], name: str, text: str) -> None:
    same(*real[name], text)


@pytest.fixture(scope="session")
def real(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any]]:
    kept = tmp_path_factory.mktemp("cache")
    return {name: pair(data / name, kept) for name in ("stories260k", "stories-gpt2-0.5m", "gpt2-tokenizer")}


def test_it_knows_the_same_facts(pairs: list[tuple[Any, Any]]) -> None:
    for ours, theirs in pairs:
        assert token_kinds(ours) == token_kinds(theirs)
        assert len(ours) == len(theirs)
        for fact in ("bos_token", "bos_token_id", "eos_token", "eos_token_id", "all_special_ids"):
            assert getattr(ours, fact) == getattr(theirs, fact)


def test_a_changed_file_and_a_torn_copy_are_noticed(tmp_path: Path) -> None:
    folder, kept = save_tiny(tmp_path / "tiny", "gpt2"), tmp_path / "kept"
    pair(folder, kept)
    [copy] = kept.iterdir()
    copy.write_bytes(copy.read_bytes()[:-40])
    assert not isinstance(open_tokenizer(folder, "it", kept, nothing), KeptTokenizer)
    assert isinstance(open_tokenizer(folder, "it", kept, nothing), KeptTokenizer)
    with (folder / "tokenizer_config.json").open("a") as stream:
        stream.write("\n")
    assert not isinstance(open_tokenizer(folder, "it", kept, nothing), KeptTokenizer)


def test_checkpoints_of_one_model_share_a_copy_and_old_copies_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    first, second = (save_tiny(tmp_path / name, "gpt2") for name in ("step-1", "step-2"))
    pair(first, kept)
    assert isinstance(open_tokenizer(second, "it", kept, nothing), KeptTokenizer)
    [copy] = kept.iterdir()
    os.utime(copy, (1, 1))
    monkeypatch.setattr("engine.inference.kept_tokenizer._MOST_FILES", 1)
    (second / "config.json").write_text((second / "config.json").read_text() + " ")
    open_tokenizer(second, "it", kept, nothing)
    [newer] = kept.iterdir()
    assert newer != copy


def test_a_folder_that_can_not_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "tiny", "gpt2")
    (tmp_path / "kept").write_text("a file where the folder should be")
    theirs = open_tokenizer(folder, "it", tmp_path / "kept", nothing)
    assert theirs("fox")["input_ids"] == read_tokenizer(folder, "it")("fox")["input_ids"]


def test_a_model_opened_before_opens_without_transformers_and_numba(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "tiny", "llama", tie=False)
    code = (
        "import sys; from pathlib import Path; from engine.inference.loading import load\n"
        "from engine.models import LocalModel; from engine.paths import find_paths\n"
        f"folder = Path({str(folder)!r}); paths = find_paths({{'TUNESMITH_HOME': {str(tmp_path / 'home')!r}}})\n"
        "stages = []\n"
        "local = LocalModel(ref='it', name='it', folder=folder)\n"
        "loaded = load(local, paths=paths, device='cpu', on_stage=stages.append)\n"
        "libraries = [name in sys.modules for name in ('transformers', 'numba')]\n"
        "print(loaded.info.parameters, 'importing' in stages, *libraries)\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=100
        ).stdout
        for _ in range(2)
    ]
    first, second = (line.split() for line in said)
    assert first[1:3] == ["True", "True"]
    assert second == [first[0], "False", "False", "False"]
