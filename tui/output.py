"""What is painted on its way to the terminal, also to one that is gone."""

from __future__ import annotations

import contextlib

from textual.drivers._writer_thread import WriterThread


class Output(WriterThread):
    """Goes on taking what is written once nobody reads it any more.

    Textual's own ends there, and after thirty frames more the program waits for ever for room in its queue: it could
    not be closed, and was left behind without a terminal.
    """

    def run(self) -> None:
        """Write all, up to the end or until the terminal is closed."""
        gone = False
        while (text := self._queue.get()) is not None:
            if gone:
                continue
            try:
                self._file.write(text)
                if self._queue.empty():
                    self._file.flush()
            except OSError:
                gone = True
        with contextlib.suppress(OSError):
            self._file.flush()


def install() -> None:
    """Have the terminal's driver use it, which has no other place to say so."""
    from textual.drivers import linux_driver

    linux_driver.WriterThread = Output  # type: ignore[attr-defined]
