"""The line on top: what answers, how it is asked, and how full its window is. Each part opens its dialog."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from engine.display import visible_line
from engine.protocol import Sampling
from tui.renderables.meter import meter
from tui.state.chat import ChatState, used_tokens
from tui.state.header import (
    device_words,
    fitting,
    model_words,
    sampling_words,
    short_sampling_words,
    shortened,
    window_words,
)

_MODEL_WIDTHS = (24, 14)
_TEMPLATE_WIDTHS = (24, 12)
_METER_WIDTH = 8
_NEARLY_FULL = 0.85


class HeaderPart(Static):
    """One part; a click runs its action."""

    DEFAULT_CSS = """
    HeaderPart {
        width: auto;
        padding: 0 1;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &:hover { background: $panel; }
    }
    """

    def __init__(self, action: str, *, id: str, tooltip: str) -> None:
        """Make a part that runs `action` of the screen when it is clicked."""
        super().__init__("", id=id, markup=False)
        self._action = action
        self._shown: Content | None = None
        self.tooltip = tooltip

    def show(self, text: Content) -> None:
        """Show a text; an empty one takes the part away."""
        if text != self._shown:
            # A new layout of the screen costs more than all else that a reply's tokens do; most changes need none.
            same_width = self._shown is not None and self._shown.cell_length == text.cell_length
            self._shown = text
            self.display = bool(text.plain)
            self.update(text, layout=not same_width)

    async def on_click(self) -> None:
        """Do what the part is for."""
        if self._action:
            await self.screen.run_action(self._action)


class Header(Horizontal):
    """The line on top."""

    DEFAULT_CSS = """
    Header {
        dock: top;
        height: 1;
        background: $surface;
        #brand { width: auto; padding: 0 1; color: $accent; text-style: bold; }
        #header-model { color: $foreground; text-style: bold; max-width: 50%; }
        #header-template { color: $primary; max-width: 24; }
        #header-sampling { color: $text-muted; }
        #header-spring { width: 1fr; }
        #header-lab { color: $accent; }
        #header-window { color: $secondary; }
        #header-device { color: $text-muted; }
    }
    """

    def __init__(self) -> None:
        """Make the line; empty until it is given a state."""
        super().__init__()
        self._wordings: dict[str, list[Content]] = {}
        self._lab = ""

    def compose(self) -> ComposeResult:
        """The parts from left to right."""
        yield Static("Tunesmith", id="brand", markup=False)
        yield from self._parts()

    def _parts(self) -> Iterator[Static]:
        yield HeaderPart("pick_model", id="header-model", tooltip="The model that answers; click to pick another")
        yield HeaderPart("pick_template", id="header-template", tooltip="The prompt template; click to pick another")
        yield HeaderPart("edit_sampling", id="header-sampling", tooltip="How tokens are chosen; click to change it")
        yield Static("", id="header-spring")
        yield HeaderPart("lab", id="header-lab", tooltip="The lab is at work; click to see it")
        yield HeaderPart("", id="header-window", tooltip="How much of the model's window is taken, in tokens")
        yield HeaderPart("pick_model", id="header-device", tooltip="Where the model runs, and in what precision")

    def draw(self, state: ChatState, sampling: Sampling) -> None:
        """Show a state, as much of it as the line has room for."""
        name = visible_line(model_words(state.model))
        template = visible_line(state.template.name)
        device, dtype = device_words(state.model)
        loading = state.model.phase == "loading"
        self._wordings = {
            "model": [Content(f"◆ {name}")]
            + [Content(f"◆ {shortened(name, width)}") for width in _MODEL_WIDTHS if not loading],
            "template": [Content(f"¶ {shortened(template, width)}") for width in _TEMPLATE_WIDTHS],
            "sampling": [Content(sampling_words(sampling)), Content(short_sampling_words(sampling)), Content("")],
            "window": _window(state),
            "device": [
                Content(f"{device} · {dtype}" if device else ""),
                Content(device),
                Content(""),
            ],
        }
        self._fit()

    def show_lab(self, words: str) -> None:
        """Say how far the lab is; empty while it rests."""
        if words != self._lab:
            self._lab = words
            self._fit()

    def on_resize(self) -> None:
        """Fit the parts to the new width."""
        self._fit()

    def _fit(self) -> None:
        widths = {name: [text.cell_length for text in texts] for name, texts in self._wordings.items()}
        lab = Content(self._lab)
        self._part("lab").show(lab)
        room = (self.size.width or self.app.size.width) - (lab.cell_length + 2 if self._lab else 0)
        chosen = fitting(widths, room) if widths else {}
        for name, number in chosen.items():
            self._part(name).show(self._wordings[name][number])

    def _part(self, name: str) -> HeaderPart:
        return self.query_one(f"#header-{name}", HeaderPart)


def _window(state: ChatState) -> list[Content]:
    total = state.model.info.context_tokens if state.model.info else 0
    if not total:
        return [Content("")]
    share = used_tokens(state) / total
    words = window_words(used_tokens(state), total)
    if share >= _NEARLY_FULL:
        words += " nearly full"
    style = "$warning" if share >= _NEARLY_FULL else ""
    return [Content.styled(text, style) for text in (f"{meter(share, _METER_WIDTH)} {words}", words, f"{share:.0%}")]
