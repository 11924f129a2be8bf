"""All keys and commands on one screen, out of the one table of actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui import commands
from tui.renderables.fitted import QUIET, Fitted, columns, marked
from tui.screens.dialog import Dialog, Key
from tui.state.help import HelpLine, help_groups
from tui.state.picking import match_spans

_KEYS_WIDTH = 20
_TITLE_WIDTH = 41
_SLASH_WIDTH = 18
_WIDE = 130


class HelpScreen(Dialog[None]):
    """Every action with its keys, as they are bound now."""

    HEADING = "Keys and commands"
    KEYS = (Key("Type", "to narrow down"), Key("↑↓ PgUp PgDn", "scroll"), Key("Esc", "closes", "close"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "scroll_help('scroll_down')", show=False),
        Binding("up", "scroll_help('scroll_up')", show=False),
        Binding("pagedown", "scroll_help('scroll_page_down')", show=False),
        Binding("pageup", "scroll_help('scroll_page_up')", show=False),
        Binding("ctrl+home", "scroll_help('scroll_home')", show=False),
        Binding("ctrl+end", "scroll_help('scroll_end')", show=False),
        Binding("f1", "close", show=False, id="show_help"),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    HelpScreen > .dialog--frame { max-width: 170; }
    HelpScreen {
        Input { border: none; height: 1; padding: 0 1; margin-bottom: 1; background: $panel; }
        Input:focus { border: none; }
        #help-body { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
        #help-body Static { height: auto; }
    }
    """

    def __init__(self, keys: Mapping[str, str] | None = None, *, first: str = "") -> None:
        """Make the screen.

        Args:
            first: The scope whose keys go first.
            keys: The person's own keys by action, comma-separated; None takes those that the program has set.
        """
        super().__init__()
        self._own_keys, self._first = keys, first

    def parts(self) -> Iterator[Widget]:
        """The filter and the table."""
        yield Input(placeholder="Type to narrow down: a key, a word, a /command", compact=True)
        yield VerticalScroll(Static("", markup=False), id="help-body", can_focus=False)

    def on_mount(self) -> None:
        """Show everything."""
        self._show("")

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._show(event.value.strip())

    def action_scroll_help(self, how: str) -> None:
        """Scroll the table."""
        body = self.query_one("#help-body", VerticalScroll)
        getattr(body, how)(animate=False)

    def _show(self, query: str) -> None:
        # Textual sets the keymap and gives no way to read it.
        keys = self._own_keys if self._own_keys is not None else self.app._keymap
        groups = help_groups(commands.groups(first=self._first), keys, query)
        table = Fitted(lambda width: _table(groups, query, width))
        self.query_one("#help-body Static", Static).update(table)
        self.query_one("#help-body", VerticalScroll).scroll_home(animate=False)


def _table(groups: Mapping[str, tuple[HelpLine, ...]], query: str, width: int) -> Content:
    if not groups:
        return Content.styled("No key or command has that in it.", QUIET)
    lines: list[Content] = []
    for name, entries in groups.items():
        lines += [Content("")] if lines else []
        lines.append(Content.styled(name, "bold $secondary"))
        for entry in entries:
            lines += _entry(entry, query, width)
    return Content("\n").join(lines)


def _entry(entry: HelpLine, query: str, width: int) -> list[Content]:
    keys = marked(entry.keys, match_spans(entry.keys, query)).stylize_before("bold $accent")
    title = marked(entry.title, match_spans(entry.title, query)).stylize_before("bold")
    help_words = marked(entry.help, match_spans(entry.help, query)).stylize_before(QUIET)
    slash = marked(entry.slash, match_spans(entry.slash, query)).stylize_before("$primary")
    keys_width = max(1, min(_KEYS_WIDTH, width // 4))
    rest = max(1, width - keys_width - 2)
    if width < _WIDE:
        under = [Content.assemble(title, "  ", slash), *help_words.wrap(rest)]
        return _side_by_side((keys.wrap(keys_width), keys_width, True), (under, rest, False))
    rest -= _TITLE_WIDTH + _SLASH_WIDTH + 4
    return _side_by_side(
        (keys.wrap(keys_width), keys_width, True),
        (title.wrap(_TITLE_WIDTH), _TITLE_WIDTH, False),
        (help_words.wrap(rest), rest, False),
        ([slash], _SLASH_WIDTH, False),
    )


def _side_by_side(*blocks: tuple[list[Content], int, bool]) -> list[Content]:
    """Blocks of lines, each with its width and whether it is set to the right, beside one another."""
    lines = zip_longest(*(block for block, _, _ in blocks), fillvalue=Content(""))
    return [
        columns(*((cell, width, right) for cell, (_, width, right) in zip(line, blocks, strict=True))) for line in lines
    ]
