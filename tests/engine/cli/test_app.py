from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import __version__
from engine.cli import app as cli
from engine.cli.reporting import guard
from engine.errors import Failed, ModelNotFound, Refused
from engine.paths import Paths
from tui import launcher


def opened(*arguments: str) -> tuple[int, list[tuple[str, str, str]]]:
    calls: list[tuple[str, str, str]] = []

    def open_screen(model: str, template: str, run: str) -> int:
        calls.append((model, template, run))
        return 0

    return cli.main(arguments, open_screen), calls


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_without_a_command_the_screen_opens() -> None:
    assert opened() == (0, [("", "", "")])
    assert opened("--model", "gpt2", "--template", "story") == (0, [("gpt2", "story", "")])
    assert opened("--run", "mine") == (0, [("", "", "mine")])


def test_the_exit_code_of_the_screen_is_the_commands() -> None:
    assert cli.main(["--model", "x"], lambda *_: 7) == 7


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert opened("--version") == (0, [])
    assert capsys.readouterr().out == f"tunesmith {__version__}\n"


def test_an_unknown_command_is_misuse_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    code, calls = opened("modles")
    assert (code, calls) == (2, [])
    assert "Did you mean 'models'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_of_the_table_has_a_help_page(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert opened(name, "--help")[0] == 0
    assert f"Usage: tunesmith {name}" in capsys.readouterr().out


def test_help_loads_nothing_slow() -> None:
    code = """
import sys
from tui.launcher import main
for arguments in (["--help"], ["models", "--help"], ["modles"], ["--version"]):
    main(arguments)
slow = {"rich", "textual", "torch", "transformers", "numpy", "huggingface_hub", "asyncio", "jinja2"}
assert not slow & set(sys.modules), slow & set(sys.modules)
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_help_takes_little_longer_than_its_library_does() -> None:
    def fastest(code: str) -> float:
        times = []
        for _ in range(3):
            started = time.perf_counter()
            assert python(code).returncode == 0
            times.append(time.perf_counter() - started)
        return min(times)

    ours = fastest("from tui.launcher import main; main(['--help'])")
    assert ours < 4 * fastest("import typer")


def test_the_bare_command_opens_the_screen_without_the_command_line_library() -> None:
    code = """
import sys, types
app = types.ModuleType("tui.app")
app.run = lambda **options: print(options) or 5
sys.modules["tui.app"] = app
from tui.launcher import main
code = main([])
assert "typer" not in sys.modules
sys.exit(code)
"""
    result = python(code)
    assert result.returncode == 5, result.stderr
    assert result.stdout.strip() == "{'model': '', 'template': '', 'run': ''}"


def test_the_launcher_hands_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str, str]] = []

    def open_screen(model: str, template: str, run: str) -> int:
        calls.append((model, template, run))
        return 0

    monkeypatch.setattr(launcher, "_open_screen", open_screen)
    assert launcher.main(["--model", "gpt2"]) == 0
    assert calls == [("gpt2", "", "")]


@pytest.mark.parametrize(
    ("error", "code"), [(Failed("It broke", "Mend it"), 1), (ModelNotFound("No gpt5", ""), 3), (Refused("No", "x"), 4)]
)
def test_an_error_is_words_and_an_exit_code(error: Failed, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise error

    assert guard(fail) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0] == f"{error.title}."
    assert guard(fail, as_json=True) == code
    expected = {"error": {"code": error.code, "title": error.title, "hint": error.hint}}
    assert json.loads(capsys.readouterr().out) == expected


def test_controls_in_an_error_are_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise Failed("\x1b[2J\u202eboo")

    guard(fail)
    assert capsys.readouterr().err == "␛[2J⟨U+202E⟩boo.\n"


def test_an_error_of_ours_is_one_sentence_and_its_traceback_is_in_the_log(
    capsys: pytest.CaptureFixture[str], paths: Paths
) -> None:
    def fail() -> int:
        raise KeyError("secret detail")

    assert guard(fail) == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert str(paths.log) in err
    assert "KeyError: 'secret detail'" in (paths.log / "tunesmith.log").read_text()


def test_an_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    assert guard(interrupt) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="pipes end in another way there")
def test_a_reader_that_goes_away_is_met_with_silence(home: Path) -> None:
    program = "from tui.launcher import main; import sys; sys.exit(main(['models', 'list', '--json']))"
    process = subprocess.Popen([sys.executable, "-P", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(30) == 1
