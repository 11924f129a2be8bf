"""What the inspector asks of the process that reads data, and what it knows by then."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

import msgspec
from textual import work

from engine.corpus.messages import NameColumns, OpenData, ShowRows, SurveyData
from engine.corpus.spec import DataSpec
from engine.errors import Cancelled, DataFault, DataNotFound, Misuse, TunesmithError
from tui.data_desk import DataDesk, DataProgress
from tui.screens.dialog import Dialog
from tui.state.inspection import Inspection
from tui.state.option_words import on_screen

PAUSE_S = 0.1
"""While somebody holds an arrow key, only the last row is read."""


class DataReader(Dialog[DataSpec]):
    """A dialog about one data set."""

    def __init__(self, desk: DataDesk, spec: DataSpec, *, model: str, max_length: int) -> None:
        """Make it. Arguments as in `DataInspector`."""
        super().__init__()
        self.seen = Inspection(spec=spec)
        self.model = model
        self.without_tokens = ""
        """Why there are none."""
        self._desk = desk
        self._max_length = max_length

    @property
    @abstractmethod
    def view(self) -> str:
        """Which view is open: row, all or columns."""

    @abstractmethod
    def draw(self, *, only_count: bool = False) -> None:
        """Show what is known."""

    def read_again(self, spec: DataSpec) -> None:
        """Look at it anew, in another way."""
        self.workers.cancel_node(self)
        fresh = Inspection(spec=spec, is_looking=bool(spec.source))
        if spec.source == self.seen.spec.source:
            # What was seen of it stays until it is seen anew: fields that come and go would take the focus along.
            before = self.seen
            fresh = fresh.with_(present=before.present, opened=before.opened, at=before.at, row=before.row)
        self.see(fresh)
        if spec.source:
            self._open(spec)

    @work(exclusive=True, group="data")
    async def _open(self, spec: DataSpec) -> None:
        try:
            await self._open_with_tokens(spec)
        except Cancelled:
            return
        except TunesmithError as error:
            self.see(self.seen.failed(error))
            if isinstance(error, DataFault | Misuse):
                await self._name_columns(spec)
            return
        if self.view == "all":
            self.count_all()
        else:
            self.show_row(self.seen.at)

    async def _open_with_tokens(self, spec: DataSpec) -> None:
        """Open it with the tokens of the model, or without where the model has none that can be read here."""
        model = "" if self.without_tokens else self.model

        def opening(model: str) -> OpenData:
            return OpenData(id=0, spec=spec, model=model, max_length=self._max_length if model else 0)

        try:
            answer = await self._desk.ask(lambda id: msgspec.structs.replace(opening(model), id=id), self._tell)
        except TunesmithError as error:
            if not model or isinstance(error, DataFault | DataNotFound | Cancelled):
                raise
            answer = await self._desk.ask(lambda id: msgspec.structs.replace(opening(""), id=id), self._tell)
            # Only now is it known that the model was to blame, not the data.
            self.without_tokens = on_screen(error)
        self.see(self.seen.apply(answer))

    async def _name_columns(self, spec: DataSpec) -> None:
        try:
            answer = await self._desk.ask(lambda id: NameColumns(id=id, spec=spec))
            self.see(self.seen.apply(answer))
        except TunesmithError:
            return  # the first failure says more

    @work(exclusive=True, group="rows")
    async def show_row(self, row: int) -> None:
        """Read a row."""
        if self.seen.opened is None or self.seen.is_looking:
            return
        await asyncio.sleep(PAUSE_S if self.seen.row else 0)
        try:
            answer = await self._desk.ask(lambda id: ShowRows(id=id, first=row, count=1))
            self.see(self.seen.apply(answer))
        except Cancelled:
            return
        except TunesmithError as error:
            self.see(self.seen.failed(error))

    def count_all(self) -> None:
        """Count all rows, where that was not done."""
        seen = self.seen
        if seen.opened is not None and not seen.is_looking and seen.report is None and seen.counted < 0:
            self.see(seen.with_(counted=0, survey_failure=""))
            self._survey()

    def stop_counting(self) -> None:
        """Leave it at that."""
        if self.seen.counted >= 0:
            self.workers.cancel_group(self, "survey")
            self.see(self.seen.with_(counted=-1))

    @work(exclusive=True, group="survey")
    async def _survey(self) -> None:
        try:
            answer = await self._desk.ask(lambda id: SurveyData(id=id), self._tell)
            self.see(self.seen.apply(answer))
        except Cancelled:
            self.see(self.seen.with_(counted=-1))
        except TunesmithError as error:
            self.see(self.seen.with_(counted=-1, survey_failure=on_screen(error)))

    def _tell(self, progress: DataProgress) -> None:
        self.see(self.seen.apply(progress))

    def see(self, seen: Inspection) -> None:
        """Know more, or something else."""
        before, self.seen = self.seen, seen
        if self in self.app.screen_stack:
            self.draw(only_count=seen.with_(counted=before.counted) == before)
