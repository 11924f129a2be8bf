from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import ModelNotFound, Refused
from engine.models import ModelEntry, delete, list_models, resolve
from engine.models.catalogue import OFFERS, close_matches
from engine.models.converted import path_key
from engine.models.hub_cache import find_hub_cache
from engine.paths import Paths
from tests.fakes.models import PARAMETERS, cache_model, gguf_bytes, model_files, write_files

Close = Callable[..., None]


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    return {"HF_HOME": str(home / "huggingface"), "HF_HUB_OFFLINE": "1", "HOME": str(home)}


@pytest.fixture
def cache(environ: dict[str, str]) -> Path:
    return find_hub_cache(environ)


def by_ref(paths: Paths, environ: dict[str, str], *remembered: str) -> dict[str, ModelEntry]:
    return {entry.ref: entry for entry in list_models(paths, environ, remembered=remembered)}


def test_with_nothing_downloaded_there_is_the_starter_and_the_catalogue_can_be_had(
    paths: Paths, environ: dict[str, str]
) -> None:
    starter, *entries = list_models(paths, environ)
    assert (starter.ref, starter.source, starter.usable) == ("starter", "starter", True)
    assert "ships with Tunesmith" in starter.description.replace("Ships", "ships")
    assert [entry.ref for entry in entries] == [offer.ref for offer in OFFERS]
    assert not any(entry.here or entry.usable for entry in entries)
    assert all(entry.parameters and entry.size_bytes and entry.context_tokens for entry in entries)


def test_models_of_the_cache_are_here_and_no_longer_to_be_had(
    paths: Paths, environ: dict[str, str], cache: Path
) -> None:
    folder = cache_model(cache, "openai-community/gpt2", model_files())
    entries = by_ref(paths, environ)
    assert "gpt2" not in entries
    assert entries["openai-community/gpt2"].usable
    assert entries["openai-community/gpt2"].parameters == PARAMETERS
    assert entries["openai-community/gpt2"].where == str(folder)


def test_folders_and_files_of_the_models_folder_are_listed(paths: Paths, environ: dict[str, str]) -> None:
    mine = write_files(paths.models / "mine", model_files(chat=True))
    deeper = write_files(paths.models / "maker" / "small", model_files())
    write_files(paths.models, {"tiny.gguf": gguf_bytes(), "notes.txt": b"", ".DS_Store": b""})
    entries = by_ref(paths, environ)
    assert entries[str(mine)].source == "folder"
    assert entries[str(mine)].kind == "instruct"
    assert entries[str(deeper)].name == "small"
    assert entries[str(paths.models / "tiny.gguf")].source == "gguf"
    assert len([entry for entry in entries.values() if entry.here]) == 3 + 1


def test_remembered_references_are_listed_while_they_exist(
    paths: Paths, environ: dict[str, str], tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "elsewhere", model_files())
    entries = by_ref(paths, environ, str(folder), "/gone/model", "run:old", "gpt2", "gone.gguf")
    assert entries[str(folder)].usable
    assert not any("gone" in ref for ref in entries)


