"""From a column to its template in the studio, and back with what was written there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.display import visible_line
from engine.errors import Failed
from engine.figures import plural
from engine.protocol import Template
from engine.templates import Listing
from engine.templates.writing import adopt_template, own_id
from tui.screens.lab.base import LabBase, StudioVisit
from tui.state.lab_draft import rewritten, with_rewritten

_COPY = (
    "It came with a spec file or with a trained model. A copy of it goes among your templates, to be written on; "
    "what you make of it comes as a column beside this one."
)


class LabWriting(LabBase):
    """Templates are written in the studio; what came of that is a column."""

    _visit: StudioVisit | None = None
    _place = 0
    """The column that the studio was opened for."""
    _before: tuple[Template, ...] = ()
    """All templates as they were then."""
    _unfinished: tuple[str, str] | None = None
    """A column's template, and the one that was made of it and is not good or not saved yet: T goes on with that."""

    def action_lab_studio(self) -> None:
        """Write on the column's template; what is changed there comes as a column beside it."""
        place = self.column_place()
        if place is None:
            return
        template = self.bench.draft.lab.variations[place].template
        if self._unfinished is not None and self._unfinished[0] == template.id:
            self._write_on(place, self._unfinished[1])
            return
        if _is_there(self.home.services.library.scan(), template):
            self._write_on(place, template.id)
            return
        from tui.screens.question import Question

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._adopt(place, template), group="adopt", exclusive=True)

        title = f"{visible_line(template.name)} is not among your templates: copy it there?"
        self.app.push_screen(Question(title, _COPY, yes="copies it and writes on"), answered)

    async def _adopt(self, place: int, template: Template) -> None:
        library = self.home.services.library
        try:
            adopted = await asyncio.to_thread(adopt_template, library, own_id(template))
        except OSError as error:
            failed = Failed(f"The template can't be kept in {library.folder}: {error.strerror or error}")
            self.notice(str(failed), error=True)
        else:
            self._write_on(place, adopted.id)

    def _write_on(self, place: int, template_id: str) -> None:
        self._before = self.home.services.library.scan().templates
        self._place, self._visit = place, self.home.open_studio(template_id)

    def on_screen_resume(self) -> None:
        """Take up what was written meanwhile."""
        visit, self._visit = self._visit, None
        if visit is None or self._place >= len(self.bench.draft.lab.variations):
            return
        self._unfinished = None
        listing = self.home.services.library.scan()
        found = rewritten(self._before, listing.templates, visit.visited)
        settings = self.home.services.settings.sampling
        draft = with_rewritten(self.bench.draft, self._place, found, settings)
        added = len(draft.lab.variations) - len(self.bench.draft.lab.variations)
        if added:
            self.change(draft)
            self.grid.go_to(self.grid.row, self._place + added)
            columns = "a column" if added == 1 else plural(added, "column")
            self.notice(f"What you wrote is {columns} now, beside the one that it was made from. R runs it.")
        elif visit.is_unsaved:
            self._go_on_later(visit)
            self.notice("What you wrote is not saved, so it is no column yet: T goes on with it, Ctrl+S saves it there")
        elif any(Path(fault.file).stem == visit.open_id for fault in listing.faults):
            self._go_on_later(visit)
            self.notice("What you wrote has faults, so it is no column yet: T goes on with it", error=True)

    def _go_on_later(self, visit: StudioVisit) -> None:
        self._unfinished = (self.bench.draft.lab.variations[self._place].template.id, visit.open_id)


def _is_there(listing: Listing, template: Template) -> bool:
    """Whether a template is one of the library's, as it was or as it is by now; a faulty file is one too."""
    stems = {Path(fault.file).stem.casefold() for fault in listing.faults}
    return template.id.casefold() in stems or any(
        (found.id, found.name) == (template.id, template.name) for found in listing.templates
    )
