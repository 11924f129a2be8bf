"""The list of conversations on the left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.conversations import Conversation
from engine.display import visible_line
from tui import commands
from tui.renderables.ago import ago


class ConversationList(OptionList):
    """The list itself, with its own keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*commands.bindings("conversations")]

    def __init__(self, *, id: str, typed: Callable[[str], None]) -> None:
        """Make an empty list.

        Args:
            id: Of the widget.
            typed: Takes what is typed while the focus is here: a person who types means the composer.
        """
        super().__init__(id=id, markup=False)
        self._typed = typed

    def on_key(self, event: events.Key) -> None:
        """Pass on what is typed."""
        if event.character is not None and event.is_printable:
            event.stop()
            self._typed(event.character)

    def action_list_open(self) -> None:
        """Open what is under the cursor."""
        self.action_select()

    def action_list_delete(self) -> None:
        """Delete what is under the cursor."""
        self._ask("delete")

    def action_list_rename(self) -> None:
        """Rename what is under the cursor."""
        self._ask("rename")

    async def action_list_undo(self) -> None:
        """Bring back what was deleted last."""
        await self.screen.run_action("undo_delete")

    def _ask(self, what: str) -> None:
        if self.highlighted is None:
            return
        option_id = self.get_option_at_index(self.highlighted).id
        if option_id is not None:
            self.post_message(Sidebar.Asked(what, int(option_id)))


class Sidebar(Vertical):
    """A filter and the conversations, newest first."""

    DEFAULT_CSS = """
    Sidebar {
        width: 30;
        background: $surface;
        border-right: tall $background;
        padding: 0;
        #sidebar-title { color: $text-muted; padding: 0 1; text-style: bold; }
        #sidebar-filter { border: none; height: 1; padding: 0 1; margin: 0 1; background: $panel; }
        #sidebar-empty { color: $text-muted; padding: 1 1; }
        ConversationList {
            border: none; background: $surface; height: 1fr; padding: 0; margin-top: 1;
            scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis;
        }
        ConversationList:focus { border: none; }
        ConversationList > .option-list--option-highlighted { background: $panel; color: $foreground; }
        ConversationList:focus > .option-list--option-highlighted { background: $primary 35%; color: $foreground; }
    }
    """

    class Opened(Message):
        """The person picked a conversation."""

        def __init__(self, conversation_id: int) -> None:
            """Carry its id."""
            super().__init__()
            self.conversation_id = conversation_id

    class Asked(Message):
        """The person wants something done to a conversation: delete or rename."""

        def __init__(self, what: str, conversation_id: int) -> None:
            """Carry what, and to which."""
            super().__init__()
            self.what = what
            self.conversation_id = conversation_id

    class Filtered(Message):
        """The person typed into the filter."""

        def __init__(self, query: str) -> None:
            """Carry what was typed."""
            super().__init__()
            self.query = query

    def __init__(self, *, id: str, typed: Callable[[str], None]) -> None:
        """Make an empty list.

        Args:
            id: Of the widget.
            typed: Takes what is typed while the focus is in the list.
        """
        super().__init__(id=id)
        self._typed = typed
        self._shown: tuple[tuple[Conversation, ...], int | None] | None = None

    def compose(self) -> ComposeResult:
        """Title, filter, list, and a word for when it is empty."""
        yield Static("Conversations", id="sidebar-title", markup=False)
        yield Input(placeholder="Find…", id="sidebar-filter", compact=True)
        yield Static("", id="sidebar-empty", markup=False)
        yield ConversationList(id="sidebar-list", typed=self._typed)

    @property
    def query_text(self) -> str:
        """What is in the filter."""
        return self.query_one("#sidebar-filter", Input).value

    def draw(self, conversations: Sequence[Conversation], current: int | None, *, now_s: float) -> None:
        """Show conversations, and mark the open one."""
        shown = (tuple(conversations), current)
        if shown == self._shown:
            return
        self._shown = shown
        options = self.query_one(ConversationList)
        highlighted = options.highlighted
        options.clear_options()
        options.add_options(
            Option(_entry(c, is_current=c.id == current, now_s=now_s), id=str(c.id)) for c in conversations
        )
        if conversations:
            places = {c.id: place for place, c in enumerate(conversations)}
            options.highlighted = (
                places.get(current, 0)
                if current is not None and not options.has_focus
                else min(highlighted or 0, len(conversations) - 1)
            )
        empty = self.query_one("#sidebar-empty", Static)
        empty.display = not conversations
        options.display = bool(conversations)
        empty.update("Nothing found." if self.query_text else "What you say is kept here.\n\nNothing yet.")

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option.id is not None:
            self.post_message(self.Opened(int(event.option.id)))

    @on(Input.Changed, "#sidebar-filter")
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Filtered(event.value))

    def on_key(self, event: events.Key) -> None:
        """From the filter, go down into what was found."""
        if event.key == "down" and self.query_one("#sidebar-filter").has_focus and self.query_one(OptionList).display:
            event.stop()
            self.query_one(OptionList).focus()

    @on(Input.Submitted, "#sidebar-filter")
    def _go_to_list(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(ConversationList).focus()


def _entry(conversation: Conversation, *, is_current: bool, now_s: float) -> Content:
    mark = "▸\N{NO-BREAK SPACE}" if is_current else "\N{NO-BREAK SPACE}" * 2
    title = visible_line(conversation.title) or "Untitled"
    first = Content.styled(f"{mark}{title}", "bold" if is_current else "")
    second = Content.styled(
        f"\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}{ago(now_s - conversation.updated_s)} · {_turns(conversation.turns)}",
        "$foreground-muted",
    )
    return Content("\n").join([first, second])


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count:,} turns"
