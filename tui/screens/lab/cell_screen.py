"""Reads one cell of the lab: the prompt as the model saw it, the reply, the scores."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import ClassVar, Protocol

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.display import visible
from engine.errors import TunesmithError
from engine.lab.records import Variation
from engine.protocol import Prompt
from tui.notices import say_instead
from tui.renderables.fitted import QUIET, Fitted, labelled
from tui.renderables.meter import meter
from tui.screens.dialog import Dialog, Key
from tui.state.lab import LabView, Spot
from tui.state.lab_cells import column_words
from tui.state.lab_reading import Reading, prompt_of, read_cell
from tui.state.preview import HEADING, Previewed
from tui.widgets.preview import Preview

_BAR = 20


class SeePrompt(Protocol):
    """Tells what a cell's model sees of a prompt; may raise a `TunesmithError`."""

    def __call__(self, prompt: Prompt, variation: Variation, *, exactly: bool = False) -> Awaitable[Previewed]:
        """Where `exactly` is wished, the model is loaded for it."""


class CellScreen(Dialog[Spot]):
    """A cell; the arrow keys go to its neighbours. Gives the cell that was read last."""

    AUTO_FOCUS = ""
    KEYS = (
        Key("←→", "columns"),
        Key("N P", "rows"),
        Key("↑↓", "scroll"),
        Key("C", "copies", "copy"),
        Key("M", "asks the model", "ask_model"),
        Key("Esc", "closes", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "go(0, -1)", show=False),
        Binding("right,l", "go(0, 1)", show=False),
        Binding("n", "go(1, 0)", show=False),
        Binding("p", "go(-1, 0)", show=False),
        Binding("up,k", "scroll(-2)", show=False),
        Binding("down,j", "scroll(2)", show=False),
        Binding("pageup", "scroll(-15)", show=False),
        Binding("pagedown,space", "scroll(15)", show=False),
        Binding("c,y", "copy", show=False),
        Binding("m", "ask_model", show=False),
        Binding("enter,q", "close", show=False),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    CellScreen.-wide > .dialog--frame { max-width: 160; }
    CellScreen {
        #cell-state { height: auto; margin-bottom: 1; color: $text-muted; }
        #cell-body { height: 1fr; scrollbar-size-vertical: 1; }
        .cell--title { height: 1; margin-top: 1; color: $secondary; text-style: bold; }
        .cell--text { height: auto; }
        #cell-figures, #cell-remark { height: auto; color: $text-muted; }
        #cell-body Preview { height: auto; max-height: 100%; }
        &.-short #cell-state { margin-bottom: 0; }
    }
    """

    def __init__(self, view: LabView, spot: Spot, see: SeePrompt) -> None:
        """Read a cell of a view; `see` tells what a model sees of a prompt."""
        super().__init__()
        self._view, self.spot, self._see = view, spot, see

    def parts(self) -> Iterator[Widget]:
        """State, scores, reply, prompt."""
        yield Static("", id="cell-state", markup=False)
        with VerticalScroll(id="cell-body", can_focus=False):
            yield Static("", id="cell-scores", classes="cell--text", markup=False)
            yield Static("The reply", classes="cell--title", id="cell-reply-title", markup=False)
            yield Static("", id="cell-reply", classes="cell--text", markup=False)
            yield Static("", id="cell-figures", markup=False)
            yield Static(HEADING, classes="cell--title", markup=False)
            yield Static("", id="cell-remark", markup=False)
            yield Preview()

    def on_mount(self) -> None:
        """Show the cell."""
        self._go_to(self.spot)

    def show(self, view: LabView, changed: set[Spot] | None) -> None:
        """Show what is new; None is all of it. A cell that is gone closes."""
        self._view = view
        lab = view.lab
        if self.spot[0] >= len(lab.rows) or self.spot[1] >= len(lab.variations):
            if self.app.screen is self:
                self.action_close()
        elif changed is None or self.spot in changed:
            self._draw()

    def _draw(self) -> None:
        reading = read_cell(self._view, *self.spot)
        self.frame.border_title = Content(reading.title)
        words = column_words(self._view, self.spot[1])
        self.query_one("#cell-state", Static).update(f"{reading.state} · {words}")
        scores = self.query_one("#cell-scores", Static)
        scores.display = bool(reading.shares or reading.verdicts or reading.faults or reading.reference)
        scores.update(Fitted(lambda width: _scores(reading, width)))
        for name in ("reply-title", "reply", "figures"):
            self.query_one(f"#cell-{name}", Static).display = reading.reply is not None
        reply = Content(reading.reply) if reading.reply else Content.styled("(nothing yet)", QUIET)
        self.query_one("#cell-reply", Static).update(reply)
        self.query_one("#cell-figures", Static).update(reading.figures)

    def action_go(self, rows: int, columns: int) -> None:
        """Go to a neighbour; at an edge stay."""
        lab = self._view.lab
        row = max(0, min(self.spot[0] + rows, len(lab.rows) - 1))
        column = max(0, min(self.spot[1] + columns, len(lab.variations) - 1))
        if (row, column) != self.spot:
            self._go_to((row, column))

    def _go_to(self, spot: Spot) -> None:
        self.spot = spot
        self._draw()
        self._draw_prompt()
        self.query_one("#cell-body").scroll_home(animate=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll."""
        self.query_one("#cell-body").scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copy the reply."""
        text = self._view.cell(*self.spot).text
        self.app.copy_to_clipboard(text)
        say_instead(self, f"Copied {len(text):,} characters")

    def action_close(self) -> None:
        """Back to the table, with the cursor here."""
        self.dismiss(self.spot)

    def action_ask_model(self) -> None:
        """Show the prompt exactly as the model sees it, also where that has to be loaded first."""
        self._draw_prompt(exactly=True)

    @work(exclusive=True, group="prompt")
    async def _draw_prompt(self, *, exactly: bool = False) -> None:
        lab, (row, column) = self._view.lab, self.spot
        preview, remark = self.query_one(Preview), self.query_one("#cell-remark", Static)
        remark.update("The model is being asked…" if exactly else "")
        try:
            seen = await self._see(prompt_of(lab, row, column), lab.variations[column], exactly=exactly)
        except TunesmithError as error:
            if self.is_open:
                remark.update("")
                preview.show_words(visible(str(error)), fault=True)
            return
        if self.is_open:
            remark.update(seen.remark)
            preview.show_prompt(seen.text, seen.beginning)


def _scores(reading: Reading, width: int) -> Content:
    lines = [Content.styled(f"! {fault}", "$text-error") for fault in reading.faults]
    if reading.shares:
        room = max(len(share.word) for share in reading.shares)
        room = min(room, max(8, width - _BAR - 16))
        for share in reading.shares:
            words = share.word if len(share.word) <= room else f"{share.word[: room - 1]}…"
            style = "bold" if share.mark else ""
            mark = f" {share.mark}" if share.mark else ""
            lines.append(
                Content.assemble(
                    (f"{words:<{room}} ", style), (meter(share.share, _BAR), "$accent"), f" {share.share:6.1%}{mark}"
                )
            )
    pairs = list(reading.verdicts)
    if reading.reference:
        pairs.append(("Reference", reading.reference))
    if pairs:
        lines.append(labelled(pairs, width, 13))
    return Content("\n").join(lines)
