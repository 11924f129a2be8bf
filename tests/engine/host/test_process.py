"""The host as a process, before any model: pipes, log and end. Without torch, as nothing waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import wire
from engine.protocol import (
    PROTOCOL_VERSION,
    CountTokens,
    Failed,
    Generate,
    GenerationFinished,
    Hello,
    LoadModel,
    ModelUnloaded,
    Prompt,
    Shutdown,
    UnknownEvent,
    UnloadModel,
)
from tests.engine.test_client import PLAIN

DEADLINE_S = 30.0
Host = subprocess.Popen[bytes]


def run_python(code: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-c", code], check=False, capture_output=True, timeout=DEADLINE_S, **options
    )


@pytest.fixture
def host() -> Iterator[Host]:
    """A host whose libraries are never imported, so that it starts at once and stays light."""
    code = "import engine.host.__main__ as host; host._import_libraries = lambda imported: None; host.main()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-P", "-c", code], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        yield process
        process.kill()


def say(host: Host, line: bytes) -> None:
    assert host.stdin is not None
    host.stdin.write(line)
    host.stdin.flush()


def hear(host: Host) -> Any:
    assert host.stdout is not None
    return wire.decode_event(host.stdout.readline())


def test_it_greets_first(host: Host) -> None:
    hello = hear(host)
    assert isinstance(hello, Hello)
    assert (hello.pid, hello.protocol) == (host.pid, PROTOCOL_VERSION)


def test_it_greets_before_anything_heavy_is_imported() -> None:
    code = "import engine.host.__main__, sys; print(sorted({'torch', 'transformers', 'jinja2'} & set(sys.modules)))"
    assert run_python(code).stdout.strip() == b"[]"


def test_it_ends_when_its_stdin_closes(host: Host) -> None:
    hear(host)
    assert host.stdin is not None
    host.stdin.close()
    assert host.wait(DEADLINE_S) == 0


def test_it_ends_when_told(host: Host) -> None:
    hear(host)
    say(host, wire.encode(Shutdown(id=1)))
    assert host.wait(DEADLINE_S) == 0


def test_it_ends_when_nobody_reads_any_more(host: Host) -> None:
    hear(host)
    assert host.stdout is not None
    host.stdout.close()
    say(host, b"{}\n")
    assert host.wait(DEADLINE_S) == 0


def test_ctrl_c_in_the_terminal_does_not_end_it(host: Host) -> None:
    hear(host)
    os.kill(host.pid, signal.SIGINT)
    say(host, b'{"type":"UnloadModel","id":4}\n')
    assert hear(host).id == 4


def test_a_line_that_it_does_not_understand_is_answered_with_its_id(host: Host) -> None:
    hear(host)
    for line, request_id in (
        (b'{"type":"Dance","id":7}\n', 7),
        (b"not json\n", 0),
        (b'{"type":"Generate","id":8}\n', 8),
    ):
        say(host, line)
        answer = hear(host)
        assert isinstance(answer, Failed)
        assert (answer.id, answer.code) == (request_id, "misuse")


def test_broken_text_and_endless_nesting_are_answered_and_it_goes_on(host: Host) -> None:
    hear(host)
    for line in (
        b'{"type":"LoadModel","id":7,"ref":"\xff"}\n',
        b'{"type":"Dance","id":8,"to":' + b"[" * 200_000 + b"\n",
    ):
        say(host, line)
        answer = hear(host)
        assert isinstance(answer, Failed)
        assert answer.code == "misuse"
    say(host, wire.encode(UnloadModel(id=9)))
    assert hear(host).id == 9


def test_a_file_whose_name_is_no_text_is_told_and_the_next_load_is_answered(host: Host, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type":"gpt2"}')
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xff.bin")).touch()
    hear(host)
    for request_id, ref, code in ((1, str(tmp_path), "refused"), (2, "/nonexistent", "model-not-found")):
        say(host, wire.encode(LoadModel(id=request_id, ref=ref)))
        while not isinstance(answer := hear(host), Failed):
            assert answer.id == request_id
        assert (answer.id, answer.code) == (request_id, code)
        assert request_id == 2 or "w⟨U+DCFF⟩.bin" in answer.title


def test_commands_may_come_in_pieces_and_many_at_once(host: Host) -> None:
    hear(host)
    say(host, b'{"type":"CountTo')
    count = wire.encode(CountTokens(id=1, prompt=Prompt(template=PLAIN, turns=())))
    say(host, count.removeprefix(b'{"type":"CountTo') + b'\n\n{"type":"Dance","id":2}\n')
    assert {hear(host).id, hear(host).id} == {1, 2}


def test_without_a_model_it_says_so(host: Host) -> None:
    hear(host)
    prompt = Prompt(template=PLAIN, turns=())
    for command in (Generate(id=1, prompt=prompt), CountTokens(id=2, prompt=prompt)):
        say(host, wire.encode(command))
        answer = hear(host)
        assert isinstance(answer, Failed)
        assert (answer.id, answer.code) == (command.id, "no-model")
        assert answer.hint
    assert not isinstance(answer, GenerationFinished | ModelUnloaded | UnknownEvent)


def test_what_a_library_prints_or_reads_does_not_touch_the_protocol() -> None:
    code = (
        "import engine.host.__main__ as host, os, sys\n"
        "commands, events = host._take_over_pipes()\n"
        "print('noise'); sys.stdout.flush(); os.system('echo more noise'); assert sys.stdin.read() == ''\n"
        "os.write(events, os.read(commands, 100))\n"
    )
    result = run_python(code, input=b"a command")
    assert result.stdout == b"a command"
    assert result.stderr.splitlines() == [b"noise", b"more noise"]


def test_the_log_can_say_anything() -> None:
    code = (
        "import engine.host.__main__ as host, logging, warnings\n"
        "host._set_up_log()\n"
        "logging.getLogger('x').warning('caf\\u00e9 \\ud800'); warnings.warn('old')\n"
    )
    result = run_python(code, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    lines = result.stderr.decode("ascii").splitlines()
    assert lines[0] == r"WARNING: x: caf\xe9 \ud800"
    assert "old" in lines[1]
