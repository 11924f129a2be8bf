from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from engine.cli.models import progress_line
from engine.memory import Memory, save_memory
from engine.models import Progress
from engine.models.catalogue import OFFERS
from engine.paths import Paths
from tests.engine.cli.conftest import Command, finish, start
from tests.fakes.hub import FakeHub, Repo
from tests.fakes.models import PARAMETERS, cache_model, gguf_bytes, model_files, write_files

NAME = "owner/tiny"
BIG = {"wte.weight": (500, 200)}


@pytest.fixture
def cache(home: Path) -> Path:
    return home / "huggingface" / "hub"


def until_half_is_on_disk(repo: Repo, cache: Path, half: int) -> None:
    deadline = time.monotonic() + 60
    while not any(partial.stat().st_size >= half for partial in cache.rglob("*.incomplete")):
        assert time.monotonic() < deadline, "the download did not get half-way"
        threading.Event().wait(0.02)


def test_list_shows_what_is_here_first(command: Command, cache: Path) -> None:
    cache_model(cache, NAME, model_files())
    result = command("models", "list")
    lines = result.out.splitlines()
    assert result.code == 0
    assert lines[0].split()[:2] == ["MODEL", "STATE"]
    assert lines[1].split()[:2] == ["starter", "here"]
    assert lines[2].split()[:2] == [NAME, "here"]
    assert lines[3].split()[:2] == [OFFERS[0].ref, "online"]
    assert result.err == ""


def test_list_has_what_was_opened_elsewhere(command: Command, paths: Paths, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "mine", model_files())
    save_memory(paths.memory_file, Memory(recent_models=(str(folder),)))
    result = command("models", "list")
    assert str(folder) in result.out
    assert "models get" not in result.err


def test_list_with_nothing_here_says_how_to_get_something(command: Command) -> None:
    result = command("models", "list")
    assert "models get" in result.err
    assert len(result.out.splitlines()) == 1 + 1 + len(OFFERS)


def test_list_as_json_is_one_object_a_line(command: Command, cache: Path) -> None:
    cache_model(cache, NAME, model_files())
    starter, first, *others = command("models", "list", "--json").json_lines
    assert (starter["ref"], starter["here"]) == ("starter", True)
    assert (first["ref"], first["here"], first["parameters"]) == (NAME, True, PARAMETERS)
    assert [other["here"] for other in others] == [False] * len(OFFERS)


def test_show_tells_the_facts(command: Command, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "mine", model_files(chat=True))
    result = command("models", "show", str(folder))
    assert result.code == 0
    for words in ("mine", "gpt2", "instruct", f"{PARAMETERS:,}", "64 tokens", str(folder)):
        assert words in result.out
    file = write_files(tmp_path, {"x.gguf": gguf_bytes()}) / "x.gguf"
    assert command("models", "show", str(file), "--json").json["context_tokens"] == 256


def test_show_of_something_unknown_ends_with_3(command: Command) -> None:
    result = command("models", "show", "gtp2")
    assert result.code == 3
    assert "gpt2" in result.err
    assert result.out == ""


def test_show_of_a_pickle_says_so(command: Command, tmp_path: Path) -> None:
    files = model_files()
    files["pytorch_model.bin"] = files.pop("model.safetensors")
    result = command("models", "show", str(write_files(tmp_path / "old", files)))
    assert result.code == 0
    assert "pytorch_model.bin" in result.out


def test_get_of_what_is_here_says_where(command: Command, cache: Path) -> None:
    folder = cache_model(cache, NAME, model_files())
    result = command("models", "get", NAME)
    assert (result.code, result.out) == (0, f"{folder}\n")
    assert "already" in result.err


def test_get_of_a_pickle_ends_with_4_and_an_object_for_scripts(command: Command, tmp_path: Path) -> None:
    files = model_files()
    files["pytorch_model.bin"] = files.pop("model.safetensors")
    result = command("models", "get", str(write_files(tmp_path / "old", files)), "--json")
    assert result.code == 4
    assert result.json["error"]["code"] == "refused"
    assert "save_pretrained" in result.json["error"]["hint"]


