"""What an empty conversation shows: how to begin."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from engine.display import visible_line
from engine.models.reference import STARTER
from tui.renderables.fitted import QUIET
from tui.state.chat import ChatState, words_of
from tui.state.header import progress_words
from tui.state.help import first_key
from tui.state.model import short_name

_STARTER_WORDS = (
    "A very small model that ships with Tunesmith.",
    "Say hello, or: Tell me a story about a little girl named Lily.",
)
_TOUR_WORDS = "Talk to it, teach it something, and hear the difference."


class TourCard(Static, can_focus=False):
    """Offers the tour; a click takes it."""

    DEFAULT_CSS = """
    TourCard {
        display: none;
        width: auto; max-width: 100%; height: auto;
        margin-top: 1; padding: 0 2;
        border: round $accent;
        border-title-color: $accent; border-title-style: bold;
        color: $foreground;
        &:hover { background: $panel; }
    }
    """

    def __init__(self, *, id: str) -> None:
        """Make the card."""
        super().__init__("", id=id, markup=False)
        self.border_title = Content("Take the tour")

    def on_mount(self) -> None:
        """Say how to take it."""
        send = first_key("send", self.app._keymap)
        keys = Content.assemble((send, "bold $accent"), (" on the empty line, or ", QUIET), ("/tour", "bold $accent"))
        self.update(Content.assemble(_TOUR_WORDS, "\n", keys, (" · a minute, and nothing stays", QUIET)))

    async def on_click(self) -> None:
        """Take it."""
        await self.screen.run_action("tour")


class Welcome(Vertical):
    """A few lines in the middle of an empty chat."""

    DEFAULT_CSS = """
    Welcome {
        height: 1fr;
        align: center middle;
        #welcome-text { width: auto; max-width: 100%; height: auto; padding: 0 2; }
    }
    """

    def __init__(self, *, id: str) -> None:
        """Make it empty."""
        super().__init__(id=id)
        self.offers_tour = True
        self._shown: Content | None = None

    def compose(self) -> ComposeResult:
        """A block of text, and where the starter listens the offer of a tour."""
        yield Static("", id="welcome-text", markup=False)
        yield TourCard(id="welcome-tour")

    def draw(self, state: ChatState) -> None:
        """Say how to begin, given the state."""
        phase, is_starter = state.model.phase, state.model.ref == STARTER
        answers = phase == "loading" or state.model.info is not None
        self.query_one(TourCard).display = self.offers_tour and is_starter and answers
        content = Content("\n").join(_lines(state, self.app._keymap))
        if content != self._shown:
            self._shown = content
            self.query_one("#welcome-text", Static).update(content)


def _lines(state: ChatState, keys: Mapping[str, str]) -> list[Content]:
    model = state.model
    if model.phase == "loading":
        return [
            Content.styled(f"Loading {visible_line(short_name(model.ref))}", "bold $accent"),
            Content.styled(progress_words(model.progress), "$foreground-muted"),
            Content(""),
            Content("You can write already: the message waits for the model."),
            _key("/cancel", "stops the loading; what was downloaded is kept"),
        ]
    if model.info is not None:
        return _ready_lines(state, model.info.name, keys)
    lines = [Content.styled("Talk to a small language model, here in the terminal.", "bold $accent"), Content("")]
    if model.failure is not None:
        lines += [Content.styled(visible_line(words_of(model.failure)), "$error"), Content("")]
    else:
        lines += [Content("No model is loaded yet. That is quickly mended:"), Content("")]
    return [
        *lines,
        _key(first_key("pick_model", keys), "pick a model: one that is here, or a download such as gpt2"),
        _key(first_key("open_palette", keys), "everything else the program can do"),
        _key(first_key("show_help", keys), "all keys on one screen"),
    ]


def _ready_lines(state: ChatState, name: str, keys: Mapping[str, str]) -> list[Content]:
    description = state.template.description
    lines = [Content.styled(f"{visible_line(name)} is listening.", "bold $accent"), Content("")]
    if state.model.ref == STARTER:
        lines += [*map(Content, _STARTER_WORDS), Content("")]
    lines.append(
        Content.assemble(
            ("Template ", "$foreground-muted"),
            (visible_line(state.template.name), "bold"),
        )
    )
    if description:
        lines.append(Content.styled(visible_line(description), "$foreground-muted"))
    workshop = [
        _key(first_key("studio", keys), "writes templates, with what the model sees beside them"),
        _key(first_key("lab", keys), "compares templates, models and settings on the same inputs"),
    ]
    return [
        *lines,
        Content(""),
        _key(first_key("send", keys), "sends what you wrote below"),
        _key(first_key("pick_template", keys), "another prompt template"),
        *(workshop if state.model.ref != STARTER else []),  # in a short terminal the tour needs their room
        _key(first_key("edit_sampling", keys), "temperature and the like"),
        _key(first_key("pick_model", keys), "another model"),
        _key(first_key("show_help", keys), "all keys on one screen"),
    ]


def _key(key: str, words: str) -> Content:
    return Content.assemble((f"{key:>8}", "bold $primary"), (f"  {words}", "$foreground-muted"))
