"""All training runs: open one, go on with it, talk to what it made, rename, repeat with a change, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.display import visible_line
from engine.errors import TunesmithError
from engine.figures import human_bytes
from engine.runs import Plan, RunFolder, delete, list_runs, rename
from engine.runs.store import RunSummary
from tui.renderables.fitted import Fitted
from tui.screens.dialog import Dialog, Key
from tui.state.run_rows import matching
from tui.widgets.filter_list import FilterList, Row
from tui.widgets.run_row import run_columns, run_lines, run_page

_LOOK_EVERY_S = 2.0
_LOOKING = "Looking for runs…"
_NONE = (
    "No model was ever taught here.\n\nClose this and use /tune, or from a shell:\n"
    "tunesmith tune --model gpt2 --data FILE"
)
_NOTHING = "No run answers to that."

What = Literal["open", "resume", "talk", "repeat"]


class RunChoice(msgspec.Struct, frozen=True):
    """What was picked, and what for."""

    what: What
    name: str
    plan: Plan | None = None
    """Of the run, for `repeat`."""


class RunsDialog(Dialog[RunChoice]):
    """The runs, and the facts about the one under the cursor. Gives a `RunChoice`, or None."""

    HEADING = "Training runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "rename", "Rename", show=False),
        Binding("f3", "talk", "Talk to it", show=False),
        Binding("f7", "resume", "Go on", show=False),
        Binding("f8", "delete", "Delete", show=False),
        Binding("f9", "repeat", "Repeat", show=False),
    ]
    KEYS = (
        Key("Enter", "opens", "choose"),
        Key("F2", "renames", "rename"),
        Key("F3", "talks", "talk"),
        Key("F7", "goes on", "resume"),
        Key("F9", "repeats", "repeat"),
        Key("F8", "deletes", "delete"),
        Key("Esc", "closes", "close"),
    )

    DEFAULT_CSS: ClassVar[str] = """
    RunsDialog.-wide > .dialog--frame { max-width: 172; }
    RunsDialog {
        #runs-body { height: 1fr; }
        #runs-facts {
            width: 38%; max-width: 52; height: 1fr; padding: 0 1 0 2; margin-left: 1;
            border-left: vkey $border; scrollbar-size-vertical: 1;
        }
        &.-narrow #runs-body { layout: vertical; }
        &.-narrow #runs-facts {
            width: 100%; max-width: 100%; height: 3; border: none; margin: 0; padding: 0 1; color: $text-muted;
        }
        &.-narrow KeyHint { margin-right: 1; }
        #runs-fault { display: none; color: $text-error; padding: 0 1; max-height: 4; }
    }
    """

    def __init__(
        self,
        runs: Path,
        shown: str,
        *,
        now: Callable[[], float],
        renamed: Callable[[str, str], object] = lambda old, new: None,
    ) -> None:
        """Make the dialog; the runs are read once it is open.

        Args:
            runs: The folder of runs.
            shown: The run that the panel shows; empty where it shows none.
            now: Seconds since the epoch.
            renamed: Told the old and the new name of a run.
        """
        super().__init__()
        self._folder = runs
        self._shown = shown
        self._now = now
        self._renamed = renamed
        self._runs: tuple[RunSummary, ...] | None = None

    def parts(self) -> Iterator[Widget]:
        """The list beside the facts."""
        facts = VerticalScroll(Static("", markup=False), id="runs-facts", can_focus=False)
        yield Horizontal(FilterList(placeholder="Filter by name, state, model or data"), facts, id="runs-body")
        yield Static("", id="runs-fault", markup=False)

    def on_mount(self) -> None:
        """Look, and look again now and then: runs go on while they are listed."""
        self._draw()
        self._look()
        self.set_interval(_LOOK_EVERY_S, self._look)

    def on_resize(self) -> None:
        """Lay the facts out for another width."""
        self._show_facts()

    @work(group="runs", exclusive=True)
    async def _look(self, highlight: str = "") -> None:
        try:
            found = tuple(await asyncio.to_thread(list_runs, self._folder))
        except OSError:  # one was deleted while it was read: the next look comes soon
            return
        if self.is_open and (highlight or found != self._runs):
            self._runs = found
            self._draw(highlight)

    def _draw(self, highlight: str = "") -> None:
        filter_list = self.query_one(FilterList)
        query = filter_list.query_text
        runs = self._runs or ()
        found = matching(runs, query)
        note = _LOOKING if self._runs is None else _NONE if not runs else _NOTHING if not found else ""
        rows = [self._row(run, query) for run in found]
        filter_list.show(rows, highlight=highlight or filter_list.highlighted_id or self._shown, note=note)
        self.frame.border_subtitle = Content(f"{len(found)} of {len(runs)}" if runs else "")

    def _row(self, run: RunSummary, query: str) -> Row:
        return Row(run.name, Fitted(lambda width: run_columns(run, query, run.name == self._shown, width), height=1))

    @property
    def _run(self) -> RunSummary | None:
        name = self.query_one(FilterList).highlighted_id
        return next((run for run in self._runs or () if run.name == name), None)

    @on(FilterList.Filtered)
    def _narrow(self) -> None:
        self._draw()

    @on(FilterList.Highlighted)
    def _highlighted(self) -> None:
        self._say("")
        self._show_facts()

    @on(FilterList.Chosen)
    def _chosen(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        """Show it in the panel."""
        self._give("open")

    def action_resume(self) -> None:
        """Go on with it."""
        run = self._run
        if run is not None and run.state.alive:
            self._say(f"{run.name} is being trained already")
        elif run is not None and run.state.state == "finished":
            self._say(f"{run.name} is finished: repeat it with a change")
        else:
            self._give("resume")

    def action_talk(self) -> None:
        """Talk to what it made."""
        run = self._run
        if run is not None and not run.checkpoints and not RunFolder(run.folder).final.is_dir():
            self._say(f"{run.name} has made nothing yet")
        else:
            self._give("talk")

    def action_repeat(self) -> None:
        """Set up a new one with its plan."""
        run = self._run
        if run is not None and run.plan is None:
            self._say(f"The plan of {run.name} can't be read")
        else:
            self._give("repeat")

    def _give(self, what: What) -> None:
        if (run := self._run) is not None:
            self.dismiss(RunChoice(what, run.name, run.plan))

    @work
    async def action_rename(self) -> None:
        """Ask for another name."""
        from tui.screens.line_prompt import LinePrompt

        run = self._run
        if run is None:
            return
        hint = "Letters, digits, dots, dashes and underlines"
        name = await self.app.push_screen_wait(LinePrompt(f"Rename {run.name}", value=run.name, hint=hint))
        if not name or name.strip() == run.name:
            return
        try:
            renamed = await asyncio.to_thread(rename, self._folder, RunFolder(run.folder), name.strip())
        except (TunesmithError, OSError) as error:
            self._say(str(error))
        else:
            self._shown = renamed.name if self._shown == run.name else self._shown
            self._renamed(run.name, renamed.name)
            self._look(renamed.name)

    @work
    async def action_delete(self) -> None:
        """Delete it, after a question."""
        from tui.screens.question import Question

        run = self._run
        if run is None:
            return
        if run.state.alive:
            self._say(f"{run.name} is being trained: stop or pause it first")
            return
        words = f"All of its checkpoints and its result go with it. {human_bytes(run.size_bytes)} are free then."
        if not await self.app.push_screen_wait(Question(f"Delete {run.name}?", words, yes="deletes it")):
            return
        try:
            freed = await asyncio.to_thread(delete, RunFolder(run.folder))
        except (TunesmithError, OSError) as error:
            self._say(str(error))
        else:
            self.notify(f"Deleted {run.name}; {human_bytes(freed)} are free again", markup=False)
            self._look()

    def _say(self, fault: str) -> None:
        static = self.query_one("#runs-fault", Static)
        static.display = bool(fault)
        static.update(f"✗ {visible_line(fault)}")

    def _show_facts(self) -> None:
        run = self._run
        now_s = self._now()
        narrow = self.has_class("-narrow")

        def lay_out(width: int) -> Content:
            if run is None:
                return Content("")
            return run_lines(run, width) if narrow else run_page(run, now_s, width)

        self.query_one("#runs-facts Static", Static).update(Fitted(lay_out))
