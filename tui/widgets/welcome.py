"""What an empty conversation shows: how to begin."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from engine.display import visible_line
from engine.models.reference import STARTER
from tui.state.chat import ChatState, words_of
from tui.state.header import progress_words
from tui.state.help import first_key
from tui.state.model import short_name

_STARTER_WORDS = (
    "A very small model that ships with Tunesmith.",
    "Say hello, or: Tell me a story about a little girl named Lily.",
    "Then teach it: /tune, with the data set “lesson”.",
)


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
        self._shown: Content | None = None

    def compose(self) -> ComposeResult:
        """One block of text."""
        yield Static("", id="welcome-text", markup=False)

    def draw(self, state: ChatState) -> None:
        """Say how to begin, given the state."""
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
    return [
        *lines,
        Content(""),
        _key(first_key("send", keys), "sends what you wrote below"),
        _key(first_key("pick_template", keys), "another prompt template"),
        _key(first_key("studio", keys), "writes templates, with what the model sees beside them"),
        _key(first_key("lab", keys), "compares templates, models and settings on the same inputs"),
        _key(first_key("edit_sampling", keys), "temperature and the like"),
        _key(first_key("pick_model", keys), "another model"),
        _key(first_key("show_help", keys), "all keys on one screen"),
    ]


def _key(key: str, words: str) -> Content:
    return Content.assemble((f"{key:>8}", "bold $primary"), (f"  {words}", "$foreground-muted"))
