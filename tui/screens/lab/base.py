"""What every part of the lab's screen works on."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from textual.screen import Screen

from engine.lab.records import Variation
from engine.protocol import Prompt, Template
from tui.lab_bench import LabBench
from tui.notices import say_instead
from tui.services import Services
from tui.state.lab_draft import Draft
from tui.state.preview import Previewed
from tui.widgets.lab_grid import LabGrid


class StudioVisit(Protocol):
    """What can be asked of the studio while it is open and after it."""

    @property
    def visited(self) -> frozenset[str]:
        """The ids of all templates that were open in it."""

    @property
    def open_id(self) -> str:
        """The id of the template that was open last."""

    @property
    def is_unsaved(self) -> bool:
        """Whether something is typed there and not saved."""


class LabHome(Protocol):
    """Where the lab was opened from: the chat."""

    services: Services

    def first_column(self) -> Variation:
        """How the chat asks now; without a model, the reference is empty."""

    def new_draft(self) -> Draft:
        """What a new lab begins with."""

    def use_variation(self, variation: Variation, doubt: str = "") -> None:
        """Ask like this in the chat from now on, and say what speaks against it."""

    async def preview_template(self, template: Template, message: str) -> Previewed:
        """What a model would see of a message."""

    async def see_prompt(self, prompt: Prompt, variation: Variation, *, exactly: bool = False) -> Previewed:
        """What a cell's model sees; may raise a `TunesmithError`.

        Args:
            prompt: The cell's.
            variation: Its column.
            exactly: Load the model for it, where it is not there.
        """

    def open_studio(self, name: str, *, new: bool = False) -> StudioVisit | None:
        """Write on a template; None where it can't be opened, which is told."""

    def remember_lab(self, name: str) -> None:
        """Open that lab the next time."""


class LabBase(Screen[None]):
    """A screen with a bench."""

    bench: LabBench
    home: LabHome

    @abstractmethod
    def draw(self) -> None:
        """Draw everything anew."""

    @property
    def grid(self) -> LabGrid:
        """The table."""
        return self.query_one(LabGrid)

    def change(self, draft: Draft) -> None:
        """Compare something else, as a step that can be undone."""
        self.bench.change(draft)
        self.home.remember_lab(draft.lab.name)
        self.draw()

    def column_place(self) -> int | None:
        """The place of the column under the cursor; None, with a word, where there is none."""
        if 0 <= self.grid.column < len(self.bench.draft.lab.variations):
            return self.grid.column
        self.notice("Put the cursor on a column first: → goes there. C adds one.")
        return None

    def notice(self, text: str, *, error: bool = False) -> None:
        """Say something in passing."""
        say_instead(self, text, error=error)
