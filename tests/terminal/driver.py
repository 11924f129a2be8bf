"""A program on a pseudo-terminal, driven as a person would."""

from __future__ import annotations

import bisect
import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.terminal.escapes import digestible, split_incomplete, split_unfinished_frame
from tests.terminal.keys import key_bytes

_LEFT_OUT = ("NO_COLOR", "COLUMNS", "LINES", "TERM_PROGRAM", "TMUX", "TEXTUAL")
_ANSWERS = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",  # frames are wrapped, so a screen is never read half painted
    b"\x1b[c": b"\x1b[?62;22c",
}


class Terminal:
    """A pseudo-terminal with one program on it. A context manager: leaving it ends the program.

    A thread reads whatever the program writes, so that it never blocks on a full pipe. All waits have a
    deadline and fail with the screen in the message. The environment is this process's, so the `home` fixture
    holds for the program too.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        columns: int = 100,
        lines: int = 30,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start the command; `env` adds to the environment."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._undrawn = ""
        self._drawn_bytes = 0
        self._raw = bytearray()
        self._arrivals: list[tuple[float, int]] = []
        self._ended = False
        self._news = threading.Condition()
        self._master, slave = pty.openpty()
        self._set_size(columns, lines)
        self.started_at = time.monotonic()
        # The shell opens the terminal by name in a new session, which makes it the controlling terminal.
        name = os.ttyname(slave)
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>"$0"', name, *map(str, command)],
            start_new_session=True,
            env=_environment(env or {}),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
        )
        # Open until the program has opened it for itself: a terminal without a user reads as ended.
        self._slave: int | None = slave
        self._hang_up_asked, self._hang_up = os.pipe()  # a terminal that somebody reads from does not close
        self._reader = threading.Thread(target=self._read, name="pseudo-terminal", daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait_for_the_process, name="pseudo-terminal-wait", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    @property
    def raw(self) -> bytes:
        """All that the program has written so far."""
        with self._news:
            return bytes(self._raw)

    def screen(self) -> str:
        """The text on the screen, one line for each row, without trailing spaces."""
        with self._news:
            return self._draw()

    def title(self) -> str:
        """The size of the screen and the state of the program, for messages."""
        state = "runs" if self._process.poll() is None else f"ended with {self._process.returncode}"
        return f"{self._screen.columns}x{self._screen.lines}, the program {state}"

    def type(self, text: str) -> None:
        """Type text as it is, a newline as Enter."""
        self.send(text.replace("\n", "\r").encode())

    def paste(self, text: str) -> None:
        """Paste text, as a terminal with bracketed paste does."""
        self.send(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def press(self, *keys: str) -> None:
        """Press keys by Textual's names, one after the other: `enter`, `ctrl+p`, `alt+left`."""
        self.send(b"".join(map(key_bytes, keys)))

    def click(self, column: int, line: int) -> None:
        """Click the cell; both count from 0."""
        place = f"{column + 1};{line + 1}"
        self.send(f"\x1b[<0;{place}M\x1b[<0;{place}m".encode())

    def click_on(self, text: str, timeout_s: float = 20) -> None:
        """Wait for the text, then click its first character, where it is on the screen first.

        Rows with wide characters before the text are off by as many cells.
        """
        rows = self.wait_for(text, timeout_s).splitlines()
        line = next(number for number, row in enumerate(rows) if text in row)
        self.click(rows[line].find(text), line)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._master, view) :]

    def wait_for(self, wanted: str | Callable[[str], bool], timeout_s: float = 20) -> str:
        """Wait until the screen has the text, or until the predicate of the screen's text holds.

        Returns:
            The screen's text at that moment.

        Raises:
            AssertionError: It did not come in time, or the program ended first; the message has the screen.
        """
        holds = (lambda screen: wanted in screen) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + timeout_s
        with self._news:
            while True:
                screen = self._draw()
                if holds(screen):
                    return screen
                left_s = deadline - time.monotonic()
                if self._ended or left_s <= 0:
                    break
                self._news.wait(left_s)
        name = repr(wanted) if isinstance(wanted, str) else getattr(wanted, "__name__", "the predicate")
        raise AssertionError(self._report(f"waited {timeout_s:g} s for {name}"))

    def wait_until_gone(self, text: str, timeout_s: float = 20) -> str:
        """Wait until the screen does not have the text any more."""
        return self.wait_for(lambda screen: text not in screen, timeout_s)

    def wait_for_raw(self, wanted: bytes, timeout_s: float = 20, *, start: int = 0) -> float:
        """Wait until the bytes were written; those before `start` don't count.

        Returns:
            When the last of them came, in seconds after the program was started.

        Raises:
            AssertionError: They did not come in time.
        """
        deadline = time.monotonic() + timeout_s
        with self._news:
            while (at := self._raw.find(wanted, start)) < 0:
                left_s = deadline - time.monotonic()
                if self._ended or left_s <= 0:
                    raise AssertionError(self._report(f"waited {timeout_s:g} s for the bytes {wanted!r}"))
                self._news.wait(left_s)
            end = at + len(wanted)
            return self._arrived_at(end)

    def written_bytes(self) -> int:
        """How much the program has written so far."""
        with self._news:
            return len(self._raw)

    def arrivals_of(self, wanted: bytes, *, start: int = 0) -> list[float]:
        """When each occurrence of the bytes came, in seconds after the program was started."""
        with self._news:
            ends = [match.end() for match in re.finditer(re.escape(wanted), memoryview(self._raw)[start:])]
            return [self._arrived_at(start + end) for end in ends]

    def _arrived_at(self, size: int) -> float:
        """When so many bytes were there."""
        arrival = self._arrivals[bisect.bisect_left(self._arrivals, size, key=lambda each: each[1])]
        return arrival[0] - self.started_at

    def wait_for_exit(self, timeout_s: float = 20) -> int:
        """Wait until the program has ended and all its output is read; give its exit code."""
        with self._news:
            if not self._news.wait_for(lambda: self._ended, timeout_s):
                raise AssertionError(self._report(f"waited {timeout_s:g} s for the end of the program"))
        return self._process.wait(timeout=timeout_s)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size; the program gets the signal for it. What is outside the new size is cut off."""
        with self._news:
            self._draw()
            _cut(self._screen, columns, lines)
            self._set_size(columns, lines)

    def kill(self, signal_number: int = signal.SIGKILL) -> None:
        """Send a signal to the program, not to its children."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal_number)

    def hang_up(self) -> None:
        """Take the terminal away from the program, as closing its window or losing the connection does."""
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None
        os.write(self._hang_up, b"x")
        self._reader.join(timeout=5)
        os.close(self._master)
        self._master = -1

    def wait_for_end(self, timeout_s: float = 20) -> int:
        """Wait until the program's process has ended, also without a terminal; give its exit code."""
        return self._process.wait(timeout=timeout_s)

    def close(self) -> None:
        """End the program, its process group too, and take the terminal away."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(timeout=5)
        for descriptor in (self._master, self._hang_up_asked, self._hang_up):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._hang_up_asked], [], [])
            try:
                chunk = os.read(self._master, 65536) if self._hang_up_asked not in ready else b""
            except OSError:  # Linux says "input/output error" for "all have closed it"
                chunk = b""
            now = time.monotonic()
            with self._news:
                self._raw += chunk
                self._arrivals.append((now, len(self._raw)))
                self._ended = not chunk
                self._news.notify_all()
            if not chunk:
                return
            for question, answer in _ANSWERS.items():
                if question in chunk:
                    with contextlib.suppress(OSError):
                        self.send(answer)

    def _wait_for_the_process(self) -> None:
        self._process.wait()
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None

    def _draw(self) -> str:
        new = self._decoder.decode(bytes(self._raw[self._drawn_bytes :]))
        self._drawn_bytes = len(self._raw)
        complete, self._undrawn = split_incomplete(self._undrawn + new)
        if not self._ended:
            complete, unfinished = split_unfinished_frame(complete)
            self._undrawn = unfinished + self._undrawn
        self._stream.feed(digestible(complete))
        return "\n".join(row.rstrip() for row in self._screen.display)

    def _report(self, problem: str) -> str:
        frame = "\n".join(f"  |{row}" for row in self.screen().rstrip().splitlines())
        return f"{problem} ({self.title()}); the screen:\n{frame}"


def _cut(screen: pyte.Screen, columns: int, lines: int) -> None:
    """Resize from the bottom and the right, as terminals do; pyte's own way takes lines from the top."""
    for line in range(lines, screen.lines):
        screen.buffer.pop(line, None)
    for row in screen.buffer.values():
        for column in range(columns, screen.columns):
            row.pop(column, None)
    screen.lines, screen.columns = lines, columns
    screen.set_margins()
    screen.cursor.x, screen.cursor.y = min(screen.cursor.x, columns - 1), min(screen.cursor.y, lines - 1)


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"} | dict(extra)
