"""The looks of what stands in a turn, worked out once for all turns."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

_FRAME = ("label-user", "label-assistant", "label-system", "quiet", "control", "hot", "note", "waiting", "live")
_MARKDOWN = ("title", "heading", "strong", "em", "strike", "link", "inline", "code")
_CODE = ("keyword", "string", "number", "name", "comment")


class TurnLooks(Widget):
    """A widget that knows how the parts of its turns look."""

    DEFAULT_CSS = """
    TurnLooks {
        & > .turn--label-user { color: $text-secondary; text-style: bold; }
        & > .turn--label-assistant { color: $text-primary; text-style: bold; }
        & > .turn--label-system { color: $text-muted; text-style: bold; }
        & > .turn--quiet { color: $text-muted; }
        & > .turn--control { color: $text-muted; }
        & > .turn--hot { color: $foreground; text-style: underline; }
        & > .turn--note { color: $text-error; }
        & > .turn--waiting { color: $text-muted; text-style: italic; }
        & > .turn--live { color: $accent; }
        & > .turn--title { color: $text-primary; text-style: bold underline; }
        & > .turn--heading { color: $text-primary; text-style: bold; }
        & > .turn--strong { text-style: bold; }
        & > .turn--em { text-style: italic; }
        & > .turn--strike { text-style: strike; }
        & > .turn--link { color: $text-accent; }
        & > .turn--inline { color: $text-accent; background: $panel; }
        & > .turn--code { background: $panel; }
        & > .turn--keyword { color: $text-primary; text-style: bold; }
        & > .turn--string { color: $text-success; }
        & > .turn--number { color: $text-accent; }
        & > .turn--name { color: $text-secondary; }
        & > .turn--comment { color: $text-muted; text-style: italic; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"turn--{look}" for look in (*_FRAME, *_MARKDOWN, *_CODE)}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._looks: dict[str, Style] = {}

    def look(self, name: str) -> Style:
        """What is laid over a turn's own style, where it has this look."""
        if (style := self._looks.get(name)) is None:
            whole = self.get_component_rich_style(f"turn--{name}")
            style = self.get_component_rich_style(f"turn--{name}", partial=True)
            if style.color is not None:
                # A colour that depends on the background is only right in the whole style.
                style += Style(color=whole.color)
            self._looks[name] = style
        return style

    def notify_style_update(self) -> None:
        """Forget the looks of another theme."""
        super().notify_style_update()
        self._looks.clear()
