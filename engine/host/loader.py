"""Loading models: one at a time, on a thread that a cancel leaves behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import TYPE_CHECKING

from engine.errors import Cancelled
from engine.host.lanes import Job
from engine.models import LocalModel, Progress, resolve
from engine.paths import Paths
from engine.protocol import AnyEvent, LoadModel, LoadProgress, LoadStage, ModelReady, ModelUnloaded, UnloadModel

if TYPE_CHECKING:
    from engine.inference.loading import LoadedModel

_POLL_S = 0.05


class Loader:
    """Holds the current model."""

    def __init__(self, paths: Paths, imported: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without a model.

        Args:
            paths: The program's folders.
            imported: Set when torch is imported, or can't be.
            clock: Seconds that only go forward.
        """
        self.current: LoadedModel | None = None
        self._paths = paths
        self._imported = imported
        self._clock = clock
        self._left_behind: threading.Thread | None = None

    def handle(self, job: Job) -> Iterator[AnyEvent]:
        """Do a `LoadModel` or an `UnloadModel`."""
        if isinstance(job.command, LoadModel):
            yield from self._load(job, job.command)
        elif isinstance(job.command, UnloadModel):
            self._drop()
            yield ModelUnloaded(id=job.command.id)

    def _load(self, job: Job, command: LoadModel) -> Iterator[AnyEvent]:
        started_s = self._clock()
        work = _Work(command, self._paths, self._imported, self._make_room)
        yield from self._wait_for_the_one_left_behind(job, command)
        thread = threading.Thread(target=work.run, args=(job.cancelled,), name="load", daemon=True)
        had_model = self.current is not None  # the thread may drop it as soon as it runs
        thread.start()
        try:
            while (event := work.next_event(job.cancelled)) is not None:
                yield event
            loaded = work.result()
        except GeneratorExit:  # nobody hears how it ends
            job.cancelled.set()
            self._left_behind = thread
            raise
        except BaseException as error:
            if isinstance(error, Cancelled):
                self._left_behind = thread
            if had_model and self.current is None:
                yield ModelUnloaded(id=0)
            raise
        self.current = loaded
        _give_memory_back()
        yield ModelReady(id=command.id, model=loaded.info, seconds=self._clock() - started_s)

    def _wait_for_the_one_left_behind(self, job: Job, command: LoadModel) -> Iterator[AnyEvent]:
        """A cancelled load goes on until its next step; two at once could fill the memory."""
        if self._left_behind is None or not self._left_behind.is_alive():
            return
        yield LoadProgress(id=command.id, stage="finding")
        while self._left_behind.is_alive():
            self._left_behind.join(_POLL_S)
            if job.cancelled.is_set():
                raise Cancelled("Loading was cancelled")
        self._left_behind = None

    def _make_room(self, needed_bytes: int, device: str) -> None:
        """Drop the current model where the new one would not fit beside it."""
        from engine.inference.runtime import free_memory_bytes, pick_device

        if self.current is not None and needed_bytes > free_memory_bytes(pick_device(device)):
            self._drop()

    def _drop(self) -> None:
        if self.current is not None:
            # A running reply may still hold it; its memory goes with the last reference.
            self.current = None
            _give_memory_back()


class _Work:
    """One load: runs on its own thread and hands its events over."""

    def __init__(
        self, command: LoadModel, paths: Paths, imported: threading.Event, make_room: Callable[[int, str], None]
    ) -> None:
        self._loaded: LoadedModel | None = None
        self._error: BaseException | None = None
        self._command = command
        self._paths = paths
        self._imported = imported
        self._make_room = make_room
        self._events: SimpleQueue[AnyEvent | None] = SimpleQueue()

    def next_event(self, cancelled: threading.Event) -> AnyEvent | None:
        """Wait for progress; None at the end.

        Raises:
            Cancelled: The job was cancelled; the thread finds its own way out.
        """
        from queue import Empty

        while not cancelled.is_set():
            try:
                return self._events.get(timeout=_POLL_S)
            except Empty:
                continue
        raise Cancelled("Loading was cancelled")

    def run(self, cancelled: threading.Event) -> None:
        """Do it."""
        try:
            loaded = self._load(cancelled)
            if not cancelled.is_set():
                self._loaded = loaded
        except BaseException as error:
            self._error = error
        finally:
            self._events.put(None)

    def result(self) -> LoadedModel:
        """The model, after the last event; it is handed over once.

        Raises:
            BaseException: Whatever went wrong.
        """
        loaded, self._loaded = self._loaded, None
        if loaded is None:
            raise self._error or Cancelled("Loading was cancelled")
        return loaded

    def _load(self, cancelled: threading.Event) -> LoadedModel:
        local = resolve(
            self._command.ref, paths=self._paths, on_progress=self._report_files, cancelled=cancelled.is_set
        )
        self._wait_for_imports(cancelled)
        from engine.inference.loading import load

        if cancelled.is_set():
            raise Cancelled("Loading was cancelled")
        self._make_room(_needed_bytes(local, self._command), self._command.device)
        return load(
            local,
            paths=self._paths,
            device=self._command.device,
            dtype=self._command.dtype,
            threads=self._command.threads,
            batched=self._command.batched,
            on_stage=self._report,
            cancelled=cancelled.is_set,
        )

    def _wait_for_imports(self, cancelled: threading.Event) -> None:
        if not self._imported.is_set():
            self._report("importing")
        while not self._imported.wait(_POLL_S):
            if cancelled.is_set():
                raise Cancelled("Loading was cancelled")

    def _report(self, stage: LoadStage) -> None:
        self._events.put(LoadProgress(id=self._command.id, stage=stage))

    def _report_files(self, progress: Progress) -> None:
        self._events.put(
            LoadProgress(
                id=self._command.id,
                stage=progress.stage,
                file=progress.file,
                done_bytes=progress.done_bytes,
                total_bytes=progress.total_bytes,
                bytes_per_s=progress.bytes_per_s,
                eta_s=progress.eta_s,
            )
        )


def _needed_bytes(local: LocalModel, command: LoadModel) -> int:
    """What the weights will take in memory, with a little to work with."""
    from engine.inference.runtime import pick_device, pick_dtype
    from engine.models.folder import inspect_folder
    from engine.models.gguf_file import inspect_gguf

    report = inspect_gguf(local.gguf_file) if local.gguf_file is not None else inspect_folder(local.folder)
    device = pick_device(command.device)
    item_bytes = pick_dtype(command.dtype, device).itemsize
    if command.batched and device.type == "cpu":
        item_bytes = max(item_bytes, 4)  # batches are computed in float32 there
    return int(report.facts.parameters * item_bytes * 1.2)


def _give_memory_back() -> None:
    from engine.inference.runtime import give_memory_back

    give_memory_back()
