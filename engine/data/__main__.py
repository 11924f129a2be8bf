"""The process that reads data for a person to look at: `python -P -m engine.data`.

Commands come on stdin, answers go to stdout, the log to stderr; see `engine.corpus.messages`. It ends with its stdin.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from engine.corpus.messages import (
    AnyDataAnswer,
    AnyDataCommand,
    CancelData,
    ColumnsNamed,
    DataFailed,
    DataOpened,
    Fetching,
    NameColumns,
    OpenData,
    RowsShown,
    ShowRows,
    SurveyData,
    Surveyed,
    SurveyProgress,
    decode_data_command,
    encode_message,
)
from engine.data.inspection import counted, views
from engine.data.pipeline import Pipeline, build, columns_of
from engine.errors import Cancelled, Failed, Misuse, TunesmithError
from engine.models.records import Cancelled as IsCancelled
from engine.models.records import OnProgress, Progress
from engine.paths import Paths, find_paths

Answer = Callable[[AnyDataAnswer], None]
_QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
_MAX_ROWS = 1000
"""So many rows are shown at once."""


class Inspector:
    """One open data set, and what is asked about it."""

    def __init__(self, paths: Paths, answer: Answer) -> None:
        """Begin with nothing open."""
        self._paths = paths
        self._answer = answer
        self._pipeline: Pipeline | None = None
        self._tokenizer: Any = None
        self._tokenizers: dict[str, Any] = {}
        self.cancelled: set[int] = set()

    def do(self, command: AnyDataCommand) -> None:
        """Carry out a command, whatever comes of it."""
        try:
            self._do(command)
        except TunesmithError as error:
            self._answer(DataFailed(id=command.id, code=error.code, title=error.title, hint=error.hint))
        except Exception as error:
            traceback.print_exc()
            what = Failed(f"The data can't be shown: {type(error).__name__}", "The log has the details")
            self._answer(DataFailed(id=command.id, code=what.code, title=what.title, hint=what.hint))

    def _do(self, command: AnyDataCommand) -> None:
        if self._is_cancelled(command.id):
            raise Cancelled("Reading the data was cancelled")
        match command:
            case OpenData():
                self._open(command)
            case NameColumns(spec=spec):
                self._answer(ColumnsNamed(id=command.id, present=columns_of(spec)))
            case ShowRows():
                count = min(command.count, _MAX_ROWS)
                rows = views(self._opened(), self._tokenizer, max(1, command.first), count)
                self._answer(RowsShown(id=command.id, rows=rows))
            case SurveyData():
                report = counted(
                    self._opened(),
                    lambda rows: self._answer(SurveyProgress(id=command.id, rows=rows)),
                    lambda: self._is_cancelled(command.id),
                )
                self._answer(Surveyed(id=command.id, report=report))
            case CancelData():
                return

    def _open(self, command: OpenData) -> None:
        self._pipeline = None
        self._tokenizer = self._read_tokenizer(command) if command.model else None
        self._pipeline = build(
            command.spec,
            self._tokenizer,
            max_length=command.max_length,
            on_fetch=lambda progress: self._fetching(command.id, "data", progress),
            cancelled=lambda: self._is_cancelled(command.id),
        )
        self._answer(
            DataOpened(
                id=command.id,
                name=self._pipeline.source.name,
                columns=self._pipeline.columns,
                template=self._pipeline.template,
            )
        )

    def _read_tokenizer(self, command: OpenData) -> Any:
        model = command.model
        if model not in self._tokenizers:
            self._tokenizers[model] = read_tokenizer_of(
                model,
                self._paths,
                on_fetch=lambda progress: self._fetching(command.id, "model", progress),
                cancelled=lambda: self._is_cancelled(command.id),
            )
        return self._tokenizers[model]

    def _fetching(self, command: int, what: Literal["model", "data"], progress: Progress) -> None:
        # What is here already is found at once: nothing is told of that.
        if progress.stage != "finding":
            self._answer(Fetching(id=command, what=what, progress=progress))

    def _opened(self) -> Pipeline:
        if self._pipeline is None:
            raise Misuse("No data set is open", "Open one first")
        return self._pipeline

    def _is_cancelled(self, command: int) -> bool:
        return command in self.cancelled


def read_tokenizer_of(ref: str, paths: Paths, *, on_fetch: OnProgress, cancelled: IsCancelled) -> Any:
    """The tokenizer of a model, of which no weights are read; a hub model that is not here is downloaded.

    Raises:
        TunesmithError: There is no such model, or it has no tokenizer that can be read.
    """
    from engine.models import resolve

    local = resolve(ref, paths=paths, on_progress=on_fetch, cancelled=cancelled)
    folder = local.folder
    if local.gguf_file is not None:
        from engine.inference.conversion import as_safetensors

        folder = as_safetensors(local.gguf_file, paths.converted)
    from engine.inference.reading import read_tokenizer

    return read_tokenizer(folder, local.name)


def main() -> None:
    """Answer commands until stdin closes."""
    # Ctrl+C in a terminal goes to every process in it; the client decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # A library that prints reaches the log.
    os.dup2(2, 1)
    sys.stderr.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)

    def answer(message: AnyDataAnswer) -> None:
        answers.write(encode_message(message))
        answers.flush()

    inspector = Inspector(find_paths(), answer)
    waiting: queue.SimpleQueue[AnyDataCommand] = queue.SimpleQueue()

    def listen() -> None:
        for line in commands:
            try:
                command = decode_data_command(line)
            except msgspec.DecodeError as error:
                sys.stderr.write(f"not a command: {error}\n")
                continue
            if isinstance(command, CancelData):
                inspector.cancelled.add(command.target)
            else:
                waiting.put(command)
        # Nobody asks any more, and nothing has to be saved.
        os._exit(0)

    threading.Thread(target=listen, name="listen", daemon=True).start()
    while True:
        try:
            inspector.do(waiting.get())
        except BrokenPipeError:
            os._exit(0)


if __name__ == "__main__":
    main()
