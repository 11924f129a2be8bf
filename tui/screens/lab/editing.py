"""Rows and columns of the lab: added, changed, taken away."""

from __future__ import annotations

import msgspec

from engine.errors import TemplateNotFound
from engine.lab.records import Row, Variation
from engine.protocol import Template
from tui.screens.lab.base import LabBase
from tui.state.lab_draft import Draft
from tui.state.preview import Previewed
from tui.widgets.lab_grid import INPUTS


class LabEditing(LabBase):
    """What is compared."""

    _written: tuple[int, str] | None = None
    """The column whose template is open in the studio, and the template's id."""

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
        if (place := self._column()) is not None:
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

    def _column(self) -> int | None:
        """The place of the column under the cursor; None, with a word, where there is none."""
        if 0 <= self.grid.column < len(self.bench.draft.lab.variations):
            return self.grid.column
        self.notice("Put the cursor on a column first: → goes there. C adds one.")
        return None

    # Templates

    def action_lab_studio(self) -> None:
        """Write on the column's template; what is changed there comes as a column beside it."""
        place = self._column()
        if place is None:
            return
        template = self.bench.draft.lab.variations[place].template
        try:
            self.home.services.library.get(template.id)
        except TemplateNotFound as error:
            self.notice(str(error), error=True)
        else:
            self._written = (place, template.id)
            self.home.open_studio(template.id)

    def on_screen_resume(self) -> None:
        """Take up what was written meanwhile."""
        written, self._written = self._written, None
        if written is None:
            return
        place, template_id = written
        self.home.services.library.scan()
        draft = self.bench.draft
        try:
            template = self.home.services.library.get(template_id)
        except TemplateNotFound:
            return
        if all(column.template != template for column in draft.lab.variations):
            changed = msgspec.structs.replace(draft.lab.variations[place], template=template)
            self.change(draft.with_column(changed, place + 1))
            self.grid.go_to(self.grid.row, place + 1)
            self.notice("The template was changed: a column beside has it as it is now")

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
        if grid.column == INPUTS and draft.lab.rows:
            self._remove(draft.without_row(grid.row), f"Row {grid.row + 1:,}")
        elif grid.column != INPUTS:
            self._remove(draft.without_column(grid.column), "The column")

    def _remove(self, draft: Draft, what: str) -> None:
        self.change(draft)
        self.notice(f"{what} is gone. Ctrl+Z brings it back, with all that was computed.")

    def action_lab_undo(self) -> None:
        """Take the last change back."""
        if self.bench.undo():
            self.draw()
        else:
            self.notice("There is nothing to take back")

    def action_lab_setup(self) -> None:
        """Set up scores."""
        self._set_up("labels")

    def action_lab_file(self) -> None:
        """Take the rows of a file."""
        self._set_up("file")

    def _set_up(self, field: str) -> None:
        from tui.screens.lab.setup_form import SetupForm

        self.app.push_screen(SetupForm(self.bench.draft, focus=field), self._take_setup)

    def _take_setup(self, draft: Draft | None) -> None:
        if draft is not None:
            self.change(draft)
