"""The inspector: one data set, row by row, as a whole, and how its columns are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Input, Label, Static

from engine.corpus.spec import DataSpec
from engine.display import visible_line
from engine.paths import anchored
from engine.protocol import Template
from tui.data_desk import DataDesk
from tui.screens.data_inspector.columns_pane import ColumnsPane
from tui.screens.data_inspector.reader import DataReader
from tui.screens.data_inspector.row_pane import RowPane
from tui.screens.data_inspector.survey_pane import SurveyPane
from tui.screens.dialog import Key
from tui.screens.line_prompt import LinePrompt
from tui.state.inspection import glimpse, shortened
from tui.state.tune import spec_for
from tui.widgets.choice import Choice
from tui.widgets.path_suggester import PathSuggester

_SHOWN_MODEL = 40
_TABS = (("row", "F2 Row by row"), ("all", "F3 All rows"), ("columns", "F4 Columns"))


class DataInspector(DataReader):
    """What is in the data, and what a model sees of it. Gives the spec as it was changed, or None."""

    HEADING = "Look at data"
    AUTO_FOCUS = ""
    KEYS = (
        Key("Ctrl+S", "uses it", "keep"),
        Key("F2 F3 F4", "views"),
        Key("Tab", "moves"),
        Key("Esc", "closes", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", show=False, priority=True),
        Binding("f2", "view('row')", show=False, priority=True),
        Binding("f3", "view('all')", show=False, priority=True),
        Binding("f4", "view('columns')", show=False, priority=True),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    DataInspector > .dialog--frame { max-width: 100%; max-height: 100%; height: 96%; width: 96%; }
    DataInspector {
        #data-source { height: 1; padding: 0 1; }
        #data-source Label { width: 8; color: $text-muted; }
        #data-source Input, #data-source Input:focus {
            border: none; height: 1; width: 1fr; padding: 0 1; background: $panel;
        }
        #data-source Input:focus { background: $primary 30%; }
        #data-glimpse { height: auto; max-height: 4; padding: 0 1 0 10; color: $text-muted; }
        #data-glimpse.-faulty { color: $text-error; }
        #data-views { width: auto; margin: 1 1; }
        &.-short #data-views { margin: 0 1; }
        ContentSwitcher { height: 1fr; }
        ContentSwitcher > * { height: 1fr; }
        &.-wide #row-columns { layout: horizontal; }
        &.-wide .row--side { width: 1fr; }
        &.-wide #row-left { margin-right: 3; }
        &.-wide #row-tokens { margin-top: 0; }
        &.-narrow ColumnsPane { Select, Input, Input:focus { width: 30; } }
    }
    """

    def __init__(
        self,
        desk: DataDesk,
        spec: DataSpec,
        *,
        model: str = "",
        max_length: int = 0,
        templates: Sequence[Template] = (),
    ) -> None:
        """Make the inspector.

        Args:
            desk: What reads data; it is started, and stays as it is when the inspector closes.
            spec: What to look at; its source may be empty.
            model: Whose tokens are counted; empty leaves tokens out.
            max_length: Where rows are cut, in tokens; 0 is no limit.
            templates: What prompts can be dressed with.
        """
        super().__init__(desk, spec, model=model, max_length=max_length)
        self._templates = templates

    def parts(self) -> Iterator[Widget]:
        """The source, what it is, and the three views."""
        source = Input(
            self.seen.spec.source,
            placeholder="a file, a folder, or a hub data set such as imdb",
            suggester=PathSuggester(),
            compact=True,
        )
        yield Horizontal(Label("Data"), source, id="data-source")
        yield Static("", id="data-glimpse", markup=False)
        yield Choice(_TABS, "row", id="data-views")
        with ContentSwitcher(initial="row"):
            yield RowPane(id="row")
            yield SurveyPane(id="all")
            yield ColumnsPane(self.seen.spec, self._templates, id="columns")

    def on_mount(self) -> None:
        """Look, where it is known at what."""
        self.draw()
        if self.seen.spec.source:
            self.read_again(self.seen.spec)
            self.query_one("#row-body").focus()
        else:
            self.query_one("#data-source Input").focus()

    # What somebody does

    def action_keep(self) -> None:
        """Give the spec as it is now."""
        spec = self._named()
        self.dismiss(spec if spec.source else None)

    def action_view(self, view: str) -> None:
        """Show one of the three views."""
        self.query_one("#data-views", Choice).value = view

    @on(Choice.Changed, "#data-views")
    def _viewed(self, event: Choice.Changed) -> None:
        event.stop()
        view = event.choice.value
        self.query_one(ContentSwitcher).current = view
        targets = {"row": "#row-body", "all": "#survey-body", "columns": "#columns Select"}
        if not event.choice.has_focus:
            self.query(targets[view]).first().focus()
        if (spec := self._named()).source not in ("", self.seen.spec.source):
            self.read_again(spec)  # somebody has named other data, and looks without Enter
        elif view == "all":
            self.count_all()
        else:
            self.stop_counting()
            if view == "row":
                self.show_row(self.seen.at)

    @on(Input.Submitted, "#data-source Input")
    def _source_named(self) -> None:
        self.read_again(self._named())
        self.query_one("#row-body").focus()

    def _named(self) -> DataSpec:
        typed = self.query_one("#data-source Input", Input).value.strip()
        return spec_for(anchored(typed), self.query_one(ColumnsPane).read())

    @on(ColumnsPane.Changed)
    def _columns_changed(self, event: ColumnsPane.Changed) -> None:
        self.read_again(event.spec)

    @on(SurveyPane.Consent)
    def _consented(self, event: SurveyPane.Consent) -> None:
        spec = msgspec.structs.replace(self.seen.spec, skip_faulty=event.given)
        self.see(self.seen.with_(spec=spec))

    @on(SurveyPane.CountAsked)
    def _count_or_stop(self) -> None:
        if self.seen.counted >= 0:
            self.stop_counting()
        else:
            self.see(self.seen.with_(report=None, survey_failure=""))
            self.count_all()

    @on(RowPane.Asked)
    def _row_asked(self, event: RowPane.Asked) -> None:
        self.see(self.seen.with_(at=event.row))
        self.show_row(event.row)

    @on(RowPane.NumberAsked)
    def _ask_for_number(self) -> None:
        def chosen(text: str | None) -> None:
            if text is not None:
                self._row_asked(RowPane.Asked(_row_number(text)))

        prompt = LinePrompt("Go to row", hint="Counted from 1", validate=_fault_of_number)
        self.app.push_screen(prompt, chosen)

    # What is shown

    @property
    def view(self) -> str:
        """Which view is open."""
        return str(self.query_one(ContentSwitcher).current)

    def draw(self, *, only_count: bool = False) -> None:
        """Show what is known."""
        seen = self.seen
        self.query_one(SurveyPane).show(seen)
        if only_count:
            return
        glimpsed = self.query_one("#data-glimpse", Static)
        glimpsed.set_class(bool(seen.failure), "-faulty")
        tokens = f" · tokens can't be shown: {self.without_tokens}" if self.without_tokens and seen.opened else ""
        words = glimpse(seen)
        if seen.is_looking and seen.fetching is None and self.model and not self.without_tokens:
            words = f"Looking at it, in the tokens of {shortened(self.model, _SHOWN_MODEL)}…"
        glimpsed.update(visible_line(words + tokens))
        glimpsed.display = bool(words)
        self.query_one(RowPane).show(seen)
        self.query_one(ColumnsPane).show(seen)


def _row_number(text: str) -> int:
    try:
        return int(text.replace(",", "").replace("_", "").strip())
    except ValueError:
        return 0


def _fault_of_number(text: str) -> str:
    return "" if 0 < _row_number(text) < 10**12 else "It has to be a number above 0"
