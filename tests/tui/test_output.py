"""A terminal that goes away takes no program with it."""

from __future__ import annotations

import io

from tui.output import Output

DEADLINE_S = 10.0


class Closed(io.StringIO):
    """What a terminal is after it was closed."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def write(self, text: str) -> int:
        if not self.left:
            raise OSError(5, "Input/output error")
        self.left -= 1
        return super().write(text)


class ClosedAtTheEnd(io.StringIO):
    """One that was closed between the last frame and its flush."""

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_closes_with_the_last_frame_holds_nobody_up() -> None:
    output = Output(ClosedAtTheEnd())
    output._queue.put("frame")
    output._queue.put(None)  # before the thread begins: the frame is not flushed before the end is read
    output.start()
    output.join(DEADLINE_S)
    assert not output.is_alive()


def test_all_is_written_in_order() -> None:
    file = io.StringIO()
    output = Output(file)
    output.start()
    for number in range(100):
        output.write(f"{number} ")
    output.stop()
    assert file.getvalue().split() == [str(number) for number in range(100)]


def test_a_closed_terminal_holds_nobody_up() -> None:
    output = Output(Closed(after=2))
    output.start()
    for _ in range(200):
        output._queue.put("frame", timeout=DEADLINE_S)
    output._queue.put(None, timeout=DEADLINE_S)
    output.join(DEADLINE_S)
    assert not output.is_alive()
