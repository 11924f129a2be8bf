"""What is in the composer: hints for slash commands, its size in tokens, and the draft that survives a crash."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from tui import commands
from tui.commands import Action
from tui.renderables.fitted import Fitted
from tui.screens.chat.base import BUSY, ChatBase
from tui.widgets.composer import Composer

COUNT_DELAY_S = 0.3
DRAFT_DELAY_S = 0.4
MAX_HINTS = 8


class Drafting(ChatBase):
    """A message that is being typed."""

    _count_timer: Timer | None = None
    _draft_timer: Timer | None = None
    _composer: Composer
    """Its text can still be read when the screen is taken down."""
    _composer_title: str | None = None

    @on(Composer.Changed)
    def _take_typed(self, event: Composer.Changed) -> None:
        hint = self.query_one("#slash-hint", Static)
        found = commands.complete_slash(event.text_area.text)
        hint.display = bool(found)
        if found:
            hint.update(Fitted(partial(_hints, found[:MAX_HINTS])))
        self.count_soon()
        self._restart("_draft_timer", DRAFT_DELAY_S, self.save_draft)

    def count_soon(self) -> None:
        """Count the prompt's tokens, once the typing pauses."""
        self._restart("_count_timer", COUNT_DELAY_S, self._count)

    def _restart(self, name: str, delay_s: float, callback: object) -> None:
        timer: Timer | None = getattr(self, name)
        if timer is not None:
            timer.stop()
        setattr(self, name, self.set_timer(delay_s, callback))  # type: ignore[arg-type]

    def _count(self) -> None:
        if self.session is not None:
            self.session.prompting.count(self.query_one(Composer).text)

    def show_composer_title(self) -> None:
        """Say on the composer what Enter would do now, where that is not plain."""
        composer = self._composer
        editing = self.session.state.editing if self.session else None
        busy = self.session.state.busy if self.session else False
        title = BUSY if busy else None
        if editing is not None:
            kind = "your message" if editing.role == "user" else "the reply"
            title = f"Editing {kind}: Enter keeps it as a new version, Esc leaves"
        composer.set_class(editing is not None, "-editing")
        if title != self._composer_title:  # setting it draws the whole composer anew
            self._composer_title = composer.border_title = title

    def save_draft(self) -> None:
        """Keep what is in the composer: as the draft, or as the edit of a turn."""
        if self.session is not None:
            self.session.drafts.save(self._composer.text)


def _hints(found: Sequence[Action], width: int) -> Content:
    """What half a slash command could become, a line each."""
    typed = [f"/{action.slash} {action.argument}".rstrip() for action in found]
    room = max(map(len, typed))
    lines = [Content(f"{words:<{room}}  {action.help}") for words, action in zip(typed, found, strict=True)]
    return Content("\n").join([line.truncate(width, ellipsis=True) for line in lines])
