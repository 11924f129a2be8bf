"""How rows are read: their shape, which column plays which part, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Select, Static

from engine.corpus.spec import DataSpec
from engine.display import visible_line
from engine.protocol import Template
from tui.renderables.fitted import QUIET, Fitted
from tui.state.inspection import ROLES, SHAPES, Inspection
from tui.widgets.choice import Choice

_ROLES = ("text", "prompt", "input", "completion", "messages", "label")
_GUESS = "guess it"
_ASK = "Say which column is what:"
_SHOWN = 40


class ColumnsPane(VerticalScroll, can_focus=False):
    """Selects for all that can be guessed. It tells `Changed` with the spec that they make."""

    DEFAULT_CSS = """
    ColumnsPane {
        scrollbar-size-vertical: 1;
        .pane--line { height: auto; min-height: 1; padding: 0 1; }
        Label { width: 16; color: $text-muted; }
        Select { width: 44; }
        Select > SelectCurrent, Select.-textual-compact > SelectCurrent {
            background: $panel; padding: 0 1; border: none;
        }
        Select:focus > SelectCurrent { border: none; background: $primary 30%; }
        Input, Input:focus { border: none; height: 1; width: 44; padding: 0 1; background: $panel; }
        Input:focus { background: $primary 30%; }
        .pane--words { width: 1fr; height: auto; margin-left: 2; color: $text-muted; }
        #columns-why { height: auto; padding: 0 1; margin-bottom: 1; color: $secondary; }
    }
    """

    class Changed(Message):
        """Rows shall be read in another way."""

        def __init__(self, spec: DataSpec) -> None:
            """Carry how."""
            super().__init__()
            self.spec = spec

    def __init__(self, spec: DataSpec, templates: Sequence[Template], *, id: str) -> None:
        """Make it.

        Args:
            spec: What is asked for.
            templates: What prompts can be dressed with.
            id: The widget's id.
        """
        super().__init__(id=id)
        self._spec = spec
        known = {template.id: template for template in templates}
        if spec.template is not None:
            known[spec.template.id] = spec.template
        self._templates = known

    def compose(self) -> ComposeResult:
        """One line for each."""
        yield Static("", id="columns-why", markup=False)
        yield self._line("shape", "Shape", _select([("", _GUESS), *SHAPES.items()], self._spec.shape))
        for role in _ROLES:
            name = getattr(self._spec, f"{role}_column")
            yield self._line(
                role, role.capitalize(), _select([("", _GUESS), *((name, name) for _ in [0] if name)], name)
            )
        yield self._line("words", "Label words", Input(", ".join(self._spec.label_words), compact=True))
        yield self._line("rows", "A row is", Choice(_TEXT_ROWS, self._spec.text_rows))
        yield self._line("loss", "Learned", Choice(_LOSS, self._spec.loss_on))
        chosen = self._spec.template.id if self._spec.template is not None else ""
        options = [("", "by shape and model"), *((one.id, one.name) for one in self._templates.values())]
        yield self._line("template", "Template", _select(options, chosen))
        yield self._line("split", "Split", Input(self._spec.split, placeholder="train", compact=True))
        yield self._line("config", "Configuration", Input(self._spec.config, compact=True))

    def show(self, seen: Inspection) -> None:
        """Show what was guessed, and the columns that there are to choose from."""
        self._spec = seen.spec
        columns = seen.columns
        shape = columns.shape if columns else seen.spec.shape
        names = dict(ROLES[shape]) if shape else {}
        self._say("#columns-why", visible_line(columns.why) if columns else _ASK if seen.present else "")
        self._fill("shape", [("", _GUESS), *SHAPES.items()], seen.spec.shape)
        self._say("#columns-shape .pane--words", _now(SHAPES[columns.shape]) if columns else "")
        for role in _ROLES:
            line = self._of(role)
            line.display = role in names or (not shape and bool(seen.present) and role != "input")
            line.query_one(Label).update(names.get(role, role.capitalize()))
            wanted = getattr(seen.spec, f"{role}_column")
            self._fill(role, [("", _GUESS), *((name, name) for name in seen.present)], wanted)
            self._say(f"#columns-{role} .pane--words", _now(getattr(columns, role)) if columns else "")
        self._of("words").display = shape == "labelled"
        self._of("rows").display = seen.spec.source.lower().removesuffix(".gz").endswith((".txt", ".text", ".md"))
        self._of("loss").display = shape not in ("", "text")
        self._of("template").display = shape not in ("", "text")
        used = seen.opened.template if seen.opened else None
        words = _now(used.name if used is not None else "none, the text as it is")
        self._say("#columns-template .pane--words", words if columns else "")
        self._say("#columns-words .pane--words", _label_words(seen))

    def _say(self, selector: str, words: str) -> None:
        self.query_one(selector, Static).update(Fitted(lambda width: Content.styled(words, QUIET)))

    def _of(self, name: str) -> Widget:
        return self.query_one(f"#columns-{name}")

    def _line(self, name: str, label: str, value: Widget) -> Horizontal:
        return Horizontal(
            Label(label, markup=False),
            value,
            Static("", classes="pane--words", markup=False),
            id=f"columns-{name}",
            classes="pane--line",
        )

    def _fill(self, name: str, options: Sequence[tuple[str, str]], value: str) -> None:
        select = self._of(name).query_one(Select)
        made = _options(options, value)
        with self.prevent(Select.Changed):
            select.set_options(made)
            select.value = value

    @on(Select.Changed)
    @on(Choice.Changed)
    @on(Input.Submitted)
    @on(Input.Blurred)
    def _changed(self, event: Message) -> None:
        event.stop()
        spec = self.read()
        if spec != self._spec:
            self._spec = spec
            self.post_message(self.Changed(spec))

    def read(self) -> DataSpec:
        """The spec that is filled in."""
        changes: dict[str, Any] = {f"{role}_column": self._selected(role) for role in _ROLES}
        shape = self._selected("shape")
        if shape != self._spec.shape:
            # Another shape has other parts: what was chosen for the old ones says nothing about it.
            kept = {role for role, _ in ROLES.get(shape, ())}  # type: ignore[call-overload]
            changes = {name: text if name.removesuffix("_column") in kept else "" for name, text in changes.items()}
        words = self._of("words").query_one(Input).value
        return msgspec.structs.replace(
            self._spec,
            shape=shape,
            label_words=tuple(word.strip() for word in words.split(",")) if words.strip() else (),
            text_rows=self._of("rows").query_one(Choice).value,
            loss_on=self._of("loss").query_one(Choice).value,
            template=self._templates.get(self._selected("template")),
            split=self._of("split").query_one(Input).value.strip(),
            config=self._of("config").query_one(Input).value.strip(),
            **changes,
        )

    def _selected(self, name: str) -> str:
        value = self._of(name).query_one(Select).value
        return value if isinstance(value, str) else ""


_TEXT_ROWS = (("document", "the whole file"), ("paragraph", "a paragraph"), ("line", "a line"))
_LOSS = (("completion", "what is answered"), ("all", "prompts too"))


def _now(words: str) -> str:
    return f"now: {visible_line(words)[:_SHOWN]}" if words else ""


def _label_words(seen: Inspection) -> str:
    if seen.report is None or not seen.report.labels:
        return "one for each label, with commas"
    return "for " + ", ".join(visible_line(one.label)[:16] for one in seen.report.labels[:6])


def _options(options: Sequence[tuple[str, str]], value: str) -> list[tuple[Any, str]]:
    known = options if any(value == option for option, _ in options) else [*options, (value, value)]
    return [(Content(visible_line(words)[:_SHOWN]), option) for option, words in known]


def _select(options: Sequence[tuple[str, str]], value: str) -> Select[str]:
    return Select(_options(options, value), value=value, allow_blank=False, compact=True)
