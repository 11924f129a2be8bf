"""Choosing which template to write on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.content import Content

from engine.protocol import Prompt, Template, Turn
from engine.templates import render
from tui.screens.dialog import Key
from tui.screens.studio.files import FileActions
from tui.screens.template_picker import TemplatePicker
from tui.state.preview import Previewed
from tui.widgets.filter_list import Row
from tui.widgets.template_rows import draft_row

_DRAFT = "draft:"


class TemplateOpener(TemplatePicker):
    """The picker, in which a faulty file can be picked too."""

    HEADING: ClassVar[str] = "Open a template"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("Enter", "opens it", "choose"),
        Key("Ctrl+N", "makes a new one", "make"),
        Key("Ctrl+↑↓", "scroll the preview"),
        Key("Esc", "closes", "close"),
    )

    def more_rows(self, query: str) -> list[Row]:
        """What was typed into files that another program has taken away, which would be found nowhere else."""
        known = {*self._listing.files, *(Path(fault.file).stem for fault in self._listing.faults)}
        found = [name for name in sorted(self._drafts - known) if query.casefold() in name.casefold()]
        if not found:
            return []
        heading = Row("", Content.styled("Not saved, and their files are gone", "bold $text-warning"))
        return [Row("", Content(" ")), heading, *(draft_row(f"{_DRAFT}{name}", name, query) for name in found)]

    def id_of(self, row_id: str) -> str:
        """What the row's template, file or draft is called by; empty for a heading."""
        return row_id.removeprefix(_DRAFT) if row_id.startswith(_DRAFT) else super().id_of(row_id)

    def choose_row(self, row_id: str) -> None:
        """Open what is under the cursor."""
        if named := self.id_of(row_id):
            self.dismiss(named)


def pick(studio: FileActions) -> None:
    """Let somebody pick a template, good or faulty, and open it."""
    message, _ = studio.values()
    model = studio.host.studio_model()

    async def preview(template: Template) -> Previewed:
        prompt = Prompt(template=template, turns=(Turn(role="user", text=message),))
        return Previewed(text=await asyncio.to_thread(render, prompt, model), remark="")

    def chosen(template_id: str | None) -> None:
        if picker.wish == "new" and template_id is not None:
            studio.action_studio_new()
        elif template_id is not None:
            studio.open(template_id)

    if not studio.keep():
        return
    desk = studio.desk
    picker = TemplateOpener(desk.library.scan(), desk.now.id, preview, drafts=desk.unsaved)
    studio.app.push_screen(picker, chosen)
