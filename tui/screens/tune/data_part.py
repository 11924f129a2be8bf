"""What the form knows of the data that is named in it: it looks while somebody types, and opens the inspector."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from textual import work

from engine.corpus.messages import OpenData, SurveyData
from engine.corpus.spec import DataSpec
from engine.errors import TunesmithError
from engine.paths import anchored
from engine.protocol import Template
from engine.runs import Plan
from engine.starter import LESSON
from tui.data_desk import DataDesk, DataProgress
from tui.screens.dialog import Dialog
from tui.state.inspection import Inspection, glimpse, reading_of

PAUSE_S = 0.4
"""After the last key until the data is looked at."""
_HUB = "If the hub has a data set of that name, Ctrl+L fetches and shows it."
_NOTHING = Inspection(spec=DataSpec(source=""))


class DataPart(Dialog[str]):
    """A form with data in it."""

    _desk: DataDesk
    _seen: Inspection = _NOTHING

    @abstractmethod
    def typed_plan(self) -> Plan:
        """What the form says now."""

    @property
    @abstractmethod
    def longest(self) -> int:
        """Where rows are cut, in tokens."""

    @property
    @abstractmethod
    def templates(self) -> Sequence[Template]:
        """The templates that prompts can be dressed with."""

    @abstractmethod
    def take_spec(self, spec: DataSpec) -> None:
        """Put what was chosen in the inspector into the form."""

    @abstractmethod
    def judge(self) -> None:
        """Draw what is known."""

    def faulty_words(self, spec: DataSpec) -> str:
        """Why these rows can't be trained on without consent; empty where they can."""
        report = self._seen.report
        if report is None or not report.faulty_rows or spec.skip_faulty or not self._is_seen(spec):
            return ""
        return (
            f"{report.faulty_rows:,} of {report.rows:,} rows can't be used: tick to leave them out (Ctrl+L shows them)"
        )

    def data_fails(self, spec: DataSpec) -> bool:
        """Whether it is known that this data can't be read at all."""
        return self._is_seen(spec) and bool(self._seen.failure)

    def data_words(self, spec: DataSpec) -> str:
        """What is known of the data, in one line."""
        if not spec.source:
            return ""
        if self._is_seen(spec):
            return glimpse(self._seen)
        return "" if _is_local(spec.source) else _HUB

    def look_soon(self, spec: DataSpec) -> None:
        """Look at the data, once the typing pauses. Names of the hub are looked at only when somebody asks."""
        if self._is_seen(spec):
            return
        self.workers.cancel_group(self, "look")
        if spec.source and _is_local(spec.source):
            self._look(reading_of(spec))

    def action_look(self) -> None:
        """Look at the data."""
        from tui.screens.data_inspector import DataInspector

        plan = self.typed_plan()
        self.workers.cancel_group(self, "look")
        inspector = DataInspector(
            self._desk, plan.data, model=plan.model, max_length=self.longest, templates=self.templates
        )
        self.app.push_screen(inspector, self._take_spec)

    def _take_spec(self, spec: DataSpec | None) -> None:
        self._seen = _NOTHING
        if spec is not None:
            self.take_spec(spec)
        self.judge()

    @work(exclusive=True, group="look")
    async def _look(self, spec: DataSpec) -> None:
        await asyncio.sleep(PAUSE_S)
        self._see(Inspection(spec=spec, is_looking=True))
        try:
            answer = await self._desk.ask(lambda id: OpenData(id=id, spec=spec))
            self._see(self._seen.apply(answer))
            self._see(self._seen.with_(counted=0))
            answer = await self._desk.ask(lambda id: SurveyData(id=id), self._tell)
            self._see(self._seen.apply(answer))
        except TunesmithError as error:
            self._see(self._seen.failed(error))

    def _tell(self, progress: DataProgress) -> None:
        self._see(self._seen.apply(progress))

    def _see(self, seen: Inspection) -> None:
        self._seen = seen
        if self.is_open:
            self.judge()

    def _is_seen(self, spec: DataSpec) -> bool:
        return bool(spec.source) and self._seen.spec == reading_of(spec)


def _is_local(source: str) -> bool:
    """Whether it is a path, or ships with the program."""
    if source.startswith((".", "/", "~", "\\")) or source.count("/") > 1 or source == LESSON:
        return True
    try:
        return Path(anchored(source)).exists()
    except (OSError, ValueError):
        return False
