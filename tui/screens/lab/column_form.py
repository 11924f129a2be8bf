"""Puts a column of the lab together: a template, a model and its sampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from engine.display import visible_line
from engine.lab.records import Variation
from engine.protocol import Sampling, SamplingChange, Template
from engine.templates import sampling_for
from tui.screens.dialog import Dialog, Key
from tui.screens.lab.pickers import Preview, pick_model, pick_template
from tui.services import Services
from tui.state.header import sampling_words
from tui.state.lab_draft import is_named_after
from tui.state.lab_form import stops_of, text_of_stops
from tui.state.sampling_fields import change_between
from tui.state.tune_fields import TuneField
from tui.widgets.form_row import ActionHint, FormRow, RowAction
from tui.widgets.variables import VariablesForm

_NAME = TuneField(name="name", label="Name", meaning="above the column; blank takes the template's", kind="text")
_MODEL = TuneField(name="model", label="Model", meaning="a name, a folder, run:NAME or run:NAME@STEP", kind="text")
_STOP = TuneField(name="stop", label="Stops at", meaning='beside the template\'s own: "\\n\\n", "User:"', kind="text")


class SetRow(Horizontal):
    """Something that is chosen in a dialog of its own."""

    DEFAULT_CSS = """
    SetRow {
        height: 1; padding: 0 1;
        Label { width: 18; color: $text-muted; }
        .set--value { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; padding: 0 1; background: $panel; }
        ActionHint { width: auto; margin-left: 2; color: $text-muted; }
    }
    """

    def __init__(self, label: str, action: RowAction, *, id: str) -> None:
        """Show nothing yet."""
        super().__init__(id=id)
        self._label, self._action = label, action

    def compose(self) -> ComposeResult:
        """Label, value and key."""
        yield Label(self._label, markup=False)
        yield Static("", classes="set--value", markup=False)
        yield ActionHint(self._action)

    def show(self, words: str) -> None:
        """Show what is chosen."""
        self.query_one(".set--value", Static).update(visible_line(words))


class ColumnForm(Dialog[Variation]):
    """Gives the variation, or None."""

    HEADING = "A column: one way of asking"
    AUTO_FOCUS = "#row-name Input"
    KEYS = (
        Key("Ctrl+S", "keeps it", "keep"),
        Key("Ctrl+T", "template", "pick_template"),
        Key("Ctrl+O", "model", "pick_model"),
        Key("Ctrl+G", "sampling", "edit_sampling"),
        Key("Esc", "closes", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "pick_template", show=False, priority=True),
        Binding("ctrl+o", "pick_model", show=False, priority=True),
        Binding("ctrl+g", "edit_sampling", show=False, priority=True),
        Binding("enter,ctrl+s", "keep", show=False, priority=True),
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    ColumnForm > .dialog--frame { max-width: 110; height: auto; max-height: 100%; }
    ColumnForm.-short > .dialog--frame { height: auto; }
    ColumnForm {
        FormRow, SetRow { margin-bottom: 1; }
        &.-short FormRow, &.-short SetRow { margin-bottom: 0; }
        VariablesForm { margin: 0 0 1 18; }
        .dialog--keys, &.-short .dialog--keys { dock: none; margin-top: 1; }
    }
    """

    def __init__(
        self,
        variation: Variation,
        services: Services,
        preview: Preview,
        write: Callable[..., object],
        *,
        change: SamplingChange | None = None,
    ) -> None:
        """Make the form.

        Args:
            variation: What it begins with.
            services: The library, the settings, and where models are looked for.
            preview: What a model sees of a template, for the picker.
            write: Opens the studio on a template.
            change: What of the sampling was set by hand; None tells it from the variation.
        """
        super().__init__()
        self._services, self._preview, self._before = services, preview, variation
        self._write = write
        self._template = variation.template
        self._variables = dict(variation.variables)
        self._change = change_between(self._defaults, variation.sampling) if change is None else change

    def parts(self) -> Iterator[Widget]:
        """The fields."""
        name = "" if is_named_after(self._before.name, self._template.name) else self._before.name
        yield SetRow("Template", RowAction("Ctrl+T", "picks", "pick_template"), id="column-template")
        yield VariablesForm(id="column-variables")
        yield FormRow(_MODEL, self._before.model, "", action=RowAction("Ctrl+O", "picks", "pick_model"))
        yield SetRow("Sampling", RowAction("Ctrl+G", "sets", "edit_sampling"), id="column-sampling")
        yield FormRow(_NAME, name, "")
        yield FormRow(_STOP, text_of_stops(self._before.stop), "")

    async def on_mount(self) -> None:
        """Show what is chosen."""
        await self._show()

    async def _show(self) -> None:
        sampling = self._sampling
        self.query_one("#column-template", SetRow).show(self._template.name)
        words = f"{sampling_words(sampling)} · {sampling.max_new_tokens:,} tokens at most"
        self.query_one("#column-sampling", SetRow).show(words)
        form = self.query_one("#column-variables", VariablesForm)
        form.display = bool(self._template.variables)
        await form.show(self._template.variables, self._variables)
        self.query_one("#row-name Input", Input).placeholder = visible_line(self._template.name)

    @property
    def _defaults(self) -> Sampling:
        return sampling_for(self._services.settings.sampling, self._template.sampling)

    @property
    def _sampling(self) -> Sampling:
        return sampling_for(self._services.settings.sampling, self._template.sampling, self._change)

    @on(VariablesForm.Changed)
    def _fill_in(self, event: VariablesForm.Changed) -> None:
        self._variables = event.values

    @on(FormRow.Changed)
    def _forget_fault(self, event: FormRow.Changed) -> None:
        event.row.judge("", changed=False)

    def action_pick_template(self) -> None:
        """Pick a template."""
        pick_template(
            self, self._services, self._template.id, self._preview, chosen=self._take_template, write=self._write
        )

    def _take_template(self, template: Template) -> None:
        self._template = template
        self._variables = {v.name: self._variables.get(v.name, v.default) for v in template.variables}
        self.run_worker(self._show(), group="show", exclusive=True)

    def action_pick_model(self) -> None:
        """Pick a model."""
        row = self._row("model")
        pick_model(self, self._services, row.text, lambda ref: setattr(row, "text", ref))

    def action_edit_sampling(self) -> None:
        """Set the sampling."""
        from tui.screens.sampling_form import SamplingForm

        self.app.push_screen(SamplingForm(self._sampling, self._defaults), self._take_sampling)

    def _take_sampling(self, change: SamplingChange | None) -> None:
        if change is not None:
            self._change = change
            self.run_worker(self._show(), group="show", exclusive=True)

    def action_keep(self) -> None:
        """Give the column, where it has a model."""
        model, stop = self._row("model").text.strip(), self._row("stop").text
        try:
            stops = stops_of(stop)
        except ValueError as error:
            self._refuse("stop", str(error))
            return
        if not model:
            self._refuse("model", "which model? Ctrl+O lists those that are here")
            return
        names = {variable.name for variable in self._template.variables}
        self.dismiss(
            msgspec.structs.replace(
                self._before,
                name=" ".join(self._row("name").text.split()) or self._template.name,
                model=model,
                template=self._template,
                variables={name: value for name, value in self._variables.items() if name in names},
                sampling=self._sampling,
                stop=stops,
            )
        )

    def _refuse(self, name: str, fault: str) -> None:
        row = self._row(name)
        row.judge(fault, changed=False)
        row.value.focus()
        self.app.bell()

    def _row(self, name: str) -> FormRow:
        return self.query_one(f"#row-{name}", FormRow)
