"""What the tour stands on: a home of its own, which is gone when the tour is left."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.client import HostClient
from engine.errors import Cancelled, Failed
from engine.memory import Memory
from engine.paths import find_paths
from engine.protocol import SamplingChange
from engine.runs import RunFolder, bring, create, start
from engine.templates import Library
from engine.tour import end_at_once, guest_home, lesson_plan, write_template
from tui.services import Services

RUN_NAME = "tour"
"""What the run is called, on the tour and where it is kept."""


class TourDesk:
    """The parts of the engine in a guest's home, and the lesson. Its methods block: they are not for the event loop."""

    def __init__(self, host: Services, *, theme: str = "") -> None:
        """Make a home.

        Args:
            host: The program's own parts, whose settings hold on the tour as far as they don't change what is said.
            theme: dark or light.

        Raises:
            Failed: There is no place for it.
        """
        self._home_runs = host.paths.runs
        self._stack = contextlib.ExitStack()
        self._trainers: list[tuple[RunFolder, int]] = []
        self._starting = threading.Lock()
        self._is_closed = False
        try:
            self.environ: Mapping[str, str] = self._stack.enter_context(guest_home(host.environ))
            paths = find_paths(self.environ)
            write_template(paths.templates)
        except OSError as error:
            self._stack.close()
            words = f"The tour's folder can't be written: {error.strerror or error}"
            raise Failed(words, "Free some space, or set TMPDIR to a folder that you may write to") from error
        self.run = RunFolder(paths.runs / RUN_NAME)
        self.services = msgspec.structs.replace(
            host,
            paths=paths,
            settings=msgspec.structs.replace(host.settings, sampling=SamplingChange(), template="", model=""),
            memory=Memory(theme=theme, sidebar_folded=True),
            library=Library(paths.templates),
            client=host.guest_client(self.environ) if host.guest_client else HostClient(env=dict(self.environ)),
            environ=self.environ,
            settings_fault="",
        )

    def begin_lesson(self) -> None:
        """Start the fine-tune on the lesson; returns when its trainer is up.

        Raises:
            TunesmithError: It can't be started.
        """
        with self._starting:
            if not self._is_closed and not self.run.plan_file.is_file():
                create(self.run.path.parent, lesson_plan(), RUN_NAME)
        self.start_trainer(self.run)

    def start_trainer(self, run: RunFolder) -> int:
        """Start the trainer of a run of this home.

        Raises:
            TunesmithError: It can't be started.
        """
        with self._starting:
            if self._is_closed:
                raise Cancelled("The tour is over")
            pid = start(run, environ=self.environ)
            self._trainers.append((run, pid))
            return pid

    def keep(self) -> str:
        """Copy the run into the home that stays.

        Returns:
            What it is called there.

        Raises:
            TunesmithError: It could not be copied.
        """
        return bring(self.run, self._home_runs).name

    def close(self) -> None:
        """End what is at work here, and take everything away; a trainer that is being started is waited for."""
        with self._starting:
            self._is_closed = True
            for run, pid in self._trainers:
                end_at_once(run, pid)
            self._stack.close()

    @property
    def folder(self) -> Path:
        """The home, which is gone after `close`."""
        return Path(self.environ["TUNESMITH_HOME"])
