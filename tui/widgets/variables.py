"""The small form above the composer: the blanks of a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, HorizontalGroup
from textual.message import Message
from textual.widgets import Input, Label

from engine.display import visible_line
from engine.protocol import Variable


class Blank(Horizontal):
    """One blank: its name and what fills it."""

    DEFAULT_CSS = """
    Blank {
        width: 1fr;
        min-width: 24;
        height: 1;
        margin-right: 2;
        Label { color: $text-muted; margin-right: 1; }
        Input { width: 1fr; border: none; height: 1; padding: 0 1; background: $panel; }
        Input:focus { background: $primary 25%; }
    }
    """

    def __init__(self, variable: Variable, value: str) -> None:
        """Make a field with a value in it."""
        super().__init__()
        self.variable = variable
        self._value = value

    def compose(self) -> ComposeResult:
        """A label and an input."""
        yield Label(visible_line(self.variable.label or self.variable.name), markup=False)
        yield Input(self._value, placeholder=visible_line(self.variable.default), compact=True)


class VariablesForm(HorizontalGroup):
    """The blanks of the current template; nothing where it has none."""

    DEFAULT_CSS = """
    VariablesForm {
        height: auto;
        padding: 0 1;
        margin: 0 1;
    }
    """

    class Changed(Message):
        """A blank was filled in otherwise."""

        def __init__(self, values: dict[str, str]) -> None:
            """Carry the values by name."""
            super().__init__()
            self.values = values

    def __init__(self, *, id: str) -> None:
        """Make a form without blanks."""
        super().__init__(id=id)
        self._variables: tuple[Variable, ...] = ()
        self._values: dict[str, str] = {}

    @property
    def values(self) -> dict[str, str]:
        """What fills the blanks, by name."""
        return dict(self._values)

    async def show(self, variables: Sequence[Variable], values: Mapping[str, str]) -> None:
        """Show the blanks of a template. The field that is typed in is ahead of any value that comes from outside."""
        filled = {v.name: values.get(v.name, v.default) for v in variables}
        if tuple(variables) == self._variables:
            self._fill(filled)
            return
        self._variables, self._values = tuple(variables), filled
        self.display = bool(variables)
        async with self.batch():
            await self.remove_children()
            await self.mount_all(Blank(variable, filled[variable.name]) for variable in variables)

    def _fill(self, filled: Mapping[str, str]) -> None:
        for blank in self.query(Blank):
            field, name = blank.query_one(Input), blank.variable.name
            if not field.has_focus and field.value != filled[name]:
                self._values = {**self._values, name: filled[name]}
                field.value = filled[name]

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass a change on."""
        event.stop()
        blank = event.input.parent
        if isinstance(blank, Blank) and self._values.get(blank.variable.name) != event.value:
            self._values = {**self._values, blank.variable.name: event.value}
            self.post_message(self.Changed(self._values))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field, and from the last to the composer."""
        event.stop()
        self.screen.focus_next()
