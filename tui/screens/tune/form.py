"""The form that sets up a fine-tune and starts it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from engine.corpus.spec import DataSpec
from engine.errors import Refused, TunesmithError
from engine.protocol import ModelInfo, Template
from engine.runs import Plan, RunFolder, start
from engine.runs.plan import LONGEST_BY_DEFAULT
from tui.data_desk import DataDesk
from tui.screens.dialog import Key
from tui.screens.tune.data_part import DataPart
from tui.screens.tune.fields import TuneFields
from tui.screens.tune.starter import Starter
from tui.services import Services
from tui.state.option_words import on_screen
from tui.state.tune import Reading, plan_in_words, rate_words, read, texts_of
from tui.state.tune_fields import NAME
from tui.state.tune_form import FIELDS
from tui.widgets.choice import Choice
from tui.widgets.form_row import FormRow, Lines, row_id
from tui.widgets.tick import Tick
from tui.widgets.words import Words

if TYPE_CHECKING:
    from tui.screens.model_picker import ModelChoice, ModelPicker

_INVITATION = "Name some data and press Ctrl+S: the rest is set to what usually works."
_NO_DATA = "✗ Not yet: the data can't be read"
_STARTING = "Starting the trainer…"
_ALWAYS_TOLD = "data.skip_faulty"


class TuneForm(DataPart):
    """The fields, what the data is, and what will be done. Gives the name of the run that was started, or None."""

    HEADING = "Teach a model"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall"), (38, "-roomy")]
    AUTO_FOCUS = f"#{row_id('data.source')} Input"
    KEYS = (
        Key("Ctrl+S", "starts it", "start"),
        Key("Ctrl+L", "data", "look"),
        Key("Ctrl+O", "models", "pick_model"),
        Key("↑↓", "move"),
        Key("Esc", "closes", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", show=False, priority=True),
        Binding("ctrl+l", "look", show=False, priority=True),
        Binding("ctrl+o", "pick_model", show=False, priority=True),
        # With priority: the fields are inside of a scroller, which would take these keys.
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    TuneForm > .dialog--frame { max-width: 116; }
    TuneForm {
        #tune-summary { height: auto; max-height: 3; padding: 0 1; margin-top: 1; color: $secondary; }
        &.-short #tune-summary { margin-top: 0; }
        &.-narrow FormRow.-name Input { width: 20; }
        &.-roomy TuneFields > FormRow, &.-roomy #tune-method { margin-bottom: 1; }
        &.-roomy TuneFields > #row-method { margin-bottom: 0; }
    }
    """

    def __init__(
        self,
        services: Services,
        *,
        plan: Plan | None = None,
        model: str = "",
        name: str = "",
        facts: Callable[[str], ModelInfo | None] = lambda model: None,
        begin: Callable[[RunFolder], int] = start,
        keep: Callable[[Plan, str], object] = lambda plan, name: None,
    ) -> None:
        """Make the form.

        Args:
            services: The folders, and how to start the process that reads data.
            plan: What to begin with: a plan to repeat, or what was typed before. None begins with the defaults.
            model: The model to teach, where the plan names none.
            name: What to call the run.
            facts: What is known of a model, by its reference.
            begin: Starts the trainer of a run.
            keep: Told what stands in the form when it is left without a start.
        """
        super().__init__()
        base = plan or Plan(model="", data=DataSpec(source=""))
        self._base = base if base.model else msgspec.structs.replace(base, model=model)
        self._fields = TuneFields(self._base, name)
        self._summary = Words(id="tune-summary")
        self._services = services
        self._facts = facts
        self._starter = Starter(services.paths.runs, begin)
        self._keep = keep
        self._desk = DataDesk(services.read_data)
        self._told: dict[str, str] = {}
        """What the engine said of a field when the start was tried, until that field changes."""
        self._was_tried = False
        """Only then is an empty field a fault."""

    def parts(self) -> Iterator[Widget]:
        """The fields, and what will be done."""
        yield self._fields
        yield self._summary

    def on_mount(self) -> None:
        """Start what reads data, and judge what stands in the form."""
        self._desk.start()
        self.judge()

    async def on_unmount(self) -> None:
        """End what reads data."""
        await asyncio.to_thread(self._desk.close)

    def on_resize(self) -> None:
        """Fit the words to the width."""
        self.judge()

    # What is typed

    def _read(self) -> Reading:
        return read(self._fields.texts, self._base)

    def typed_plan(self) -> Plan:
        """What the form says now."""
        return self._read().plan

    @property
    def longest(self) -> int:
        """Where rows are cut, in tokens."""
        plan = self.typed_plan()
        info = self._facts(plan.model)
        wanted = plan.max_length or LONGEST_BY_DEFAULT
        return min(wanted, info.context_tokens) if info else wanted

    @property
    def templates(self) -> Sequence[Template]:
        """The templates that prompts can be dressed with."""
        return self._services.library.scan().templates

    def take_spec(self, spec: DataSpec) -> None:
        """Put what was chosen in the inspector into the form."""
        self._base = msgspec.structs.replace(self._read().plan, data=spec)
        texts = texts_of(self._base)
        self._fields.fill({name: text for name, text in texts.items() if name.startswith("data.")})

    @on(FormRow.Changed)
    def _changed(self, event: FormRow.Changed) -> None:
        self._told.pop(event.row.field.name, None)
        self.judge()

    def judge(self) -> None:
        """Say beside each field what it means or what is wrong with it, and beneath them what will be done."""
        reading = self._read()
        plan, faults = reading.plan, self._faults(reading)
        info = self._facts(plan.model)
        rate = {"learning_rate": rate_words(plan, info.parameters if info else 0)}
        self._fields.judge(plan, faults, rate, self.data_words(plan.data))
        self._show_summary(plan, faults)
        self.look_soon(plan.data)

    def _faults(self, reading: Reading) -> dict[str, str]:
        faults = {**reading.faults, **self._told}
        if words := self.faulty_words(reading.plan.data):
            faults.setdefault(_ALWAYS_TOLD, words)
        if self._was_tried:
            return faults
        texts = self._fields.texts
        return {name: words for name, words in faults.items() if texts[name].strip() or name == _ALWAYS_TOLD}

    def _show_summary(self, plan: Plan, faults: dict[str, str]) -> None:
        words = f"{plan_in_words(plan)}. It goes on without this program."
        if faults and self._was_tried:
            words = "✗ Not yet: " + ", ".join(field.label for field in FIELDS if field.name in faults)
        elif not plan.data.source:
            words = _INVITATION
        self._say(words)

    def _say(self, words: str) -> None:
        faulty = words.startswith("✗")
        self._summary.say(Content.styled(words, "$text-error" if faulty else ""))

    # Moving

    @on(Input.Submitted)
    @on(Tick.Submitted)
    @on(Choice.Submitted)
    def _next(self) -> None:
        self.focus_next()

    def action_move(self, by: int) -> None:
        """Go to the field above or below; inside of several lines first through these."""
        lines = self.focused
        if isinstance(lines, Lines) and not lines.at_edge(by):
            lines.move_cursor_relative(rows=by)
        elif by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_close(self) -> None:
        """Leave; what was typed is there again next time."""
        reading = self._read()
        self._keep(reading.plan, reading.name)
        self.dismiss(None)

    # The model

    def action_pick_model(self) -> None:
        """Pick the model to teach."""
        from tui.screens.model_picker import ModelPicker

        picker = ModelPicker(None, self._read().plan.model)
        self.app.push_screen(picker, self._take_model)
        self.run_worker(self._list_models(picker), group="models", exclusive=True)

    async def _list_models(self, picker: ModelPicker) -> None:
        from engine.models import list_models

        services = self._services
        recent = services.memory.recent_models
        picker.update_entries(await asyncio.to_thread(list_models, services.paths, services.environ, remembered=recent))

    def _take_model(self, choice: ModelChoice | None) -> None:
        if choice is not None:
            self._fields.fill({"model": choice.ref} | ({"device": choice.device} if choice.device != "auto" else {}))

    # The start

    def action_start(self) -> None:
        """Start the run; a faulty field gets the cursor instead."""
        if any(worker.group == "start" and not worker.is_finished for worker in self.workers):
            return
        self._was_tried = True
        self.judge()
        reading = self._read()
        if faults := self._faults(reading):
            self._fields.go_to(next(field.name for field in FIELDS if field.name in faults))
            self.app.bell()
            return
        if self.data_fails(reading.plan.data):
            self._fields.go_to("data.source")
            self._say(_NO_DATA)
            self.app.bell()
            return
        self._say(_STARTING)
        self._start(reading.plan, reading.name)

    @work(group="start")
    async def _start(self, plan: Plan, name: str) -> None:
        try:
            started = await asyncio.to_thread(self._starter.start, plan, name)
        except TunesmithError as error:
            if self.is_open:
                self._refused(error, name)
        else:
            if self.is_open:
                self.dismiss(started)

    def _refused(self, error: TunesmithError, name: str) -> None:
        if isinstance(error, Refused) and name:
            self._told[NAME] = on_screen(error)
            self.judge()
            self._fields.go_to(NAME)
        else:
            self._say(f"✗ {on_screen(error)}")
