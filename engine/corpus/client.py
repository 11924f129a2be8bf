"""Starts the process that reads data, asks it, and takes its answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from engine.corpus.messages import (
    AnyDataAnswer,
    AnyDataCommand,
    ColumnsNamed,
    DataFailed,
    DataOpened,
    RowsShown,
    Surveyed,
    decode_data_answer,
    encode_message,
)
from engine.errors import HostDied, TunesmithError

_END_S = 5.0


class DataProcess:
    """The process, for one caller: a command's answers are all taken before the next command is given.

    To end a command early from another thread, `tell` it to cancel.
    """

    def __init__(self, log: Path, environ: Mapping[str, str] = os.environ, argv: Sequence[str] = ()) -> None:
        """Start it.

        Args:
            log: A file that takes what libraries print.
            environ: TUNESMITH_HOME and the settings of the hub.
            argv: The command; empty is the real one.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                list(argv) or [sys.executable, "-P", "-m", "engine.data"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=dict(environ),
            )

    def __enter__(self) -> DataProcess:
        """Use it, and end it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def tell(self, command: AnyDataCommand) -> None:
        """Give a command."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode_message(command))
            self._process.stdin.flush()
        except OSError as error:
            raise self._died() from error

    def ask(self, command: AnyDataCommand) -> Iterator[AnyDataAnswer]:
        """Give a command and take its answers, up to the last one.

        Raises:
            TunesmithError: What was told by `DataFailed`.
            HostDied: The process has ended.
        """
        self.tell(command)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                answer = decode_data_answer(line)
            except msgspec.DecodeError:
                continue
            if answer.id != command.id:
                continue
            if isinstance(answer, DataFailed):
                raise error_of(answer)
            yield answer
            if isinstance(answer, DataOpened | ColumnsNamed | RowsShown | Surveyed):
                return
        raise self._died()

    def close(self) -> None:
        """End the process; it has nothing to save."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _died(self) -> HostDied:
        code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        return HostDied(f"The process that reads data ended unasked, {how}", f"The details may be in {self._log}")


def error_of(answer: DataFailed) -> TunesmithError:
    """The error that an answer tells of."""
    pending = [TunesmithError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if kind.code == answer.code:
            error = kind.__new__(kind)
            TunesmithError.__init__(error, answer.title, answer.hint)
            return error
    return TunesmithError(answer.title, answer.hint)