def test_a_download_that_was_cut_short_is_listed_as_such(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    files = model_files()
    del files["model.safetensors"]
    cache_model(cache, "gpt2", files)
    write_files(cache / "models--gpt2" / "blobs", {"0" * 64 + ".incomplete": b"123"})
    entry = by_ref(paths, environ)["gpt2"]
    assert entry.here
    assert entry.resumable
    assert not entry.usable
    assert "cut short" in entry.fault


def test_a_pickle_in_the_cache_is_listed_with_its_fault(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    files = model_files()
    files["pytorch_model.bin"] = files.pop("model.safetensors")
    cache_model(cache, "owner/old", files)
    entry = by_ref(paths, environ)["owner/old"]
    assert not entry.usable
    assert "pytorch_model.bin" in entry.fault
    with pytest.raises(Refused):
        resolve("owner/old", paths=paths, environ=environ)


def test_gguf_files_of_the_cache_are_listed_one_by_one(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    cache_model(cache, "owner/name", {"a.gguf": gguf_bytes(), "b.gguf": gguf_bytes()[:40]})
    entries = by_ref(paths, environ)
    assert entries["owner/name/a.gguf"].usable
    assert not entries["owner/name/b.gguf"].usable
    assert "owner/name" not in entries


def test_an_older_snapshot_that_is_whole_serves_while_a_newer_is_not(
    paths: Paths, environ: dict[str, str], cache: Path
) -> None:
    old = cache_model(cache, "owner/name", model_files(), commit="a" * 40)
    cache_model(cache, "owner/name", {"config.json": b"{}"}, commit="b" * 40)
    assert by_ref(paths, environ)["owner/name"].where == str(old)
    assert resolve("owner/name", paths=paths, environ=environ).folder == old


def test_a_link_to_nowhere_in_the_cache_is_no_model(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    folder = cache_model(cache, "owner/name", model_files())
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("../../blobs/gone")
    assert not by_ref(paths, environ)["owner/name"].usable


def test_everything_that_is_listed_as_usable_resolves(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    cache_model(cache, "gpt2", model_files())
    cache_model(cache, "owner/broken", {"config.json": b"{}"})
    cache_model(cache, "owner/files", {"a.gguf": gguf_bytes()})
    write_files(paths.models / "mine", model_files())
    write_files(paths.models / "half", {"config.json": b"{}"})
    write_files(paths.models, {"tiny.gguf": gguf_bytes()})
    usable = [entry.ref for entry in list_models(paths, environ) if entry.usable]
    assert len(usable) == 4 + 1
    for ref in usable:
        assert resolve(ref, paths=paths, environ=environ).folder.is_dir()


def test_the_cache_is_where_the_hubs_library_has_it(home: Path) -> None:
    assert find_hub_cache({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}) == Path("/a")
    assert find_hub_cache({"HF_HOME": "/b"}) == Path("/b/hub")
    assert find_hub_cache({"XDG_CACHE_HOME": "/c"}) == Path("/c/huggingface/hub")
    assert find_hub_cache({}) == home / ".cache" / "huggingface" / "hub"


def test_deleting_gives_the_space_back(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    files = model_files()
    cache_model(cache, "openai-community/gpt2", files)
    assert delete("gpt2", paths, environ) >= sum(map(len, files.values()))
    assert list(cache.glob("models--*")) == []
    with pytest.raises(ModelNotFound, match="gpt2 is not here"):
        delete("gpt2", paths, environ)


def test_one_gguf_file_of_several_can_be_deleted(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    cache_model(cache, "owner/name", {"a.gguf": gguf_bytes(), "b.gguf": gguf_bytes()})
    assert delete("owner/name/a.gguf", paths, environ) == len(gguf_bytes())
    assert list(by_ref(paths, environ))[:2] == ["starter", "owner/name/b.gguf"]


def test_the_converted_copy_of_a_gguf_file_goes_with_it(paths: Paths, environ: dict[str, str], cache: Path) -> None:
    mine = write_files(paths.models, {"tiny.gguf": gguf_bytes()}) / "tiny.gguf"
    cached = cache_model(cache, "owner/name", {"a.gguf": gguf_bytes()}) / "a.gguf"
    for file in (mine, cached):
        write_files(paths.converted / f"{file.stem}-{path_key(file)}-0123", {"model.safetensors": b"1234567"})
    other = write_files(paths.converted / "tiny-ffffffffffff-0123", {"model.safetensors": b""})
    assert delete("tiny.gguf", paths, environ) == len(gguf_bytes()) + 7
    assert delete("owner/name", paths, environ) >= len(gguf_bytes()) + 7
    assert list(paths.converted.iterdir()) == [other]


def test_models_of_the_models_folder_can_be_deleted(paths: Paths, environ: dict[str, str]) -> None:
    write_files(paths.models / "mine", model_files())
    write_files(paths.models, {"tiny.gguf": gguf_bytes()})
    assert delete("mine", paths, environ) > 0
    assert delete("tiny.gguf", paths, environ) == len(gguf_bytes())
    assert list(paths.models.iterdir()) == []


def test_a_users_own_folder_is_never_deleted(paths: Paths, environ: dict[str, str], tmp_path: Path) -> None:
    folder = write_files(tmp_path / "mine", model_files())
    with pytest.raises(Refused, match="folder of your own"):
        delete(str(folder), paths, environ)
    paths.models.mkdir(parents=True)
    (paths.models / "link").symlink_to(folder)
    assert delete("link", paths, environ) == 0
    assert list(paths.models.iterdir()) == []
    assert (folder / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("typed", "meant"), [("gpt-2", "gpt2"), ("GPT2-XL", "gpt2-xl"), ("smollm2-135m", "HuggingFaceTB/SmolLM2-135M")]
)
def test_close_matches_come_closest_first(typed: str, meant: str) -> None:
    assert close_matches(typed)[0] == meant
    assert close_matches("zzzzzz") == ()


def test_a_model_that_may_not_be_read_is_listed_with_its_fault_beside_the_others(
    paths: Paths, environ: dict[str, str], cache: Path, close: Close, tmp_path: Path
) -> None:
    mine = write_files(paths.models / "mine", model_files())
    private = write_files(paths.models / "private", model_files())
    maker = write_files(paths.models / "maker" / "deep", model_files())
    elsewhere = write_files(tmp_path / "elsewhere", model_files())
    snapshot = cache_model(cache, "gpt2", model_files())
    cached = cache_model(cache, "distilgpt2", model_files())
    close(private, maker, elsewhere, snapshot)
    entries = by_ref(paths, environ, str(elsewhere))
    assert entries[str(mine)].usable
    assert entries["distilgpt2"].where == str(cached)
    assert entries["distilgpt2"].usable
    for ref in (str(private), str(maker), str(elsewhere), "gpt2"):
        assert not entries[ref].usable
        assert "Permission denied" in entries[ref].fault


def test_a_cache_or_models_folder_that_may_not_be_read_leaves_the_rest(
    paths: Paths, environ: dict[str, str], cache: Path, close: Close
) -> None:
    write_files(paths.models / "mine", model_files())
    cache_model(cache, "gpt2", model_files())
    cache_model(cache, "distilgpt2", model_files())
    close(paths.models, cache / "models--gpt2")
    entries = by_ref(paths, environ)
    assert entries["distilgpt2"].usable
    assert "Permission denied" in entries["gpt2"].fault


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), None),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_a_run_that_goes_or_may_not_be_read_does_not_end_the_list(
    paths: Paths, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: OSError, fault: str | None
) -> None:
    mine = write_files(paths.models / "mine", model_files())
    final = write_files(paths.runs / "first" / "final", model_files())
    (paths.runs / "first" / "plan.json").write_text("{}")
    assert by_ref(paths, environ)["run:first"].size_bytes > 0
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        if path == final / "model.safetensors":
            raise error
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    entries = by_ref(paths, environ)
    assert entries[str(mine)].usable
    assert ("run:first" in entries) == (fault is not None)
    assert fault is None or fault in entries["run:first"].fault


def test_a_run_of_somebody_else_does_not_end_the_list(paths: Paths, environ: dict[str, str], close: Close) -> None:
    for name in ("first", "theirs"):
        write_files(paths.runs / name / "final", model_files())
        (paths.runs / name / "plan.json").write_text("{}")
    close(paths.runs / "theirs")
    assert by_ref(paths, environ)["run:first"].usable
