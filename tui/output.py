"""What is painted on its way to the terminal, also to one that is gone."""

from __future__ import annotations

from textual.drivers._writer_thread import WriterThread


class Output(WriterThread):
    """Goes on taking what is written once nobody reads it any more.

    Textual's own ends there, and after thirty frames more the program waits for ever for room in its queue: it could
    not be closed, and was left behind without a terminal.
    """

    def run(self) -> None:
        """Write all, up to the end or until the terminal is closed."""
        try:
            super().run()
        except OSError:
            while self._queue.get() is not None:
                pass


def install() -> None:
    """Have the terminal's driver use it, which has no other place to say so."""
    from textual.drivers import linux_driver

    linux_driver.WriterThread = Output  # type: ignore[attr-defined]
