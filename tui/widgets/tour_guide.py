"""The strip on top of the chat that leads through the tour."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.renderables.fitted import QUIET
from tui.renderables.link import link
from tui.state.help import first_key
from tui.state.run import RunView
from tui.state.tour import Tour
from tui.widgets.painted import Painted


class TourGuide(Vertical):
    """Which step it is, what to do, and the keys for it; each key can be clicked."""

    DEFAULT_CSS = """
    TourGuide {
        height: auto;
        border: round $accent;
        border-title-color: $accent; border-title-style: bold;
        background: $surface;
        padding: 0 1;
        #guide-words { min-height: 2; }
    }
    """

    def compose(self) -> ComposeResult:
        """Words, and under them the keys."""
        yield Painted(id="guide-words")
        yield Painted(id="guide-keys")

    def draw(self, tour: Tour, run: RunView | None) -> None:
        """Say where the tour is."""
        self.border_title = Content(f"The tour · {tour.step}")
        words = Content.styled(tour.words(run), "$error" if tour.fault else "")
        self.query_one("#guide-words", Painted).show(words)
        self.query_one("#guide-keys", Painted).show(_keys(tour, self.app._keymap))


def _keys(tour: Tour, keys: Mapping[str, str]) -> Content:
    parts = []
    if tour.next_words:
        parts.append(_key(first_key("send", keys), tour.next_words, "tour_next"))
    if tour.skip_words:
        parts.append(_key(first_key("tour_skip", keys), tour.skip_words, "tour_skip"))
    parts.append(_key("Esc", "leaves the tour", "tour_leave"))
    return Content("   ").join(parts)


def _key(key: str, words: str, action: str) -> Content:
    return link(Content.assemble((key, "bold $accent"), (f" {words}", QUIET)), f"screen.{action}")
