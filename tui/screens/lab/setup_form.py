"""Sets a lab up: its name, the rows of a file, labels and their words, scores and seed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import ClassVar

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.errors import TunesmithError
from engine.lab.inputs import DataFile, read_rows
from engine.lab.records import Row
from tui.screens.dialog import Dialog, Key
from tui.state.lab_draft import Draft
from tui.state.lab_form import (
    SETUP_FIELDS,
    SetupReading,
    file_fault,
    read_setup,
    rows_faults,
    rows_words,
    setup_texts,
)
from tui.widgets.choice import Choice
from tui.widgets.form_row import FormRow
from tui.widgets.path_suggester import PathSuggester
from tui.widgets.tick import Tick

_PAUSE_S = 0.4
_GLIMPSE = 100
"""Rows of a file that are read while somebody types."""
_FILE_FIELDS = ("file", "input", "reference", "label", "skip")


class SetupForm(Dialog[Draft]):
    """Gives the draft with what was set, or None."""

    HEADING = "Set up the lab: rows, scores, seed"
    KEYS = (Key("Ctrl+S", "keeps it", "keep"), Key("↑↓", "move"), Key("Esc", "leaves it as it was", "close"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", show=False, priority=True),
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    SetupForm > .dialog--frame { max-width: 120; height: 30; max-height: 100%; }
    SetupForm.-short > .dialog--frame { height: 100%; }
    SetupForm {
        #setup-fields { height: auto; scrollbar-size-vertical: 1; }
        #row-file, #row-labels, #row-seed { margin-bottom: 1; }
        &.-short FormRow, &.-short #row-file, &.-short #row-labels { margin-bottom: 0; }
        &.-narrow FormRow.-name Input { width: 16; }
        FormRow Label { width: 20; }
        #setup-summary { height: auto; padding: 0 1; color: $secondary; }
        #setup-fields { max-height: 100%; }
    }
    """

    def __init__(self, draft: Draft, *, focus: str = "file", taken: Collection[str] = ()) -> None:
        """Make the form.

        Args:
            draft: What it begins with.
            focus: The field with the cursor.
            taken: The names of other labs, which would be lost under another one of the same name.
        """
        super().__init__()
        self._draft, self._focus, self._taken = draft, focus, frozenset(taken)
        self._told: dict[str, str] = {}
        self._beneath = ""

    def parts(self) -> Iterator[Widget]:
        """The fields, and what they come to."""
        texts = setup_texts(self._draft)
        with VerticalScroll(id="setup-fields", can_focus=False):
            for field in SETUP_FIELDS:
                suggester = PathSuggester() if field.name == "file" else None
                yield FormRow(field, texts[field.name], field.blank, suggester=suggester)
        yield Static("", id="setup-summary", markup=False)

    def on_mount(self) -> None:
        """Judge what stands there."""
        self._row(self._focus).value.focus()
        self._judge()
        if self._draft.data is not None:
            self._look(self._draft.data)

    def _read(self) -> SetupReading:
        texts = {field.name: self._row(field.name).text for field in SETUP_FIELDS}
        return read_setup(texts, self._draft.lab, self._taken)

    @on(FormRow.Changed)
    def _changed(self, event: FormRow.Changed) -> None:
        self._told.clear()
        if event.row.field.name in _FILE_FIELDS:
            data = self._read().data
            self.workers.cancel_group(self, "look")
            self._beneath = ""
            if data is not None:
                self._look(data)
        self._judge()

    def _judge(self) -> None:
        reading = self._read()
        faults = {**reading.faults, **self._told}
        first = setup_texts(Draft(lab=msgspec.structs.replace(self._draft.lab, metrics=(), labels=())))
        for field in SETUP_FIELDS:
            row = self._row(field.name)
            beneath = self._beneath if field.name == "file" else ""
            row.judge(
                faults.get(field.name, ""),
                changed=field.kind != "tick" and field.name != "name" and row.text != first[field.name],
                beneath=beneath,
            )

    @work(exclusive=True, group="look")
    async def _look(self, data: DataFile) -> None:
        await asyncio.sleep(_PAUSE_S)
        try:
            limit = min(filter(None, (data.limit, _GLIMPSE)))
            rows = await asyncio.to_thread(read_rows, msgspec.structs.replace(data, limit=limit))
        except TunesmithError as error:
            self._told["file"] = file_fault(error)
        else:
            self._beneath = rows_words(rows)
        if self.is_open:
            self._judge()

    @on(Input.Submitted)
    @on(Tick.Submitted)
    @on(Choice.Submitted)
    def _next(self) -> None:
        self.focus_next()

    def action_keep(self) -> None:
        """Give the draft, once its rows were read."""
        reading = self._read()
        if reading.faults:
            self._refuse(reading.faults)
        else:
            self.query_one("#setup-summary", Static).update("Reading…")
            self._keep(reading)

    @work(exclusive=True, group="keep")
    async def _keep(self, reading: SetupReading) -> None:
        self.workers.cancel_group(self, "look")
        draft = self._draft
        rows: tuple[Row, ...] = ()
        fault = ""
        if reading.data is not None and reading.data == draft.data:
            rows = draft.lab.rows[draft.typed :]
        elif reading.data is not None:
            try:
                rows = await asyncio.to_thread(read_rows, reading.data)
            except TunesmithError as error:
                fault = file_fault(error)
        if not self.is_open:
            return
        self.query_one("#setup-summary", Static).update("")
        if fault:
            self._refuse({"file": fault})
            return
        whole = msgspec.structs.replace(draft, lab=reading.lab).with_file(reading.data, rows)
        if faults := rows_faults(whole.lab):
            self._refuse(faults)
        else:
            self.dismiss(whole)

    def _refuse(self, faults: dict[str, str]) -> None:
        self._told |= faults
        self._judge()
        self._row(next(field.name for field in SETUP_FIELDS if field.name in faults)).value.focus()
        self.app.bell()

    def _row(self, name: str) -> FormRow:
        return self.query_one(f"#row-{name}", FormRow)
