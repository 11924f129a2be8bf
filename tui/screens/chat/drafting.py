"""What is in the composer: hints for slash commands, its size in tokens, and the draft that survives a crash."""

from __future__ import annotations

from textual import on
from textual.timer import Timer
from textual.widgets import Static

from tui import commands
from tui.screens.chat.base import ChatBase
from tui.widgets.composer import Composer

COUNT_DELAY_S = 0.3
DRAFT_DELAY_S = 0.4


class Drafting(ChatBase):
    """A message that is being typed."""

    _count_timer: Timer | None = None
    _draft_timer: Timer | None = None
    _typed = ""

    @on(Composer.Changed)
    def _take_typed(self, event: Composer.Changed) -> None:
        self._typed = event.text_area.text
        hint = self.query_one("#slash-hint", Static)
        found = commands.complete_slash(event.text_area.text)
        hint.display = bool(found)
        if found:
            words = [f"/{a.slash} {a.argument}".rstrip() for a in found[:8]]
            width = max(map(len, words))
            hint.update("\n".join(f"{c:<{width}}  {a.help}" for c, a in zip(words, found, strict=False)))
        self.count_soon()
        self._restart("_draft_timer", DRAFT_DELAY_S, self._save_draft)

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

    def _save_draft(self) -> None:
        if self.session is not None and self.session.state.editing is None:
            self.session.conversations.save_draft(self._typed)
