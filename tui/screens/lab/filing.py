"""Labs and files: open, save, start anew."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual import work

from engine.display import visible_line
from engine.errors import TunesmithError
from engine.figures import plural
from engine.lab.export import export_file, format_of
from engine.lab.spec import read_spec
from engine.lab.store import LabEntry
from engine.lab.table import Table
from engine.lab.writing import write_spec
from engine.paths import current_folder
from engine.templates import Library
from tui.screens.lab.base import LabBase
from tui.state.lab_draft import Draft, own_rows, unlike


class LabFiling(LabBase):
    """Where labs come from and go to."""

    async def action_lab_new(self) -> None:
        """Begin another lab."""
        draft = self.home.new_draft()
        try:
            names = [entry.name for entry in await asyncio.to_thread(self.bench.store.list)]
        except TunesmithError:
            names = []
        self._turn_to(draft.with_lab(name=unlike(draft.lab.name, [*names, self.bench.draft.lab.name])))

    @work(group="open", exclusive=True)
    async def action_lab_open(self) -> None:
        """Open a lab from before, or a spec file."""
        from tui.screens.lab.open_dialog import OpenLab

        await self.bench.settle()
        try:
            entries = await asyncio.to_thread(self.bench.store.list)
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return
        now_s = self.home.services.now()
        self.app.push_screen(OpenLab(entries, self.bench.draft.lab.name, now_s, self._delete), self._open)

    async def _delete(self, name: str) -> list[LabEntry]:
        store = self.bench.store
        try:
            await asyncio.to_thread(store.delete, name)
            return await asyncio.to_thread(store.list)
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return []

    def _open(self, what: str | None) -> None:
        kind, _, name = (what or "").partition(":")
        if kind == "file":
            self.open_spec(name)
        elif kind == "name":
            self.open_named(name)

    @work(group="spec", exclusive=True)
    async def open_named(self, name: str) -> None:
        """Open the lab of a name."""
        try:
            lab = await asyncio.to_thread(self.bench.store.load, name)
        except TunesmithError as error:
            self.notice(str(error), error=True)
        else:
            self._turn_to(own_rows(lab))

    @work(group="spec", exclusive=True)
    async def open_spec(self, path: str) -> None:
        """Open a spec file."""
        try:
            read = await asyncio.to_thread(_load, path, self.home.services.library)
            draft = await self.bench.with_free_name(read)
        except TunesmithError as error:
            self.notice(str(error), error=True)
        else:
            self._turn_to(draft)
            name, free = read.lab.name, draft.lab.name
            but = f' as "{free}": another lab is called "{name}"' if free != name else ""
            self.notice(f"Opened {visible_line(path + but)}")

    def _turn_to(self, draft: Draft) -> None:
        self.bench.replace(draft)
        self.home.remember_lab(draft.lab.name)
        self.grid.go_to(0, 0)
        self.draw()

    def action_lab_export(self) -> None:
        """Ask where to write the table."""
        from tui.screens.line_prompt import LinePrompt

        if not self.bench.draft.can_run:
            self.notice("There is no table yet: a lab needs a row and a column")
            return
        prompt = LinePrompt(
            "Export the table, as far as it is filled",
            value=str(current_folder() / f"{file_stem(self.bench.draft.lab.name)}.md"),
            hint="A name that ends in .csv is for a spreadsheet, in .json has everything, in .md is to read",
            validate=_export_fault,
        )
        self.app.push_screen(prompt, self._export)

    def _export(self, path: str | None) -> None:
        if path:
            self.run_worker(self._write_table(path), group="export", exclusive=True)

    async def _write_table(self, path: str) -> None:
        try:
            await asyncio.to_thread(_export, self.bench.view.table, path)
        except TunesmithError as error:
            self.notice(str(error), error=True)
        else:
            self.notice(f"Written to {visible_line(path)}")

    def action_lab_save(self) -> None:
        """Ask where to write the spec."""
        from tui.screens.line_prompt import LinePrompt

        if not self.bench.draft.can_run:
            self.notice("There is nothing to save yet: a lab needs a row and a column")
            return
        prompt = LinePrompt(
            "Save what is compared as a spec file",
            value=str(current_folder() / f"{file_stem(self.bench.draft.lab.name)}.toml"),
            hint="`tunesmith lab run FILE` computes the same; templates that are in no library go beside it",
            validate=_save_fault,
        )
        self.app.push_screen(prompt, self._save)

    def _save(self, path: str | None) -> None:
        if path:
            self.run_worker(self._write(path), group="spec", exclusive=True)

    async def _write(self, path: str) -> None:
        try:
            files = await asyncio.to_thread(_write, self.bench.draft, path, self.home.services.library)
        except OSError as error:
            self.notice(f"{visible_line(path)} can't be written: {error.strerror or error}", error=True)
        except (RuntimeError, ValueError):  # a home of nobody, a NUL
            self.notice(f"{visible_line(path)} is no name for a file", error=True)
        else:
            beside = f", with {plural(len(files) - 1, 'template')} beside it" if len(files) > 1 else ""
            self.notice(f"Written to {visible_line(str(files[0]))}{beside}")


def _load(path: str, library: Library) -> Draft:
    parsed = read_spec(Path(path).expanduser(), library)
    assert parsed.lab is not None
    return Draft(lab=parsed.lab, data=parsed.data, typed=parsed.typed)


def _export_fault(path: str) -> str:
    try:
        file = Path(path).expanduser()
        format_of(file)
        return _there_fault(file)
    except TunesmithError as error:
        return visible_line(str(error))
    except (OSError, RuntimeError, ValueError):
        return f"{visible_line(path)} is no name for a file"


def _save_fault(path: str) -> str:
    try:
        return _there_fault(_spec_file(path)) if path.strip() else "Type something first"
    except (OSError, RuntimeError, ValueError):
        return f"{visible_line(path)} is no name for a file"


def _there_fault(file: Path) -> str:
    return f"{visible_line(str(file))} exists already: choose another name" if os.path.lexists(file) else ""


def _spec_file(path: str) -> Path:
    file = Path(path).expanduser()
    return file if file.suffix.lower() == ".toml" else file.with_name(f"{file.name}.toml")


def _export(table: Table, path: str) -> None:
    export_file(table, Path(path).expanduser())


def _write(draft: Draft, path: str, library: Library) -> list[Path]:
    return write_spec(draft.lab, _spec_file(path), library, data=draft.data, typed=draft.typed)


def file_stem(name: str) -> str:
    """A lab's name as that of a file."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")[:60] or "lab"
