"""Shows exactly what a model will see."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.display import visible, visible_line
from tui.renderables.fitted import FAINT, QUIET
from tui.state.picking import preview_text

_REPLY = "◂ the reply goes on here"


class Preview(VerticalScroll, can_focus=False):
    """A prompt as it is, its line ends and trailing spaces made visible; or why there is none."""

    DEFAULT_CSS = """
    Preview {
        height: 1fr; scrollbar-size-vertical: 1; padding: 0 1; background: $background;
        Static { height: auto; }
    }
    """

    def __init__(self) -> None:
        """Make it empty."""
        super().__init__()
        self._text = Static("", markup=False)

    def compose(self) -> ComposeResult:
        """One block of text."""
        yield self._text

    def show_prompt(self, prompt: str, beginning: str = "") -> None:
        """Show a prompt, and the token that is put in front of it."""
        shown = preview_text(prompt, beginning)
        content = Content(shown.text)
        for start, end in shown.marks:
            content = content.stylize(FAINT, start, end)
        self._update(Content.assemble(content, (_REPLY, FAINT)))

    def show_pieces(self, pieces: Sequence[str]) -> None:
        """Show a prompt token by token: every other one on another ground, with a line between two."""
        parts: list[Content] = []
        for number, piece in enumerate(pieces):
            shown = visible_line(piece).replace("␊", "⏎").replace(" ", "·") or "◌"
            parts.append(Content.styled(shown, "on $primary 22%" if number % 2 else ""))
            parts.append(Content("\n") if piece.endswith("\n") else Content.styled("│", FAINT))
        self._update(Content.assemble(*parts, (_REPLY, FAINT)))

    def show_words(self, words: str, *, fault: bool = False) -> None:
        """Show something that is no prompt."""
        shown = f"✗ {visible(words)}" if fault else visible(words)
        self._update(Content.styled(shown, "$text-error" if fault else QUIET))

    def _update(self, content: Content) -> None:
        self._text.update(content)
        self.scroll_home(animate=False)
