"""Opens a lab: one from before by its name, or a spec file by its path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.display import visible_line
from engine.figures import plural
from engine.lab.store import LabEntry
from tui.renderables.ago import ago
from tui.renderables.fitted import QUIET, Fitted, columns
from tui.screens.dialog import Dialog, Key
from tui.widgets.filter_list import FilterList, Row
from tui.widgets.path_suggester import PathSuggester

_NAME, _FILE = "name:", "file:"
_NOTHING = "No lab is called that. The path of a spec file ends in .toml."
_NONE = "There is no lab from before. Type the path of a spec file, which ends in .toml."


class OpenLab(Dialog[str]):
    """The labs, the newest first. Gives `name:NAME` or `file:PATH`, or None."""

    HEADING = "Open a lab"
    KEYS = (
        Key("Enter", "opens", "choose"),
        Key("↑↓", "move"),
        Key("F8", "deletes", "delete"),
        Key("Esc", "closes", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f8", "delete", show=False)]
    DEFAULT_CSS: ClassVar[str] = """
    OpenLab > .dialog--frame { max-width: 100; }
    OpenLab #lab-note { height: auto; color: $text-muted; padding: 0 1; }
    """

    def __init__(
        self,
        entries: Sequence[LabEntry],
        current: str,
        now_s: float,
        delete: Callable[[str], Awaitable[Sequence[LabEntry]]],
    ) -> None:
        """List labs; `delete` deletes one by its name and gives those that are left."""
        super().__init__()
        self._entries, self._current, self._now_s, self._delete = tuple(entries), current, now_s, delete

    def parts(self) -> Iterator[Widget]:
        """The list."""
        yield FilterList(placeholder="Filter, or type the path of a spec file (.toml)")
        yield Static("", id="lab-note", markup=False)

    def on_mount(self) -> None:
        """Show the labs."""
        self.query_one("#filter", Input).suggester = PathSuggester(endings=(".toml",))
        self._show(f"{_NAME}{self._current}")

    @on(FilterList.Filtered)
    def _narrow(self) -> None:
        self._show()

    def _show(self, highlight: str = "") -> None:
        filter_list = self.query_one(FilterList)
        query = filter_list.query_text
        rows = [self._row(entry) for entry in self._entries if query.casefold() in entry.name.casefold()]
        if query.lower().endswith(".toml"):
            words = Content.assemble(("+ ", "bold"), f"Open the spec file {visible_line(query)}")
            rows.insert(0, Row(f"{_FILE}{query}", words))
        filter_list.show(rows, highlight=highlight, note="" if rows else _NOTHING if query else _NONE)

    def _row(self, entry: LabEntry) -> Row:
        mark = "●" if entry.name == self._current else " "
        shape = f"{plural(entry.rows, 'row')} × {plural(entry.variations, 'column')}"
        when = ago(self._now_s - entry.updated_s)

        def lay_out(width: int) -> Content:
            name = Content.assemble((f"{mark} ", "bold"), visible_line(entry.name))
            return columns(
                (name, max(10, width - 44), False),
                (Content.styled(shape, QUIET), 24, False),
                (Content.styled(when, QUIET), 14, True),
            )

        return Row(f"{_NAME}{entry.name}", Fitted(lay_out, height=1))

    @on(FilterList.Chosen)
    def _chosen(self, event: FilterList.Chosen) -> None:
        self.dismiss(event.row_id)

    def action_choose(self) -> None:
        """Open what is under the cursor."""
        if row_id := self.query_one(FilterList).highlighted_id:
            self.dismiss(row_id)

    def action_delete(self) -> None:
        """Delete the lab under the cursor, and the cells that no other one stands on, after a question."""
        row_id = self.query_one(FilterList).highlighted_id
        name = row_id.removeprefix(_NAME)
        if not row_id.startswith(_NAME):
            return
        if name == self._current:
            self.query_one("#lab-note", Static).update("That is the one that is open.")
            return
        self.run_worker(self._ask_and_delete(name))

    async def _ask_and_delete(self, name: str) -> None:
        from tui.screens.question import Question

        words = "Its table goes, and with it all cells that no other lab has too."
        if await self.app.push_screen_wait(Question(f"Delete {name}?", words, yes="deletes it")):
            self._entries = tuple(await self._delete(name))
            self._show()
