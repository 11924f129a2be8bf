from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from engine.cli.checks import Check, examine
from engine.paths import Paths
from engine.thread_counts import ThreadCount, remember_thread_count
from tests.engine.cli.conftest import Command
from tests.fakes.models import cache_model, model_files, write_files


@pytest.fixture(autouse=True)
def torch_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing the real one takes seconds."""
    monkeypatch.setattr("engine.cli.checks.check_first_token", lambda *_: ())  # which has tests of its own
    set_torch(monkeypatch, b'noise\n{"devices": ["cpu", "cuda:0 (Fast)"]}\n')


def set_torch(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> None:
    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        assert "-P" in command
        if isinstance(answer, Exception):
            raise answer
        return subprocess.CompletedProcess(command, 0, answer, b"")

    monkeypatch.setattr(subprocess, "run", run)


def look(paths: Paths, **environ: str) -> dict[str, Check]:
    return {check.name: check for check in examine(paths, {"TERM": "xterm-256color", **environ})}


def test_a_sound_installation_is_told_as_such(command: Command) -> None:
    result = command("doctor")
    assert result.code == 0
    assert "cuda:0 (Fast)" in result.out
    assert metadata.version("torch") in result.out
    assert "✗" not in result.out


def test_the_threads_that_were_found_to_help_are_told(paths: Paths) -> None:
    assert look(paths)["threads"].found == "1 for small models; large ones are measured"
    count = ThreadCount(threads=2, tokens_per_s={"1": 30.5, "2": 44.0})
    remember_thread_count(paths.threads_file, "float32, 67 to 134M parameters", count)
    found = look(paths)["threads"].found
    assert found == "2 for float32, 67 to 134M parameters; tokens a second: 30.5 with 1, 44.0 with 2"


def test_as_json_it_is_one_object(command: Command) -> None:
    report = command("doctor", "--json").json
    assert report["ok"] is True
    assert {"group", "name", "state", "found", "hint"} == set(report["checks"][0])


def test_a_torch_that_can_not_be_imported_is_broken(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    error = subprocess.CalledProcessError(1, "python", stderr=b"Traceback\nImportError: libcudart.so is missing")
    set_torch(monkeypatch, error)
    result = command("doctor")
    assert result.code == 1
    assert "libcudart.so is missing" in result.out
    assert "Broken: 1" in result.err


def test_a_torch_that_does_not_answer_is_a_warning(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    set_torch(monkeypatch, subprocess.TimeoutExpired("python", 60))
    assert look(paths)["torch"].state in ("ok", "warning")
    assert [check.state for check in examine(paths, {}) if "did not answer" in check.found] == ["warning"]


def test_a_missing_library_is_broken(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name in ("gguf", "peft", "numba"):
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    found = look(paths)
    assert (found["gguf"].state, found["peft"].state, found["msgspec"].state) == ("broken", "warning", "ok")
    assert "install" in found["gguf"].hint.lower()
    assert found["numba"].hint == "int8, as well as training in bfloat16, needs it: install Tunesmith again"


def test_a_folder_that_can_not_be_made_is_broken(paths: Paths) -> None:
    paths.data.parent.mkdir(parents=True)
    paths.data.write_text("a file where the folder should be")
    check = look(paths)["data"]
    assert check.state == "broken"
    assert "TUNESMITH_HOME" in check.hint


def test_nothing_is_made_by_looking(paths: Paths, home: Path) -> None:
    examine(paths, {"HF_HOME": str(home / "huggingface")})
    assert not paths.config.parent.exists()
    assert not (home / "huggingface").exists()


def test_faults_in_the_users_files_are_told(paths: Paths) -> None:
    write_files(paths.config, {"config.toml": b"theme = 3\n"})
    write_files(paths.templates, {"bad.toml": b"name = \n"})
    found = look(paths)
    assert found["settings"].state == "warning"
    assert found["template"].state == "warning"
    assert "bad.toml:1: " in found["template"].found


def test_models_and_the_ways_to_get_them_are_told(paths: Paths, home: Path) -> None:
    cache_model(home / "huggingface" / "hub", "gpt2", model_files())
    found = look(paths, HF_HOME=str(home / "huggingface"), HF_HUB_OFFLINE="1", HF_TOKEN="secret")
    assert found["here"].found == "2 models"
    assert "HF_HUB_OFFLINE" in found["downloads"].found
    assert found["HF_TOKEN"].found == "set"
    assert look(paths, HF_ENDPOINT="http://mirror")["downloads"].found == "from http://mirror"


@pytest.mark.parametrize(
    ("environ", "copies", "colours"),
    [
        ({"TERM": "xterm-kitty", "COLORTERM": "truecolor"}, "OSC 52: yes", "16 million"),
        ({"TERM_PROGRAM": "Apple_Terminal", "TERM": "xterm-256color"}, "OSC 52: no", "256"),
        ({"TERM": "screen", "TMUX": "/tmp/x"}, "OSC 52: inside tmux only with `set -g set-clipboard on`", "perhaps 16"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "OSC 52: perhaps", "none, as NO_COLOR is set"),
    ],
)
def test_the_terminal_is_guessed_from_its_name(
    paths: Paths, environ: dict[str, str], copies: str, colours: str
) -> None:
    found = look(paths, PATH="", **environ)
    assert found["copy by terminal"].found == copies
    assert found["colours"].found == colours
    assert found["clipboard tool"].state == ("ok" if copies.endswith("yes") else "warning")


def test_no_terminal_is_a_warning(paths: Paths) -> None:
    assert look(paths, TERM="dumb")["TERM"].state == "warning"


def test_each_fault_of_the_settings_has_a_line_of_its_own(command: Command, paths: Paths) -> None:
    write_files(paths.config, {"config.toml": b"theme = 3\nzzz = 1\n"})
    lines = [line.strip() for line in command("doctor").out.splitlines()]
    assert any(line.startswith("line 1: theme") for line in lines)
    assert any(line.startswith('line 2: "zzz"') for line in lines)
