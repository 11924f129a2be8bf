"""The end of the tour: before and after side by side, and what to try next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.display import visible_line
from engine.starter import PROBES
from engine.tour import Answer
from tui.renderables.fitted import QUIET, Fitted, columns
from tui.screens.dialog import Dialog, Key, KeyHint

Next = Literal["models", "tune", "leave"]
_SIDE_BY_SIDE = 64
"""From this width on there is room for two columns."""
_GAP = 3


class TourEnding(Dialog[Next]):
    """What the lesson changed. Gives what to do next; None goes back to the tour's chat."""

    HEADING = "Before and after"
    AUTO_FOCUS = "#ending-body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "keep", show=False),
        Binding("g", "go('models')", show=False),
        Binding("d", "go('tune')", show=False),
        Binding("t", "close", show=False),
        Binding("escape,enter", "go('leave')", show=False),
    ]
    KEYS = (
        Key("K", "keeps it", "keep"),
        Key("G", "GPT-2", "go('models')"),
        Key("D", "own data", "go('tune')"),
        Key("T", "talk on", "close"),
        Key("Esc", "ends", "go('leave')"),
    )

    DEFAULT_CSS: ClassVar[str] = """
    TourEnding > .dialog--frame { max-width: 104; height: auto; max-height: 100%; }
    TourEnding.-short > .dialog--frame { height: auto; }
    TourEnding {
        #ending-body { height: auto; max-height: 28; padding: 0 1; scrollbar-size-vertical: 1; }
        &.-short #ending-body { max-height: 15; }
        #ending-body Static { height: auto; }
        #ending-next { height: auto; margin-top: 1; padding: 0 1; }
        .dialog--keys, &.-short .dialog--keys { dock: none; margin-top: 1; }
    }
    """

    def __init__(
        self,
        before: tuple[Answer, ...],
        after: tuple[Answer, ...],
        *,
        keep: Callable[[], None] | None,
        kept: str = "",
    ) -> None:
        """Make the dialog.

        Args:
            before: What was said before the lesson; empty where that was skipped.
            after: What was said after it; empty where that was skipped.
            keep: Keeps what was learned; it answers by `show_kept`. None where nothing was.
            kept: The name under which that is kept already.
        """
        super().__init__()
        self._before, self._after = before, after
        self._keep, self._kept = keep, kept

    def parts(self) -> Iterator[Widget]:
        """The answers, and what comes next."""
        with VerticalScroll(id="ending-body"):
            yield Static(Fitted(lambda width: answers_part(self._before, self._after, width)), markup=False)
        yield Static("", id="ending-next", markup=False)

    def on_mount(self) -> None:
        """Say what comes next."""
        hints = list(self.query(KeyHint))
        hints[0].display = self._keep is not None
        self.show_kept(self._kept)

    def show_kept(self, name: str, fault: str = "") -> None:
        """Say under which name the run is kept, or why it is not."""
        self._kept = name
        text = Fitted(lambda _: _next_part(self._keep is not None, name, fault))
        self.query_one("#ending-next", Static).update(text)

    def action_keep(self) -> None:
        """Keep what was learned."""
        if self._keep is not None and not self._kept:
            self._keep()

    def action_go(self, what: Next) -> None:
        """Go on elsewhere."""
        self.dismiss(what)


def answers_part(before: tuple[Answer, ...], after: tuple[Answer, ...], width: int) -> Content:
    """Each question with its two answers: side by side where there is room, else under one another."""
    told = {answer.question: answer.reply for answer in before}
    heard = {answer.question: answer.reply for answer in after}
    if not told and not heard:
        return Content.styled("Nothing was asked, so there is nothing to compare. The tour can be taken again.", QUIET)
    wide = width >= _SIDE_BY_SIDE and bool(told) and bool(heard)
    half = (width - _GAP) // 2
    lines = (
        [_row(Content.styled("Before", "bold $secondary"), Content.styled("After", "bold $success"), half)]
        if wide
        else []
    )
    for question in PROBES:
        if question not in told and question not in heard:
            continue
        lines += [Content.styled(question, "bold")]
        if wide:
            lines += _pair(told.get(question, ""), heard.get(question, ""), half)
        else:
            lines += [
                _one(name, style, found[question]) for name, style, found in _told(told, heard) if question in found
            ]
        lines.append(Content(""))
    return Content("\n").join(lines[:-1])


def _told(told: dict[str, str], heard: dict[str, str]) -> tuple[tuple[str, str, dict[str, str]], ...]:
    return (("before", "$secondary", told), ("after ", "bold $success", heard))


def _one(name: str, style: str, reply: str) -> Content:
    return Content.assemble((f"{name}  ", style), _words(reply))


def _pair(before: str, after: str, half: int) -> list[Content]:
    sides = Content.styled(_words(before), QUIET).wrap(half), Content(_words(after)).wrap(half)
    return [_row(left, right, half) for left, right in zip_longest(*sides, fillvalue=Content(""))]


def _row(left: Content, right: Content, half: int) -> Content:
    return columns((left, half, False), (right, half, False), gap=_GAP)


def _words(reply: str) -> str:
    return visible_line(" ".join(reply.split())) or "(nothing)"


def _next_part(can_keep: bool, kept: str, fault: str) -> Content:
    lines = [Content.styled("What next", "bold $secondary")]
    if fault:
        lines.append(Content.styled(fault, "$error"))
    elif kept:
        lines.append(
            Content.assemble("Kept as the run ", (kept, "bold"), f": F8 lists it, --model run:{kept} opens it")
        )
    elif can_keep:
        lines.append(_next("K", "keep what it learned, as a run; else nothing of this stays"))
    lines += [
        _next("G", "a larger model: pick gpt2, and it is downloaded"),
        _next("D", "your own data: texts, questions with answers, or labels"),
    ]
    return Content("\n").join(lines)


def _next(key: str, words: str) -> Content:
    return Content.assemble((key, "bold $accent"), (f"  {words}", QUIET))
