"""Picks the prompt template, with a live preview of exactly what the model will see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from textual import on, work
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.display import visible
from engine.errors import TemplateFault, TunesmithError
from engine.protocol import Template
from engine.templates.library import Listing
from tui.renderables.fitted import Fitted
from tui.screens.dialog import Dialog, Key
from tui.state.picking import narrow_faults, narrow_templates
from tui.state.preview import HEADING, Previewed
from tui.widgets.filter_list import FilterList, Row
from tui.widgets.preview import Preview
from tui.widgets.template_rows import DRAFT, about_fault, about_template, fault_row, preview_head, template_row

_TEMPLATE = "template:"
_FAULT = "fault:"
_NOTHING = "No template answers to that."
_PAUSE_S = 0.03


Wish = Literal["use", "edit", "new", "compare"]


class TemplatePicker(Dialog[str]):
    """The templates, and the preview of the one under the cursor. Gives the id of a template, or None.

    What is wanted with it is in `wish`; what is to be new has no id.
    """

    HEADING = "Pick a prompt template"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("Enter", "uses it", "choose"),
        Key("Ctrl+E", "edits", "edit"),
        Key("Ctrl+L", "compares", "compare"),
        Key("Ctrl+N", "new", "make"),
        Key("Esc", "closes", "close"),
        Key("Ctrl+↑↓", "scrolls"),
    )
    BINDINGS = [
        Binding("ctrl+e", "edit", show=False, priority=True),
        Binding("ctrl+n", "make", show=False, priority=True),
        Binding("ctrl+l", "compare", show=False, priority=True),
        ("ctrl+down", "scroll_preview(3)", "Scroll the preview down"),
        ("ctrl+up", "scroll_preview(-3)", "Scroll the preview up"),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    TemplatePicker.-wide > .dialog--frame { max-width: 172; }
    TemplatePicker {
        #template-body { height: 1fr; }
        FilterList { width: 2fr; }
        #template-side { width: 3fr; height: 1fr; margin-left: 2; }
        #template-about { height: auto; max-height: 40%; margin-bottom: 1; }
        .side--title { height: 1; color: $secondary; text-style: bold; }
        &.-narrow #template-body { layout: vertical; }
        &.-narrow FilterList { width: 100%; height: 2fr; }
        &.-narrow #template-side { width: 100%; height: 3fr; margin-left: 0; padding: 0 1; }
        &.-narrow #template-about { margin-bottom: 0; max-height: 3; }
    }
    """

    def __init__(
        self,
        listing: Listing,
        current: str,
        preview: Callable[[Template], Awaitable[Previewed]],
        *,
        why_not: Callable[[Template], TemplateFault | None] = lambda _: None,
        drafts: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """Make the picker.

        Args:
            listing: The templates and the faulty files.
            current: The id of the template in use.
            preview: What the model would see with a template. May raise a `TunesmithError`.
            why_not: Why a template can't be used with the model that is loaded; None where it can.
            drafts: Finds the ids of templates into which something was typed and not saved; called in a thread, as
                it reads a folder.
        """
        super().__init__()
        self._listing = listing
        self._current = current
        self._preview = preview
        self._why_not, self._find_drafts = why_not, drafts
        self._drafts: frozenset[str] = frozenset()
        self.wish: Wish = "use"
        self._templates: dict[str, Template] = {}
        self._faults: dict[str, TemplateFault] = {}

    def parts(self) -> Iterator[Widget]:
        """The list, and beside or beneath it the preview."""
        side = Vertical(
            Static("", id="template-about", markup=False),
            Static(HEADING, classes="side--title", markup=False),
            Preview(),
            id="template-side",
        )
        yield Horizontal(FilterList(placeholder="Type to narrow down"), side, id="template-body")

    def on_mount(self) -> None:
        """Show the templates, with the cursor on the one in use."""
        self._show(f"{_TEMPLATE}{self._current}")
        self._mark_drafts()

    @work(exclusive=True, group="drafts")
    async def _mark_drafts(self) -> None:
        self._drafts = frozenset(await asyncio.to_thread(self._find_drafts))
        if self._drafts and self.is_open:
            self._show(self.query_one(FilterList).highlighted_id)

    def update_listing(self, listing: Listing) -> None:
        """Show other templates, as files changed; the cursor stays where it was."""
        self._listing = listing
        self._show(self.query_one(FilterList).highlighted_id)

    def action_choose(self) -> None:
        """Use what is under the cursor."""
        self.choose_row(self.query_one(FilterList).highlighted_id)

    def action_edit(self) -> None:
        """Write on what is under the cursor, good or faulty."""
        if named := self.id_of(self.query_one(FilterList).highlighted_id):
            self.wish = "edit"
            self.dismiss(named)

    def action_compare(self) -> None:
        """Compare what is under the cursor with others, in the lab."""
        if template := self._templates.get(self.query_one(FilterList).highlighted_id):
            self.wish = "compare"
            self.dismiss(template.id)

    def action_make(self) -> None:
        """Write a new one."""
        self.wish = "new"
        self.dismiss("")

    def id_of(self, row_id: str) -> str:
        """What the row's template or file is called by; empty for a heading."""
        if template := self._templates.get(row_id):
            return template.id
        fault = self._faults.get(row_id)
        return Path(fault.file).stem if fault is not None else ""

    def action_scroll_preview(self, lines: int) -> None:
        """Scroll the preview by lines."""
        self.query_one(Preview).scroll_relative(y=lines, animate=False)

    def _show(self, highlight: str = "") -> None:
        filter_list = self.query_one(FilterList)
        query = filter_list.query_text
        templates = narrow_templates(query, self._listing.templates)
        faults = narrow_faults(query, self._listing.faults)
        self._templates = {f"{_TEMPLATE}{template.id}": template for template in templates}
        self._faults = {f"{_FAULT}{place}": fault for place, fault in enumerate(faults)}
        rows = [
            template_row(row_id, template, query, mark=self._mark(template), kind=self._kind(template))
            for row_id, template in self._templates.items()
        ]
        if faults:
            if rows:
                rows.append(Row("", Content(" ")))
            rows.append(Row("", Content.styled("Faulty files", "bold $text-error")))
            rows += [
                fault_row(row_id, fault, has_draft=Path(fault.file).stem in self._drafts)
                for row_id, fault in self._faults.items()
            ]
        rows += self.more_rows(query)
        filter_list.show(rows, highlight=highlight, note="" if rows else _NOTHING)

    def more_rows(self, query: str) -> list[Row]:
        """Other rows at the end; none here."""
        del query
        return []

    def _mark(self, template: Template) -> str:
        if self._why_not(template) is not None:
            return "✗"
        return "●" if template.id == self._current else " "

    def _kind(self, template: Template) -> str:
        own = bool(self._listing.files.get(template.id))
        kind = "not for this model" if self._why_not(template) is not None else template.kind
        unsaved = f" · {DRAFT}" if template.id in self._drafts else ""
        return f"{kind}{' · yours' if own else ''}{unsaved}"

    @on(FilterList.Filtered)
    def _narrow(self) -> None:
        self._show()

    @on(FilterList.Chosen)
    def _chosen(self, event: FilterList.Chosen) -> None:
        self.choose_row(event.row_id)

    def choose_row(self, row_id: str) -> None:
        """Use a row, where it is a good template."""
        template = self._templates.get(row_id)
        if template is None:
            return
        if (fault := self._why_not(template)) is not None:
            self.notify(visible(str(fault)), severity="error", markup=False)
        else:
            self.dismiss(template.id)

    @on(FilterList.Highlighted)
    def _highlighted(self, event: FilterList.Highlighted) -> None:
        about = self.query_one("#template-about", Static)
        if template := self._templates.get(event.row_id):
            file = self._listing.files.get(template.id, "")
            brief = self.has_class("-narrow")  # the list has the description
            about.update(Fitted(lambda width: about_template(template, file, width, brief=brief)))
            self._draw_preview(template)
            return
        self.workers.cancel_group(self, "preview")
        fault = self._faults.get(event.row_id)
        about.update(Fitted(lambda width: about_fault(fault, width)) if fault else "")
        self._head("")
        self.query_one(Preview).show_words("A faulty file shows no prompt." if fault else "")

    def _head(self, remark: str) -> None:
        self.query_one(".side--title", Static).update(Fitted(lambda width: preview_head(remark, width)))

    @work(exclusive=True, group="preview")
    async def _draw_preview(self, template: Template) -> None:
        await asyncio.sleep(_PAUSE_S)  # whoever holds the arrow key down sees the last one only
        shown, fault = Previewed(text=""), ""
        try:
            if (refusal := self._why_not(template)) is not None:
                raise refusal
            shown = await self._preview(template)
        except TunesmithError as error:
            fault = str(error)
        if not self.is_open:
            return
        preview = self.query_one(Preview)
        self._head("" if fault else shown.remark)
        if fault:
            preview.show_words(fault, fault=True)
        else:
            preview.show_prompt(shown.text, shown.beginning)
