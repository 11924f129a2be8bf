"""The lab on the whole screen: rows of inputs, columns of variations, and what is better."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from engine.protocol import ModelInfo
from tui import commands
from tui.lab_bench import LabBench
from tui.screens.lab.base import LabHome
from tui.screens.lab.cell_screen import CellScreen
from tui.screens.lab.editing import LabEditing
from tui.screens.lab.filing import LabFiling
from tui.screens.lab.parts import empty_text, foot_text, head_text, legend_text
from tui.screens.lab.writing import LabWriting
from tui.state.lab import Spot
from tui.state.lab_words import doubt_words
from tui.widgets.footer import Footer
from tui.widgets.lab_grid import INPUTS, LabGrid
from tui.widgets.painted import Painted

_FAR = 1 << 40


class LabScreen(LabEditing, LabWriting, LabFiling):
    """Draws the bench; it goes on without this screen."""

    BINDINGS: ClassVar[list[BindingType]] = [*commands.bindings("lab")]
    KEYS_OF: ClassVar[commands.Scope] = "lab"
    """Whose keys the help shows first."""
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    DEFAULT_CSS: ClassVar[str] = """
    LabScreen {
        #lab-head { dock: top; height: auto; padding: 0 1; background: $surface; }
        #lab-body { height: 1fr; padding: 0 1; }
        #lab-empty { height: auto; padding: 1 2; }
        LabGrid.-bare { height: 4; }
        #lab-foot { height: auto; max-height: 5; padding: 0 1; background: $surface; }
        #lab-legend { height: 1; padding: 0 1; background: $surface; color: $text-muted; }
        &.-tall #lab-head { padding: 0 1 1 1; }
    }
    """

    def __init__(self, bench: LabBench, home: LabHome) -> None:
        """Show a bench, opened from the chat."""
        super().__init__()
        self.bench, self.home = bench, home
        self._cell: CellScreen | None = None
        self._precise: dict[str, ModelInfo] = {}
        """The models whose precision stands above the columns."""

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Painted(id="lab-head")
        with Vertical(id="lab-body"):
            yield LabGrid(self.bench.view, id="lab-grid")
            yield Painted(id="lab-empty")
        yield Painted(id="lab-foot")
        yield Painted(id="lab-legend")
        yield Footer()

    def on_mount(self) -> None:
        """Draw once it has a size."""
        self.call_after_refresh(self.draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Wait with the first keys for the table that they mean."""
        del parameters
        return bool(self.query(LabGrid)) or not action.startswith("lab_")

    def on_resize(self) -> None:
        """Fit everything to the new size."""
        self.call_after_refresh(self._draw_lines)

    # What is drawn

    def draw(self) -> None:
        """Draw everything anew."""
        if not self.query(LabGrid):
            return
        self.grid.show(self.bench.view)
        if self._cell is not None:
            self._cell.show(self.bench.view, None)
        self._draw_lines()

    def draw_cells(self, changed: set[Spot]) -> None:
        """Draw some cells anew, and how far it is."""
        if not self.query(LabGrid):
            return
        self.grid.show_cells(changed)
        if self._precise != self.bench.view.loaded:
            self._precise = dict(self.bench.view.loaded)
            self.grid.show_heads()
        if self._cell is not None:
            self._cell.show(self.bench.view, changed)
        self._draw_lines()

    def draw_figures(self) -> None:
        """Draw what is better."""
        if self.query(LabGrid):
            self.grid.show_heads()
            self._draw_lines()

    def _draw_lines(self) -> None:
        draft, view, width = self.bench.draft, self.bench.view, self.size.width - 2
        is_empty = not draft.lab.rows
        self._part("head").show(head_text(draft, view, width))
        self._part("empty").show(empty_text() if is_empty else empty_text()[:0])
        self.grid.display = bool(draft.lab.rows or draft.lab.variations)
        self.grid.set_class(is_empty, "-bare")
        lines = 2 if self.has_class("-short") else 4
        self._part("foot").show(foot_text(draft, view, width, lines=lines))
        self._draw_legend()

    @on(LabGrid.Moved)
    def _draw_legend(self) -> None:
        text = legend_text(self.bench.view, self.grid.row, self.grid.column, self.size.width - 2)
        self._part("legend").show(text)

    def _part(self, name: str) -> Painted:
        return self.query_one(f"#lab-{name}", Painted)

    # Running

    def action_lab_run(self) -> None:
        """Run, pause, or go on."""
        if not self.bench.draft.can_run:
            self.notice("A lab needs a row (A) and a column (C) to run")
            return
        self.bench.toggle()
        self.home.remember_lab(self.bench.draft.lab.name)
        self.draw()

    # Reading

    @on(LabGrid.Opened)
    def action_lab_open_cell(self) -> None:
        """Read the cell under the cursor; on an input, change it."""
        grid, lab = self.grid, self.bench.draft.lab
        if grid.column == INPUTS or not lab.rows:
            self.action_lab_edit()
            return
        self._cell = CellScreen(self.bench.view, (grid.row, grid.column), self.home.see_prompt)
        self.app.push_screen(self._cell, self._closed_cell)

    def _closed_cell(self, spot: Spot | None) -> None:
        self._cell = None
        if spot is not None:
            self.grid.go_to(*spot)

    def action_lab_verdicts(self) -> None:
        """Read what is better, by every score."""
        from tui.screens.lab.verdicts import Verdicts

        summary = self.bench.view.summary
        if summary is None or not any(metric.best is not None for metric in summary.metrics):
            how = (
                "they come with the first answers" if self.bench.view.is_working else "S sets up scores, R runs the lab"
            )
            self.notice(f"There are no figures yet: {how}")
        else:
            self.app.push_screen(Verdicts(self.bench.draft.lab, summary))

    # Using

    def action_lab_winner(self) -> None:
        """Chat with the best column."""
        summary = self.bench.view.summary
        winner = summary.winner if summary is not None else None
        if winner is None:
            self.notice("Nothing has won yet. U uses the column under the cursor.")
        else:
            assert summary is not None
            self._use(winner, doubt_words(self.bench.draft.lab, summary))

    def action_lab_use(self) -> None:
        """Chat with the column under the cursor."""
        if (place := self.column_place()) is not None:
            self._use(place)

    def _use(self, place: int, doubt: str = "") -> None:
        variation = self.bench.draft.lab.variations[place]
        self.dismiss(None)
        self.home.use_variation(variation, doubt)

    # Moving

    def action_lab_up(self) -> None:
        """Go to the row above."""
        self.grid.move(-1, 0)

    def action_lab_down(self) -> None:
        """Go to the row below."""
        self.grid.move(1, 0)

    def action_lab_left(self) -> None:
        """Go to the column to the left."""
        self.grid.move(0, -1)

    def action_lab_right(self) -> None:
        """Go to the column to the right."""
        self.grid.move(0, 1)

    def action_lab_page_up(self) -> None:
        """Go up a page."""
        self.grid.move(-self.grid.page, 0)

    def action_lab_page_down(self) -> None:
        """Go down a page."""
        self.grid.move(self.grid.page, 0)

    def action_lab_first(self) -> None:
        """Go to the first row."""
        self.grid.move(-_FAR, 0)

    def action_lab_last(self) -> None:
        """Go to the last row."""
        self.grid.move(_FAR, 0)

    def action_lab_close(self) -> None:
        """Back to the chat."""
        self.dismiss(None)
