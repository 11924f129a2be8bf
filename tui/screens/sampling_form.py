"""Sets how the next token is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label, Static

from engine.display import visible_line
from engine.protocol import Sampling, SamplingChange
from tui.renderables.fitted import Fitted
from tui.screens.dialog import Dialog, Key
from tui.state.sampling_fields import FIELDS, Field, Reading, change_between, read, summary, text_of, texts_of
from tui.widgets.tick import Tick


class FieldRow(Horizontal):
    """A label, a number, and what the number means or what is wrong with it."""

    DEFAULT_CSS = """
    FieldRow {
        height: auto; min-height: 1; padding: 0 1;
        Label { width: 22; color: $text-muted; }
        Input { width: 14; height: 1; border: none; padding: 0 1; background: $panel; }
        Input:focus { border: none; background: $primary 30%; }
        Static.meaning { width: 1fr; height: auto; margin-left: 2; color: $text-muted; }
    }
    FieldRow.-changed Label { color: $foreground; text-style: bold; }
    FieldRow.-faulty Static.meaning { color: $text-error; }
    FieldRow.-faulty Input { background: $error 30%; }
    """

    def __init__(self, field: Field, text: str, default: str) -> None:
        """Make a row with a text in it; `default` shows where it is blank."""
        super().__init__(id=f"row-{field.name}")
        self.field = field
        self._text = text
        self._default = default
        self._judged: tuple[str, bool] | None = None

    def compose(self) -> ComposeResult:
        """The three parts."""
        yield Label(self.field.label, markup=False)
        yield Input(self._text, placeholder=self._default or "drawn", compact=True, select_on_focus=True)
        yield Static(self.field.meaning, classes="meaning", markup=False)

    def judge(self, fault: str, *, changed: bool) -> None:
        """Show whether the field is faulty, and whether it is away from its default."""
        if self._judged == (fault, changed):
            return
        self._judged = (fault, changed)
        self.set_class(bool(fault), "-faulty")
        self.set_class(changed, "-changed")
        mark = "• " if changed else ""
        self.query_one(Label).update(f"{mark}{self.field.label}")
        default = f" (default {self._default})" if changed and self._default else ""
        choices = (f"{self.field.meaning}{default}", self.field.meaning, self.field.brief)
        words = (f"✗ {fault}",) if fault else choices
        self.query_one(".meaning", Static).update(Fitted(lambda width: _longest(words, width)))


def _longest(choices: Sequence[str], width: int) -> Content:
    """The first that fits on one line; the last wraps."""
    contents = [Content(visible_line(choice)) for choice in choices]
    return next((content for content in contents if content.cell_length <= width), contents[-1])


class SamplingForm(Dialog[SamplingChange]):
    """The fields, and what they do together in words. Gives what differs from the defaults, or None."""

    HEADING = "Sampling: how the next token is chosen"
    AUTO_FOCUS = "#row-temperature Input"
    KEYS = (
        Key("Enter", "keeps it", "keep"),
        Key("↑↓", "move"),
        Key("Ctrl+G", "greedy", "greedy"),
        Key("Ctrl+R", "defaults", "reset"),
        Key("Esc", "closes", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", show=False),
        Binding("ctrl+g", "greedy", show=False),
        Binding("ctrl+r", "reset", show=False),
        # With priority: the fields are inside of a scroller, which would take these keys.
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    SamplingForm > .dialog--frame { max-width: 116; height: auto; max-height: 100%; }
    SamplingForm.-short > .dialog--frame { height: auto; }
    SamplingForm {
        #sampling-fields { height: auto; scrollbar-size-vertical: 1; }
        Tick { margin-bottom: 1; }
        &.-short Tick { margin-bottom: 0; }
        &.-narrow FieldRow Label { width: 20; }
        &.-narrow FieldRow Input { width: 12; }
        &.-tall FieldRow { margin-bottom: 1; }
        #sampling-summary { height: auto; padding: 0 1; margin-top: 1; color: $secondary; }
        &.-short #sampling-summary { margin-top: 0; }
        .dialog--keys, &.-short .dialog--keys { dock: none; margin-top: 1; }
        &.-short .dialog--keys { margin-top: 0; }
    }
    """

    def __init__(self, sampling: Sampling, defaults: Sampling) -> None:
        """Make the form.

        Args:
            sampling: The values that are in use.
            defaults: What the template and the settings give where nothing is set here.
        """
        super().__init__()
        self._sampling = sampling
        self._defaults = defaults
        self._warm = sampling.temperature or defaults.temperature or Sampling().temperature

    def parts(self) -> Iterator[Widget]:
        """The toggle, the fields and the summary."""
        texts, defaults = texts_of(self._sampling), texts_of(self._defaults)
        with VerticalScroll(id="sampling-fields", can_focus=False):
            yield Tick("Greedy: always the likeliest token (temperature 0)", self._sampling.temperature == 0)
            for field in FIELDS:
                yield FieldRow(field, texts[field.name], defaults[field.name])
        yield Static("", id="sampling-summary", markup=False)

    def on_mount(self) -> None:
        """Judge the values as they came."""
        self._judge()

    @on(Input.Submitted)
    @on(Tick.Submitted)
    def action_keep(self) -> None:
        """Give what differs from the defaults; a faulty field gets the cursor instead."""
        reading = self._read()
        if reading.faults:
            self._row(next(iter(reading.faults))).query_one(Input).focus()
            self.app.bell()
            return
        self.dismiss(change_between(self._defaults, reading.sampling))

    def action_greedy(self) -> None:
        """Switch greedy decoding on or off."""
        self.query_one(Checkbox).toggle()

    def action_reset(self) -> None:
        """Put the defaults into all fields."""
        for name, text in texts_of(self._defaults).items():
            self._row(name).query_one(Input).value = text

    @on(Checkbox.Changed)
    def _greedy_changed(self, event: Checkbox.Changed) -> None:
        field = self._row("temperature").query_one(Input)
        if event.value and self._read().sampling.temperature > 0:
            self._warm = self._read().sampling.temperature
            field.value = "0"
        elif not event.value and self._read().sampling.temperature == 0:
            field.value = text_of(self._warm)
        field.select_all()

    @on(Input.Changed)
    def _judge(self) -> None:
        reading = self._read()
        for field in FIELDS:
            changed = getattr(reading.sampling, field.name) != getattr(self._defaults, field.name)
            self._row(field.name).judge(reading.faults.get(field.name, ""), changed=changed)
        with self.prevent(Checkbox.Changed):
            self.query_one(Checkbox).value = reading.sampling.temperature == 0
        words = Content.styled(f"✗ {_faulty(reading)}", "$text-error") if reading.faults else summary(reading.sampling)
        self.query_one("#sampling-summary", Static).update(words)

    def _read(self) -> Reading:
        texts = {field.name: self._row(field.name).query_one(Input).value for field in FIELDS}
        return read(texts, self._defaults)

    def _row(self, name: str) -> FieldRow:
        return self.query_one(f"#row-{name}", FieldRow)


def _faulty(reading: Reading) -> str:
    labels = [field.label for field in FIELDS if field.name in reading.faults]
    return f"{' and '.join(labels)} can't be used like this."
