"""Ways to bring a run to the screen, and to wait for what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.memory import Memory
from tests.tui.conftest import Program
from tui.screens.run import RunScreen
from tui.screens.runs_dialog import RunsDialog
from tui.state.run import RunView
from tui.widgets.curve_view import CurveView

Start = Callable[..., Any]
SHOWN = Memory(dock_shown=True)


def on_screen(program: Program) -> str:
    return "\n".join(strip.text.rstrip() for strip in program.app.screen._compositor.render_strips())


async def until_shown(program: Program, *words: str) -> None:
    """Wait until all of the words are on the screen; where they are not, fail with what is there."""
    try:
        await program.until(lambda: all(word in on_screen(program) for word in words))
    except AssertionError:
        raise AssertionError(f"waited in vain for {words} on\n{on_screen(program)}") from None


async def until_told(program: Program, words: str) -> None:
    """Wait for something that is said in passing."""
    await program.until(lambda: any(words in told.message for told in program.app._notifications), words)


def view(program: Program) -> RunView:
    assert program.screen.run_view is not None
    return program.screen.run_view


async def attached(program: Program, name: str = "first") -> None:
    await program.until(lambda: program.screen.run_view and view(program).name == name, f"the run {name}")


async def opened(program: Program) -> RunScreen:
    """Open the training screen."""
    await attached(program)
    await program.pilot.press("f7")
    await program.until(lambda: isinstance(program.app.screen, RunScreen), "the training screen")
    screen = program.app.screen
    assert isinstance(screen, RunScreen)
    await program.until(lambda: screen.query_one(CurveView).drawing.last_step, "the curve")
    return screen


def cursor_of(screen: RunScreen) -> int | None:
    return screen.lens.cursor


async def listed(program: Program) -> RunsDialog:
    await program.pilot.press("f8")
    await program.until(lambda: isinstance(program.app.screen, RunsDialog), "the list")
    dialog = program.app.screen
    assert isinstance(dialog, RunsDialog)
    await program.until(lambda: dialog._runs is not None, "the runs")
    return dialog
