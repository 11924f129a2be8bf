"""Choosing which template to write on."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from engine.protocol import Prompt, Template, Turn
from engine.templates import render
from tui.screens.dialog import Key
from tui.screens.studio.files import FileActions
from tui.screens.template_picker import TemplatePicker
from tui.state.preview import Previewed


class TemplateOpener(TemplatePicker):
    """The picker, in which a faulty file can be picked too."""

    HEADING: ClassVar[str] = "Open a template"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("Enter", "opens it", "choose"),
        Key("Ctrl+N", "makes a new one", "make"),
        Key("Ctrl+↑↓", "scroll the preview"),
        Key("Esc", "closes", "close"),
    )

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

    picker = TemplateOpener(studio.desk.library.scan(), studio.desk.now.id, preview)
    studio.app.push_screen(picker, chosen)
