from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.conversations.locks import try_lock
from engine.paths import Paths
from engine.replying import is_replying, told_as_replying


def test_nobody_replies_where_nobody_ever_did_and_looking_makes_nothing(paths: Paths) -> None:
    assert not is_replying(paths.replying_file)
    assert not paths.state.exists()


def test_a_reply_is_told_for_as_long_as_it_streams(paths: Paths) -> None:
    with told_as_replying(paths.replying_file):
        assert is_replying(paths.replying_file)
        assert is_replying(paths.replying_file)
    assert not is_replying(paths.replying_file)


def test_a_reply_that_fails_is_over(paths: Paths) -> None:
    with pytest.raises(ZeroDivisionError), told_as_replying(paths.replying_file):
        raise ZeroDivisionError
    assert not is_replying(paths.replying_file)


@pytest.mark.skipif(sys.platform == "win32", reason="a lock there is for one alone")
def test_two_replies_at_once_are_over_with_the_last(paths: Paths) -> None:
    with told_as_replying(paths.replying_file):
        with told_as_replying(paths.replying_file):
            assert is_replying(paths.replying_file)
        assert is_replying(paths.replying_file)
    assert not is_replying(paths.replying_file)


def test_who_looks_at_that_very_moment_does_not_keep_it_from_being_told(paths: Paths) -> None:
    paths.state.mkdir(parents=True)
    looking = os.open(paths.replying_file, os.O_RDWR | os.O_CREAT)
    assert try_lock(looking)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            os.close(looking)

    with told_as_replying(paths.replying_file, sleep=sleep):
        assert is_replying(paths.replying_file)
    assert len(waits) == 2


def test_a_reply_waits_for_no_lock(paths: Paths) -> None:
    paths.state.mkdir(parents=True)
    taken = os.open(paths.replying_file, os.O_RDWR | os.O_CREAT)
    assert try_lock(taken)
    waits: list[float] = []
    with told_as_replying(paths.replying_file, sleep=waits.append):
        assert 0 < sum(waits) < 0.05
    os.close(taken)


def test_where_the_file_can_not_be_made_nobody_replies(paths: Paths) -> None:
    paths.state.parent.mkdir(parents=True)
    paths.state.write_text("a file where the folder should be")
    with told_as_replying(paths.replying_file):
        assert not is_replying(paths.replying_file)


@pytest.mark.skipif(sys.platform == "win32", reason="flock is POSIX")
def test_where_the_file_system_knows_no_locks_nobody_replies(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with told_as_replying(paths.replying_file):
        assert paths.replying_file.exists()
        assert not is_replying(paths.replying_file)


def test_a_process_that_is_killed_replies_no_more(paths: Paths) -> None:
    with telling(paths.replying_file) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"told\n"
        assert is_replying(paths.replying_file)
        process.kill()
        process.wait(30)
        assert not is_replying(paths.replying_file)


def telling(file: Path) -> subprocess.Popen[bytes]:
    """A process that tells of a reply until it is ended."""
    code = """
import pathlib, sys
from engine.replying import told_as_replying
with told_as_replying(pathlib.Path(sys.argv[1])):
    print("told", flush=True)
    sys.stdin.read()
"""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-P", "-c", code, str(file)], stdin=pipe, stdout=pipe)
