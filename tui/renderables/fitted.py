"""A drawing that lays itself out anew for each width: columns that come and go with the room."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

QUIET = "$foreground 62%"
"""For what matters less. Inside a `Content`, `$text-muted` of Textual's own themes comes out white."""
FAINT = "$foreground 35%"
"""For marks that are not part of a text."""

LayOut = Callable[[int], Content]
"""Makes the drawing for a width in cells."""


class Fitted(Visual):
    """Text made to measure."""

    def __init__(self, lay_out: LayOut, *, height: int = 0) -> None:
        """Make a drawing.

        Args:
            lay_out: Called again for each width.
            height: In lines, where it is the same at any width: a list of hundreds then lays out only what shows.
        """
        self._lay_out = lay_out
        self._height = height

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """Lay out and draw."""
        return self._lay_out(max(1, width)).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """All the room there is."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """As many lines as the drawing takes at that width."""
        return self._height or self._lay_out(max(1, width)).get_height(rules, max(1, width))


def columns(*cells: tuple[Content, int, bool], gap: int = 2) -> Content:
    """Put cells beside one another on one line.

    Args:
        cells: Each with its width in cells and whether it is set to the right; a width of 0 leaves the cell out.
        gap: The space between two cells.
    """
    shown = [_cell(content, width, right) for content, width, right in cells if width > 0]
    return Content(" " * gap).join(shown)


def _cell(content: Content, width: int, right: bool) -> Content:
    cut = content.truncate(width, ellipsis=True) if content.cell_length > width else content
    space = width - cut.cell_length
    return cut.pad_left(space) if right else cut.pad_right(space)


def both_ends(text: str, width: int, end: int) -> str:
    """A text that is too long, with its middle left out: what tells it from others is often its end.

    Args:
        text: Of characters that take one cell each.
        width: In cells.
        end: How many of them belong to the end.
    """
    if len(text) <= width or width <= end + 1:
        return text
    return f"{text[: width - end - 1]}…{text[-end:]}"


def marked(text: str, spans: tuple[tuple[int, int], ...], style: str = "bold underline") -> Content:
    """A text in which some parts stand out, by more than a colour."""
    content = Content(text)
    for start, end in spans:
        content = content.stylize(style, start, end)
    return content


def labelled(pairs: Sequence[tuple[str, str]], width: int, label_width: int) -> Content:
    """Put values under one another, each behind its label; long ones wrap in their own column."""
    lines: list[Content] = []
    for label, value in pairs:
        first, *more = Content(value).wrap(max(1, width - label_width))
        lines.append(Content.styled(f"{label:<{label_width}}", QUIET).append(first))
        lines += [line.pad_left(label_width) for line in more]
    return Content("\n").join(lines)
