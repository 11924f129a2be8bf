"""A program with a lab in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.display import visible_line
from tests.fakes.models import model_files
from tests.tui.conftest import Program
from tui.lab_bench import LabBench
from tui.screens.lab import LabScreen
from tui.state.lab_cells import face, head_lines
from tui.widgets.form_row import FormRow

REVIEWS = tuple((f"The film number {number} is {('dull', 'great')[number % 2]}", number % 2) for number in range(6))


@pytest.fixture
def model(tmp_path: Path) -> str:
    folder = tmp_path / "small"
    folder.mkdir()
    for name, content in model_files().items():
        (folder / name).write_bytes(content)
    return str(folder)


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    file = tmp_path / "reviews.jsonl"
    file.write_text("".join(f'{{"text": "{text}", "label": {label}}}\n' for text, label in REVIEWS))
    return file


class Lab:
    """The lab under test, as a person meets it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.press = program.pilot.press
        self.until = program.until

    @property
    def screen(self) -> LabScreen:
        screen = self.program.app.screen
        assert isinstance(screen, LabScreen), f"the {type(screen).__name__} is shown"
        return screen

    @property
    def bench(self) -> LabBench:
        assert self.program.screen.lab is not None
        return self.program.screen.lab

    async def shown(self, name: str) -> Any:
        """Wait for a screen by the name of its class."""
        app = self.program.app
        await self.until(lambda: type(app.screen).__name__ == name and app.screen.children, f"the {name}")
        await self.program.pilot.pause()
        return app.screen

    async def open(self) -> None:
        await self.program.ready()
        await self.press("alt+l")
        await self.shown("LabScreen")

    async def take_file(self, file: Path, **texts: str) -> None:
        await self.press("f")
        form = await self.shown("SetupForm")
        for name, text in {"file": str(file), **texts}.items():
            form.query_one(f"#row-{name}", FormRow).text = text
        await self.program.pilot.pause()
        await self.press("ctrl+s")
        await self.shown("LabScreen")

    async def type_row(self, text: str, reference: str = "") -> None:
        await self.press("a")
        form = await self.shown("RowForm")
        form.query_one("TextArea").text = text
        form.query_one("#row-reference").value = reference
        await self.press("ctrl+s")
        await self.shown("LabScreen")

    async def finish(self) -> None:
        await self.until(lambda: self.bench.view.phase in ("finished", "failed"), "the end of the run")

    def words(self, row: int, column: int) -> str:
        found = face(self.bench.view, row, column)
        return " ".join(part for part in (found.sign, found.verdict, found.words) if part)

    def head(self, column: int) -> list[str]:
        return [words for words, _ in head_lines(self.bench.view, column)]

    def said(self) -> str:
        """What the screen says around the table, as text."""
        parts = (self.screen.query_one(f"#lab-{name}") for name in ("head", "empty", "foot", "legend"))
        return "\n".join(str(part.render()) for part in parts)

    def drawn(self) -> str:
        """The table as it is drawn."""
        grid = self.screen.grid
        return "\n".join(grid.render_line(y).text.rstrip() for y in range(grid.size.height))

    def notices(self) -> str:
        return visible_line("\n".join(notice.message for notice in self.program.app._notifications))


@pytest.fixture
def start_lab(start: Callable[..., Any], model: str) -> Callable[..., Any]:
    """`async with start_lab(reply="Hi") as lab:` opens the lab over a chat with a small model."""

    @asynccontextmanager
    async def opened(*, is_open: bool = True, **options: object) -> AsyncIterator[Lab]:
        async with start(model=model, **options) as program:
            lab = Lab(program)
            if is_open:
                await lab.open()
            yield lab

    return opened
