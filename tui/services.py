"""What the program is made of before there is a screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from engine.client import HostClient
from engine.memory import Memory
from engine.paths import Paths
from engine.settings import Settings
from engine.templates import Library

if TYPE_CHECKING:
    from engine.corpus.client import DataProcess
    from engine.lab import LabRunner, LabStore


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's parts that the screen works with, and the two clocks."""

    paths: Paths
    settings: Settings
    memory: Memory
    library: Library
    client: HostClient
    environ: Mapping[str, str]
    clock: Callable[[], float] = time.monotonic
    """Seconds that only go forward, for intervals."""
    now: Callable[[], float] = time.time
    """Seconds since the epoch, for dates."""
    settings_fault: str = ""
    """What is wrong with config.toml, in words; the defaults are in use then."""
    lab_client: Callable[[], HostClient] | None = None
    """Makes the client of the lab's own model host; None makes that of the real one, in the background."""
    guest_client: Callable[[Mapping[str, str]], HostClient] | None = None
    """Makes the client of the tour's model host in that environment; None makes that of the real one."""
    data_argv: tuple[str, ...] = ()
    """The command of the process that reads data; empty is the real one."""

    def read_data(self) -> DataProcess:
        """Start the process that reads data.

        Raises:
            OSError: It can't be started.
        """
        from engine.corpus.client import DataProcess

        return DataProcess(self.paths.log / "data.log", self.environ, self.data_argv)

    def lab_runner(self, store: LabStore) -> LabRunner:
        """Make what fills the lab's tables; nothing is started yet."""
        from engine.lab import LabRunner

        return LabRunner(store, self.paths, make_client=self.background_client, environ=self.environ)

    def background_client(self) -> HostClient:
        """A client of another model host, which lets every other program go first; nothing is started yet."""
        from engine.client import HOST_ARGV
        from engine.lab.lab_host import BACKGROUND

        if self.lab_client is not None:
            return self.lab_client()
        return HostClient(argv=(*HOST_ARGV, BACKGROUND), env=dict(self.environ))
