"""`tunesmith generate` against the scripted host: what goes to stdout, what to stderr, and how it ends."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.cli.app import main
from engine.host_words import error_of
from engine.paths import Paths
from engine.protocol import Failed
from tests.fakes.host import STORY, fake_host

ROOT = Path(__file__).parents[3]
DEADLINE_S = 30.0
_CODE = """
import json, sys
import engine.client
engine.client.HOST_ARGV = json.loads(sys.argv.pop(1))
from engine.cli.app import main_without_screen
sys.exit(main_without_screen())
"""


class Result(msgspec.Struct):
    returncode: int
    stdout: bytes
    stderr: bytes


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command in this process."""

    def call(*arguments: str, stdin: bytes = b"", **fake: object) -> Result:
        monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(**fake))
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main(["generate", "--model", "tiny", *arguments], lambda *_: 2)
        return Result(code, *capfdbinary.readouterr())

    return call


def command(*arguments: str, **fake: object) -> list[str]:
    return [sys.executable, "-c", _CODE, json.dumps(fake_host(**fake)), "generate", "--model", "tiny", *arguments]


def environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TYPER_USE_RICH": "false"}


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    fake = options.pop("fake", {})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command(*arguments, **fake), stdin=subprocess.DEVNULL, env=environ(), **pipes)


def test_the_reply_goes_to_stdout_and_everything_else_to_stderr(run: Run) -> None:
    result = run("--prompt", "Once", "--seed", "5")
    assert result.returncode == 0
    assert result.stdout.decode() == STORY + "\n"
    told = result.stderr.decode()
    assert "tiny: 124M parameters" in told
    assert "tok/s" in told
    assert "seed 5" in told
    assert "\r" not in told


def test_json_prints_the_protocols_events_one_a_line(run: Run) -> None:
    result = run("--prompt", "Once", "--json")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds[-1] == "GenerationFinished"
    assert "ModelReady" in kinds
    assert "".join(event["text"] for event in events if event["type"] == "TokensEmitted") == STORY


def test_a_prompt_comes_from_stdin_whole(run: Run) -> None:
    result = run("--prompt", "-", stdin="naïve 😀\nsecond line\n".encode(), reply="[{prompt}]")
    assert result.stdout.decode() == "[naïve 😀\nsecond line]\n"
    assert run("--prompt", "-", stdin=b"\xff\xfe\xfa").returncode == 1


