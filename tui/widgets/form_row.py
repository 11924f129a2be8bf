"""Rows of a long form: a label, something to fill in, and what it means or what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label, Static, TextArea

from engine.display import visible_line
from tui.renderables.fitted import Fitted
from tui.state.tune import YES
from tui.state.tune_fields import TuneField
from tui.widgets.choice import Choice
from tui.widgets.tick import Tick


class Lines(TextArea):
    """A few lines, as high as they need."""

    DEFAULT_CSS = """
    Lines, Lines:focus { border: none; padding: 0 1; height: auto; max-height: 4; background: $panel; }
    Lines:focus { background: $primary 30%; }
    """

    def at_edge(self, by: int) -> bool:
        """Whether the cursor can't go further up (-1) or down (1)."""
        row = self.cursor_location[0]
        return row == 0 if by < 0 else row == self.document.line_count - 1


class FormRow(Vertical):
    """One field. It tells `Changed` whenever somebody fills in something else."""

    DEFAULT_CSS = """
    FormRow {
        height: auto; padding: 0 1;
        .row--line { height: auto; }
        Label { width: 18; color: $text-muted; }
        Input, Input:focus { border: none; height: 1; padding: 0 1; background: $panel; }
        Input:focus { background: $primary 30%; }
        Input { width: 14; }
        Tick { width: 14; }
        &.-name Input { width: 30; }
        &.-wide Input, &.-wide Lines { width: 1fr; }
        .row--meaning { width: 1fr; height: auto; margin-left: 2; color: $text-muted; }
        .row--beneath { height: auto; margin-left: 19; color: $text-muted; display: none; }
        .row--action { width: auto; margin-left: 2; color: $text-muted; }
        .row--action:hover { background: $foreground 10%; }
    }
    FormRow.-changed Label { color: $foreground; text-style: bold; }
    FormRow.-faulty .row--meaning, FormRow.-faulty .row--beneath { color: $text-error; }
    FormRow.-faulty Input { background: $error 30%; }
    """

    class Changed(Message):
        """Somebody filled in something else."""

        def __init__(self, row: FormRow) -> None:
            """Carry the row."""
            super().__init__()
            self.row = row

    def __init__(
        self,
        field: TuneField,
        text: str,
        default: str,
        *,
        suggester: Suggester | None = None,
        action: RowAction | None = None,
    ) -> None:
        """Make a row.

        Args:
            field: What it is about.
            text: What stands in it.
            default: What blank means, shown where it is blank.
            suggester: Completes what is typed.
            action: What else can be done about it.
        """
        super().__init__(id=row_id(field.name))
        self.field = field
        self._action = action
        self._judged: tuple[str, bool, str, str] | None = None
        self._is_wide = field.kind in ("text", "lines") and not field.blank and not field.group
        self.set_class(self._is_wide, "-wide")
        self.set_class(field.kind in ("text", "words") and not self._is_wide, "-name")
        self._label = Label(field.label, markup=False)
        self._meaning = Static(field.meaning, classes="row--meaning", markup=False)
        self._beneath = Static("", classes="row--beneath", markup=False)
        self.value = self._make_value(text, default, suggester)
        """What is filled in by a person."""

    def compose(self) -> ComposeResult:
        """Label, value and meaning on one line; beneath it what needs more room."""
        with Horizontal(classes="row--line"):
            yield self._label
            yield self.value
            if not self._is_wide:
                yield self._meaning
            if self._action is not None:
                yield ActionHint(self._action)
        yield self._beneath

    @property
    def text(self) -> str:
        """What is filled in, as `tui.state.tune` reads it."""
        match self.value:
            case Tick() as tick:
                return YES if tick.value else ""
            case Lines() as lines:
                return lines.text
            case Choice() | Input() as other:
                return other.value
        return ""

    @text.setter
    def text(self, text: str) -> None:
        match self.value:
            case Tick() as tick:
                tick.value = text == YES
            case Lines() as lines:
                lines.text = text
            case Choice() | Input() as other:
                other.value = text

    def judge(self, fault: str, *, changed: bool, meaning: str = "", beneath: str = "") -> None:
        """Show what is wrong with the field, else what it means.

        Args:
            fault: In words; empty where nothing is wrong.
            changed: Whether it is away from its default.
            meaning: In place of the field's own.
            beneath: What else there is to say, on lines of its own.
        """
        if self._judged == (judged := (fault, changed, meaning, beneath)):
            return  # each key judges all rows, and each update lays the whole form out anew
        self._judged = judged
        self.set_class(bool(fault), "-faulty")
        self.set_class(changed, "-changed")
        mark = "• " if changed else ""
        self._label.update(f"{mark}{self.field.label}")
        told = f"✗ {fault}" if fault else ""
        if not self._is_wide:
            choices = (meaning,) if meaning else (self.field.meaning, self.field.brief or self.field.meaning)
            words = (told,) if told else choices
            self._meaning.update(Fitted(lambda width: longest(words, width)))
        shown = (told if self._is_wide else "") or beneath
        self._beneath.display = bool(shown)
        self._beneath.update(visible_line(shown))

    def _make_value(self, text: str, default: str, suggester: Suggester | None) -> Widget:
        field = self.field
        match field.kind:
            case "tick":
                return Tick("", text == YES)
            case "choice":
                return Choice(field.choices, text)
            case "lines":
                return Lines(text, placeholder=field.meaning, compact=True, tab_behavior="focus")
        return Input(
            text,
            placeholder=field.meaning if self._is_wide else default,
            compact=True,
            select_on_focus=field.kind in ("whole", "number"),
            suggester=suggester,
        )

    @on(Input.Changed)
    @on(Choice.Changed)
    @on(Checkbox.Changed)
    @on(TextArea.Changed)
    def _value_changed(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed(self))


class RowAction(msgspec.Struct, frozen=True):
    """Something that can be done about a field, by a key of the dialog or a click."""

    key: str
    words: str
    action: str


class ActionHint(Static):
    """The key behind a field."""

    def __init__(self, action: RowAction) -> None:
        """Show a key."""
        words = Content.assemble((action.key, "bold $accent"), f" {action.words}")
        super().__init__(words, classes="row--action", markup=False)
        self._action = action.action

    async def on_click(self) -> None:
        """Do what the key does."""
        await self.screen.run_action(self._action)


def row_id(name: str) -> str:
    """The id of a field's row."""
    return f"row-{name.replace('.', '-')}"


def longest(choices: Sequence[str], width: int) -> Content:
    """The first that fits on one line; the last wraps."""
    contents = [Content(visible_line(choice)) for choice in choices]
    return next((content for content in contents if content.cell_length <= width), contents[-1])
