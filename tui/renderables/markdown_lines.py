"""Markdown as lines with marks, for a widget that paints rows.

HTML stays the text that it is, a link shows where it leads and leads nowhere, a picture is its description. What the
parser decodes (`&#x202e;`) is made safe for the terminal after that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len

from engine.display import visible
from tui.renderables.code_marks import code_marks
from tui.state.rows import Line, Mark

_BULLETS = ("•", "◦", "▪")
_QUOTE = "▎ "
_RULE = "─" * 24
_SPANS = {"strong": "strong", "em": "em", "s": "strike", "link": "link"}
_OWN_LOOKS = {"code_inline": "inline", "image": "link"}
_MOST_CHARACTERS = 12_000
_MOST_NESTING = 100


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": _MOST_NESTING}).enable(["table", "strikethrough"])


def markdown_lines(source: str) -> list[Line]:
    """Render Markdown, without blank lines around it. What is very long, or would show nothing, stays as it is."""
    if not source.strip():
        return []
    lines = _Renderer().render(_parser().parse(source)) if len(source) <= _MOST_CHARACTERS else []
    return lines or [Line(line) for line in visible(source).strip("\n").split("\n")]


class _Renderer:
    """Walks the tokens of one document."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._prefixes: list[str] = []
        self._lists: list[str] = []
        self._bullet = ""
        self._tight = False
        self._heading = ""

    def render(self, tokens: Sequence[Token]) -> list[Line]:
        """The lines of all tokens."""
        place = 0
        while place < len(tokens):
            token = tokens[place]
            if token.type == "table_open":
                end = next(i for i in range(place, len(tokens)) if tokens[i].type == "table_close")
                self._gap()
                for line in _table(tokens[place:end]):
                    self._put(line)
                place = end
            else:
                self._token(token)
            place += 1
        return self._lines

    def _token(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(token.type)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._open_item(token)
            case "list_item_close":
                if self._bullet:
                    self._put(Line(""))
                self._prefixes.pop()
            case "blockquote_open":
                self._gap()
                self._prefixes.append(_QUOTE)
                self._tight = True
            case "blockquote_close":
                self._prefixes.pop()
            case "heading_open":
                self._heading = "title" if token.tag == "h1" else "heading"
            case "heading_close":
                self._heading = ""
            case "paragraph_open":
                self._tight = self._tight or token.hidden
            case "inline":
                self._inline(token)
            case "fence" | "code_block":
                self._code(token)
            case "hr":
                self._gap()
                self._put(Line(_RULE, (Mark(0, len(_RULE), "quiet"),)))
            case _:
                pass

    def _open_item(self, token: Token) -> None:
        depth = sum(kind == "bullet_list_open" for kind in self._lists) - 1
        bullet = f"{token.info}. " if token.info else f"{_BULLETS[depth % len(_BULLETS)]} "
        self._bullet = bullet
        self._prefixes.append(" " * cell_len(bullet))
        self._tight = True

    def _inline(self, token: Token) -> None:
        self._gap()
        for text, marks in _inline_lines(token.children or ()):
            self._put(Line(text, ((Mark(0, len(text), self._heading),) if self._heading else ()) + marks))

    def _code(self, token: Token) -> None:
        self._gap()
        code = visible(token.content).removesuffix("\n")
        language = token.info.split()[0] if token.info.strip() else ""
        for text, marks in zip(code.split("\n"), code_marks(code, language), strict=True):
            self._put(Line(text, marks, look="code"))

    def _gap(self) -> None:
        """A blank line before a block, but for the first of the document, of a quote and of an item."""
        if self._lines and not self._tight:
            self._put(Line(""))
        self._tight = False

    def _put(self, line: Line) -> None:
        """Add a line behind the bars of its quotes and the bullets of its lists."""
        prefix = "".join(self._prefixes)
        hang = cell_len(prefix)
        if self._bullet:
            prefix = prefix[: -len(self._prefixes[-1])] + self._bullet
            self._bullet = ""
        if not line.text:
            prefix = prefix.rstrip(" ")
        marks = tuple(Mark(mark.start + len(prefix), mark.end + len(prefix), mark.look) for mark in line.marks)
        if prefix.strip():
            marks = (Mark(0, len(prefix), "quiet"), *marks)
        self._lines.append(Line(prefix + line.text, marks, hang, line.look))


def _inline_lines(tokens: Sequence[Token]) -> Iterator[tuple[str, tuple[Mark, ...]]]:
    """The text of inline tokens with its marks, a new line after each hard break."""
    text, marks = "", list[Mark]()
    opened: list[tuple[str, int, str]] = []
    for token in tokens:
        if token.type == "hardbreak":
            yield text, (*marks, *(Mark(start, len(text), look) for look, start, _ in opened))
            text, marks = "", []
            opened = [(look, 0, href) for look, _, href in opened]
        elif token.type.endswith("_open"):
            look = _SPANS.get(token.type.removesuffix("_open"), "")
            opened.append((look, len(text), str(token.attrs.get("href", ""))))
        elif token.type.endswith("_close") and opened:
            look, start, href = opened.pop()
            if href and _one_line(href) not in text[start:]:
                text += f" ({_one_line(href)})"
            marks.append(Mark(start, len(text), look))
        else:
            added = _words(token)
            if own := _OWN_LOOKS.get(token.type):
                marks.append(Mark(len(text), len(text) + len(added), own))
            text += added
    yield text, tuple(marks)


def _words(token: Token) -> str:
    if token.type == "softbreak":
        return " "
    if token.type == "image":
        return (
            f"[picture: {_one_line(token.content) or 'no description'}, {_one_line(str(token.attrs.get('src', '')))}]"
        )
    return _one_line(token.content)


def _one_line(text: str) -> str:
    return visible(text).replace("\n", " ")


def _table(tokens: Sequence[Token]) -> Iterator[Line]:
    """A table with its columns as wide as their widest cell."""
    rows: list[list[tuple[str, tuple[Mark, ...]]]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(next(_inline_lines(token.children or ())))
    widths = [max(cell_len(row[column][0]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        text, marks = "", list[Mark]()
        for column, (cell, cell_marks) in enumerate(row):
            text += " │ " if column else ""
            marks += (Mark(mark.start + len(text), mark.end + len(text), mark.look) for mark in cell_marks)
            text += cell + " " * (widths[column] - cell_len(cell))
        yield Line(text, (Mark(0, len(text), "strong"), *marks) if number == 0 else tuple(marks))
        if number == 0:
            rule = "─┼─".join("─" * width for width in widths)
            yield Line(rule, (Mark(0, len(rule), "quiet"),))