@pytest.mark.slow
def test_arguments_that_are_no_utf8_are_no_crash() -> None:
    result = subprocess.run(
        [*map(os.fsencode, command("--prompt", reply="[{prompt}]")), b"caf\xe9"],
        capture_output=True,
        check=False,
        timeout=DEADLINE_S,
        env=environ(),
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode() == "[caf�]\n"


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_prompt_begins_from_nothing_and_says_so(run: Run, empty: str) -> None:
    for arguments in (["--prompt", empty], ["--prompt", "-"]):
        result = run(*arguments, stdin=empty.encode())
        assert result.returncode == 0
        assert result.stdout.decode() == STORY + "\n"
        assert b"The prompt is empty: the model begins from nothing." in result.stderr
    assert b"is empty" not in run("--prompt", "x").stderr


@pytest.mark.parametrize("template", ["story", "chat", "own"])
def test_an_empty_prompt_is_refused_where_the_template_is_about_it(run: Run, template: str) -> None:
    result = run("--prompt", "", "--template", template, die_on_load=True)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"The prompt is empty, and the template" in result.stderr
    assert run("--prompt", "", kind="instruct").returncode == 2  # the model's own


def test_a_template_that_takes_no_message_needs_no_prompt(run: Run, paths: Paths) -> None:
    paths.templates.mkdir(parents=True)
    (paths.templates / "haiku.toml").write_text('body = "A haiku:"')
    result = run("--prompt", "", "--template", "haiku")
    assert (result.returncode, b"is empty" in result.stderr) == (0, False)


def test_a_reply_that_ends_its_line_gets_no_second_newline(run: Run) -> None:
    assert run("--prompt", "x", reply="done\n").stdout == b"done\n"


@pytest.mark.parametrize(
    ("arguments", "fake", "code"),
    [
        (("--prompt", "x", "--temperature", "-1"), {}, 2),
        (("--prompt", "x", "--template", "nosuch"), {}, 3),
        (("--prompt", "x", "--template", "story", "--var", "colour=red"), {}, 2),
        (("--prompt", "x", "--top-k", "many"), {}, 2),
        (("--prompt", "x"), {"fail_load": "model-not-found"}, 3),
        (("--prompt", "x"), {"fail_load": "refused"}, 4),
        (("--prompt", "x"), {"fail_load": "load-failed"}, 1),
        (("--prompt", "x"), {"fail_generate": "context-overflow"}, 1),
        (("--prompt", "x"), {"die_after": 2}, 1),
        (("--prompt", "x"), {"die_on_load": True}, 1),
    ],
)
def test_the_exit_code_tells_what_kind_of_error_it_was(
    run: Run, arguments: tuple[str, ...], fake: dict[str, Any], code: int
) -> None:
    result = run(*arguments, **fake)
    assert result.returncode == code
    assert result.stderr
    assert b"Traceback" not in result.stderr


def test_a_dead_host_leaves_the_partial_reply(run: Run) -> None:
    result = run("--prompt", "x", die_after=3)
    assert result.stdout == b"Once upon a\n"
    assert b"killed by SIGKILL" in result.stderr


def test_variables_and_template_reach_the_model(run: Run) -> None:
    result = run("--prompt", "x", "--template", "chat", "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout.splitlines()[-1])["type"] == "GenerationFinished"


@pytest.mark.slow
def test_ctrl_c_keeps_the_partial_reply_and_exits_with_130() -> None:
    with start("--prompt", "x", fake={"token_delay_s": 30}) as process:
        assert process.stdout is not None
        first = process.stdout.read(4)
        process.send_signal(signal.SIGINT)
        rest, told = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert first + rest == b"Once\n"
    assert b"Interrupted" in told
    assert b"Traceback" not in told


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    with start("--prompt", "x", "--max-new-tokens", "100000", fake={"tokens": 100000}) as process:
        assert process.stdout is not None
        process.stdout.read(4)
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()
        process.wait(DEADLINE_S)
    assert b"Traceback" not in told
    assert b"BrokenPipe" not in told


@pytest.mark.slow
def test_on_a_terminal_nothing_that_drives_it_comes_through() -> None:
    ours, theirs = pty.openpty()
    with start("--prompt", "x", stdout=theirs, stderr=theirs, fake={"reply": "a\x1b]52;c;AAAA\x07b\u202ec"}) as process:
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 4096):
                seen += chunk
        except OSError:  # the other end is closed
            pass
        process.wait(DEADLINE_S)
    os.close(ours)
    text = seen.decode()
    assert "a␛]52;c;AAAA␇b⟨U+202E⟩c" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("model-not-found", 3), ("refused", 4), ("misuse", 2), ("cancelled", 130), ("host-died", 1), ("no-model", 1)],
)
def test_events_that_tell_of_an_error_have_its_exit_code(code: str, exit_code: int) -> None:
    error = error_of(Failed(id=1, code=code, title="It failed", hint="Try again"))
    assert (error.code, error.exit_code, str(error)) == (code, exit_code, "It failed. Try again")


def test_a_model_whose_name_is_no_text_is_refused_in_words(run: Run) -> None:
    result = run("--prompt", "hi", "--model", "bad\udcff")
    assert result.returncode == 2
    assert "bad⟨U+DCFF⟩ is not UTF-8 text" in result.stderr.decode()


@pytest.mark.parametrize("option", ["--device", "--dtype"])
def test_bytes_that_are_no_text_elsewhere_reach_the_host_as_something_else(run: Run, option: str) -> None:
    result = run("--prompt", "hi", option, "cp\udcff")
    assert result.returncode == 0
    assert result.stdout.decode().strip() == STORY.strip()