def test_get_while_offline_is_told(command: Command) -> None:
    result = command("models", "get", "gpt2")
    assert result.code == 1
    assert "HF_HUB_OFFLINE" in result.err


@pytest.mark.slow
def test_get_downloads_with_narration_on_stderr(hub: FakeHub, cache: Path) -> None:
    hub.repos[NAME] = Repo(model_files(weights=BIG))
    result = finish(start(["models", "get", NAME], HF_ENDPOINT=hub.endpoint))
    assert result.code == 0, result.err
    assert Path(result.out.strip()).is_relative_to(cache)
    assert "400 kB (100%)" in result.err
    assert "\r" not in result.err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_keeps_what_came_and_the_next_get_goes_on(hub: FakeHub, cache: Path) -> None:
    files = model_files(weights=BIG)
    half = len(files["model.safetensors"]) // 2
    repo = hub.repos[NAME] = Repo(files, trickle=threading.Event())
    process = start(["models", "get", NAME], HF_ENDPOINT=hub.endpoint)
    until_half_is_on_disk(repo, cache, half)
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert result.code == 130
    assert "kept" in result.err
    assert "Traceback" not in result.err

    assert repo.trickle is not None
    repo.trickle.set()
    hub.forget()
    assert finish(start(["models", "get", NAME], HF_ENDPOINT=hub.endpoint)).code == 0
    assert hub.starts == [("model.safetensors", half)]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_download_leaves_nothing_that_could_be_loaded(hub: FakeHub, cache: Path, command: Command) -> None:
    files = model_files(weights=BIG)
    repo = hub.repos[NAME] = Repo(files, trickle=threading.Event())
    process = start(["models", "get", NAME], HF_ENDPOINT=hub.endpoint)
    until_half_is_on_disk(repo, cache, len(files["model.safetensors"]) // 2)
    process.kill()
    finish(process)
    entries = {entry["ref"]: entry for entry in command("models", "list", "--json").json_lines}
    assert entries[NAME]["resumable"]
    assert entries[NAME]["fault"]


def test_delete_asks_unless_it_is_told_not_to(command: Command, cache: Path) -> None:
    cache_model(cache, NAME, model_files())
    assert command("models", "delete", NAME).code == 4
    assert list(cache.glob("models--*"))
    result = command("models", "delete", NAME, "--yes")
    assert result.code == 0
    assert "free again" in result.err
    assert not list(cache.glob("models--*"))
    assert command("models", "delete", NAME, "--yes").code == 3


def test_delete_leaves_a_users_own_folder_alone(command: Command, tmp_path: Path, paths: Paths) -> None:
    folder = write_files(tmp_path / "mine", model_files())
    assert command("models", "delete", str(folder), "--yes").code == 4
    assert folder.is_dir()


def test_a_line_of_progress_has_all_the_figures() -> None:
    progress = Progress(
        stage="downloading",
        file="model.safetensors",
        done_bytes=120_000_000,
        total_bytes=548_000_000,
        bytes_per_s=5_100_000,
        eta_s=84,
    )
    assert progress_line(progress) == "model.safetensors  120 MB of 548 MB (21%)  5.1 MB/s  1 min 24 s left"
    assert progress_line(Progress(stage="finding")) == "Looking…"


def test_a_folder_whose_name_is_no_text_is_listed_and_refused_in_words(command: Command, paths: Paths) -> None:
    paths.models.mkdir(parents=True)
    write_files(Path(os.fsdecode(os.fsencode(paths.models) + b"/bad\xff")), model_files())
    listed = command("models", "list", "--json")
    assert listed.code == 0
    (bad,) = [entry for entry in listed.json_lines if entry["name"] == "bad⟨U+DCFF⟩"]
    assert "not UTF-8 text" in bad["fault"]
    for verb in ("show", "get", "delete"):
        result = command("models", verb, "bad\udcff", *(["-y"] if verb == "delete" else []))
        assert result.code == 2
        assert "bad⟨U+DCFF⟩ is not UTF-8 text" in result.err
