from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Misuse, ModelNotFound
from engine.models.reference import FolderModel, GgufModel, HubModel, StarterModel, anchored_model, parse
from engine.paths import Paths
from tests.fakes.models import gguf_bytes, model_files, write_files

NOWHERE = Paths(Path("/nowhere"), Path("/nowhere"), Path("/nowhere"), Path("/nowhere"))


@pytest.mark.parametrize("name", ["gpt2", "distilgpt2", "owner/name", "HuggingFaceTB/SmolLM2-135M", "a.b/c_d-1"])
def test_plain_names_are_on_the_hub(name: str, paths: Paths) -> None:
    assert parse(name, paths) == HubModel(name=name)
    assert parse(f"  {name}\n", paths) == HubModel(name=name)


def test_a_gguf_file_of_the_hub_has_three_parts(paths: Paths) -> None:
    assert parse("owner/name/tiny.Q4.gguf", paths) == HubModel(name="owner/name", gguf="tiny.Q4.gguf")


def test_a_folder_with_a_config_comes_before_the_hub(
    tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path / "gpt2", model_files())
    (tmp_path / "distilgpt2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse("gpt2", paths) == FolderModel(folder=tmp_path / "gpt2")
    assert parse("distilgpt2", paths) == HubModel(name="distilgpt2")
    assert parse("./gpt2", paths) == FolderModel(folder=tmp_path / "gpt2")


def test_names_in_the_models_folder_are_known(paths: Paths) -> None:
    write_files(paths.models / "mine", model_files())
    write_files(paths.models, {"tiny.gguf": gguf_bytes()})
    assert parse("mine", paths) == FolderModel(folder=paths.models / "mine")
    assert parse("tiny.gguf", paths) == GgufModel(file=paths.models / "tiny.gguf")


def test_a_folder_of_the_same_name_does_not_hide_the_starter(
    tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path / "starter", model_files())
    monkeypatch.chdir(tmp_path)
    assert parse("starter", paths) == StarterModel()
    assert anchored_model("starter") == "starter"


def test_a_reference_is_anchored_where_it_means_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path / "mine", model_files())
    (tmp_path / "gpt2").mkdir()
    monkeypatch.chdir(tmp_path)
    for ref in ("mine", "./mine"):
        assert anchored_model(ref) == str(tmp_path / "mine")
    for ref in ("", "gpt2", "owner/name", "run:first@20", "x" * 9_000):
        assert anchored_model(ref) == ref, "the folder of that name holds no model"


def test_paths_may_be_absolute_or_in_the_home(home: Path, paths: Paths) -> None:
    folder = write_files(home / "m", model_files())
    assert parse(str(folder), paths) == FolderModel(folder=folder)
    assert parse("~/m", paths) == FolderModel(folder=folder)
    assert parse(str(folder / "model.safetensors"), paths) == FolderModel(folder=folder)


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("", "No model was named"),
        ("run:", "no run without a name"),
        ("run:mine@last", "no run mine@last"),
        ("/nowhere/at/all", "no folder /nowhere/at/all"),
        ("./missing.gguf", r"no file .*missing\.gguf"),
        ("missing.gguf", r"no file .*missing\.gguf"),
        ("two words", "neither a folder nor a name"),
        ("a/b/c", "neither a folder nor a name"),
        ("-rf", "neither a folder nor a name"),
        ("owner/../name", "neither a folder nor a name"),
        ("https://example.org/gpt2", "neither a folder nor a name"),
    ],
)
def test_what_can_mean_nothing_is_told_in_words(ref: str, words: str, paths: Paths) -> None:
    with pytest.raises(ModelNotFound, match=words):
        parse(ref, paths)


def test_a_file_that_is_no_model_is_told(tmp_path: Path, paths: Paths) -> None:
    write_files(tmp_path, {"notes.txt": b""})
    with pytest.raises(ModelNotFound, match="is not a model"):
        parse(str(tmp_path / "notes.txt"), paths)


@given(st.text(max_size=300))
def test_any_text_is_a_reference_or_not_found(ref: str) -> None:
    with contextlib.suppress(ModelNotFound):
        parse(ref, NOWHERE, {})


@pytest.mark.parametrize("ref", ["bad\udcff", "./bad\udcff", "run:bad\udcff", "\ud83d.gguf"])
def test_a_name_that_is_no_text_is_refused_even_where_there_is_such_a_folder(paths: Paths, ref: str) -> None:
    with pytest.raises(Misuse, match="not UTF-8 text") as caught:
        parse(ref, paths)
    assert "link" in caught.value.hint
