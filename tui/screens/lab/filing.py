"""Labs and files: open, save, start anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import work

from engine.display import visible_line
from engine.errors import TunesmithError
from engine.figures import plural
from engine.lab.export import export_file, format_of
from engine.lab.spec import read_spec
from engine.lab.store import LabEntry
from engine.lab.writing import write_spec
from engine.paths import current_folder
from engine.templates import Library
from tui.screens.file_prompt import ask_for_file
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
        if self._has_table():
            self.run_worker(self._export(), group="export", exclusive=True)

    async def _export(self) -> None:
        table = self.bench.view.table
        file = await ask_for_file(
            self,
            "Export the table, as far as it is filled",
            value=str(current_folder() / f"{file_stem(self.bench.draft.lab.name)}.md"),
            hint="A name that ends in .csv is for a spreadsheet, in .json has everything, in .md is to read",
            target=lambda line: Path(line.strip()).expanduser(),
            validate=_format_fault,
        )
        if file is None:
            return
        try:
            await asyncio.to_thread(export_file, table, file)
        except TunesmithError as error:
            self.notice(str(error), error=True)
        else:
            self.notice(f"Written to {visible_line(str(file))}")

    def action_lab_save(self) -> None:
        """Ask where to write the spec."""
        if self._has_table():
            self.run_worker(self._save(), group="spec", exclusive=True)

    async def _save(self) -> None:
        draft = self.bench.draft
        file = await ask_for_file(
            self,
            "Save what is compared as a spec file",
            value=str(current_folder() / f"{file_stem(draft.lab.name)}.toml"),
            hint="`tunesmith lab run FILE` computes the same; templates that are in no library go beside it",
            target=_spec_file,
        )
        if file is None:
            return
        try:
            files = await asyncio.to_thread(_write, draft, file, self.home.services.library)
        except OSError as error:
            self.notice(f"{visible_line(str(file))} can't be written: {error.strerror or error}", error=True)
        else:
            beside = f", with {plural(len(files) - 1, 'template')} beside it" if len(files) > 1 else ""
            self.notice(f"Written to {visible_line(str(files[0]))}{beside}")

    def _has_table(self) -> bool:
        """Whether there is something to write; says so where there is not."""
        if not self.bench.draft.can_run:
            self.notice("There is nothing to write yet: a lab needs a row (A) and a column (C)")
        return self.bench.draft.can_run


def _load(path: str, library: Library) -> Draft:
    parsed = read_spec(Path(path).expanduser(), library)
    assert parsed.lab is not None
    return Draft(lab=parsed.lab, data=parsed.data, typed=parsed.typed)


def _format_fault(line: str) -> str:
    try:
        format_of(Path(line.strip()))
    except TunesmithError as error:
        return str(error)
    return ""


def _spec_file(line: str) -> Path:
    file = Path(line.strip()).expanduser()
    return file if file.suffix.lower() == ".toml" else file.with_name(f"{file.name}.toml")


def _write(draft: Draft, file: Path, library: Library) -> list[Path]:
    return write_spec(draft.lab, file, library, data=draft.data, typed=draft.typed, overwrite=True)


def file_stem(name: str) -> str:
    """A lab's name as that of a file."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")[:60] or "lab"
