"""Rows and columns of the lab: added, changed, taken away."""

from __future__ import annotations

import asyncio

import msgspec
from textual import on, work

from engine.errors import TunesmithError
from engine.lab.records import Lab, Row, Variation
from engine.protocol import Template
from tui.screens.lab.base import LabBase
from tui.state.lab_draft import Draft, first_difference
from tui.state.preview import Previewed
from tui.widgets.lab_grid import INPUTS, LabGrid


class LabEditing(LabBase):
    """What is compared."""

    _is_past_columns = False
    """The last column was just taken away, and the cursor has not been moved since."""

    # Rows

    def action_lab_add_row(self) -> None:
        """Type a row."""
        from tui.screens.lab.row_form import RowForm

        self.app.push_screen(RowForm(self.bench.left_row, self.bench.draft.lab.labels, self._keep_row), self._add_row)

    def _keep_row(self, row: Row) -> None:
        self.bench.left_row = row

    def _add_row(self, row: Row | None) -> None:
        if row is not None:
            self.change(self.bench.draft.with_row(row))
            self.grid.go_to(self.bench.draft.typed - 1, self.grid.column)

    def _edit_row(self, place: int) -> None:
        from tui.screens.lab.row_form import RowForm

        draft = self.bench.draft

        def changed(row: Row | None) -> None:
            if row is not None:
                self.change(draft.with_changed_row(place, row))

        self.app.push_screen(RowForm(draft.lab.rows[place], draft.lab.labels), changed)

    # Columns

    def action_lab_add_column(self) -> None:
        """Add a column, which begins with how the chat asks."""
        self._open_column(self.home.first_column(), None, "")

    def action_lab_copy_column(self) -> None:
        """Add a copy of a column."""
        if (place := self.column_place()) is not None:
            draft = self.bench.draft
            self.change(draft.with_column(draft.lab.variations[place], place + 1))
            self.grid.go_to(self.grid.row, place + 1)
            self.notice("A copy. E changes something in it: another template, model or sampling.")

    def _edit_column(self, place: int) -> None:
        found = self.bench.draft.lab.variations[place]
        self._open_column(found, place, found.name)

    def _open_column(self, variation: Variation, place: int | None, name: str) -> None:
        from tui.screens.lab.column_form import ColumnForm

        def closed(changed: Variation | None) -> None:
            if changed is None:
                return
            draft = self.bench.draft
            if place is None:
                self.change(draft.with_column(changed))
                self.grid.go_to(self.grid.row, len(draft.lab.variations))
            else:
                self.change(draft.with_changed_column(place, changed))

        form = ColumnForm(
            msgspec.structs.replace(variation, name=name), self.home.services, self._preview, self.home.open_studio
        )
        self.app.push_screen(form, closed)

    async def _preview(self, template: Template) -> Previewed:
        rows = self.bench.draft.lab.rows
        row = rows[self.grid.row] if self.grid.row < len(rows) else Row(input="")
        return await self.home.preview_template(template, row.input)

    # Both

    def action_lab_edit(self) -> None:
        """Change what is under the cursor."""
        draft = self.bench.draft
        if self.grid.column == INPUTS and draft.lab.rows:
            self._edit_row(self.grid.row)
        elif self.grid.column == INPUTS:
            self.action_lab_add_row()
        else:
            self._edit_column(self.grid.column)

    def action_lab_remove(self) -> None:
        """Take what is under the cursor away."""
        draft, grid = self.bench.draft, self.grid
        if self._is_past_columns:
            self.notice("No column is left. An arrow key goes to the inputs; Delete takes a row away there.")
        elif grid.column == INPUTS and draft.lab.rows:
            self._remove(draft.without_row(grid.row), f"Row {grid.row + 1:,}")
        elif grid.column != INPUTS:
            self._remove(draft.without_column(grid.column), "The column")
            self._is_past_columns = not self.bench.draft.lab.variations

    def _remove(self, draft: Draft, what: str) -> None:
        self.change(draft)
        self.notice(f"{what} is gone. Ctrl+Z brings it back, with all that was computed.")

    def action_lab_undo(self) -> None:
        """Take the last change back."""
        before = self.bench.draft.lab
        if self.bench.undo():
            self.draw()
            self._go_to_changed(before, self.bench.draft.lab)
        else:
            self.notice("There is nothing to take back")

    def _go_to_changed(self, before: Lab, after: Lab) -> None:
        """Put the cursor on what came back, so that the next key means that."""
        if before.variations != after.variations:
            place = first_difference(before.variations, after.variations)
            self.grid.go_to(self.grid.row, min(place, len(after.variations) - 1))
        elif before.rows != after.rows:
            self.grid.go_to(first_difference(before.rows, after.rows), self.grid.column)

    @on(LabGrid.Moved)
    def _moved(self) -> None:
        self._is_past_columns = False

    def action_lab_setup(self) -> None:
        """Set up scores."""
        self._set_up("labels")

    def action_lab_file(self) -> None:
        """Take the rows of a file."""
        self._set_up("file")

    @work(group="setup", exclusive=True)
    async def _set_up(self, field: str) -> None:
        from tui.screens.lab.setup_form import SetupForm

        await self.bench.settle()
        try:
            taken = {entry.name for entry in await asyncio.to_thread(self.bench.store.list)}
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return
        form = SetupForm(self.bench.draft, focus=field, taken=taken - {self.bench.draft.lab.name})
        self.app.push_screen(form, self._take_setup)

    def _take_setup(self, draft: Draft | None) -> None:
        if draft is not None:
            self.change(draft)
