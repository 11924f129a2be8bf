"""A row of a data set, drawn: as it is in the file, as the model sees it, and token by token.

What is learned is told apart by brackets and underlining, what is cut by scissors and a line through it: colour alone
tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from textual.content import Content

from engine.corpus.views import Fate, RowView, TokenView
from engine.display import visible, visible_line
from engine.figures import plural
from tui.renderables.fitted import FAINT, QUIET, labelled
from tui.state.inspection import shortened
from tui.state.option_words import option_words

MARKS: dict[Fate, tuple[str, str]] = {"trained": ("⟦", "⟧"), "masked": ("", ""), "cut": ("✂", "✂")}
_STYLES: dict[Fate, str] = {"trained": "bold underline", "masked": QUIET, "cut": f"strike {QUIET}"}
_BETWEEN = "│"
_PIECE = "¶"
_SHORT_CHARACTERS = 280
_LABEL_CELLS = 24
_HEADING = "bold $secondary"


def row_title(view: RowView) -> str:
    """Which row it is, and how long."""
    parts = [f"Row {view.row:,}"]
    if view.file:
        parts.append(visible_line(view.file) + (f", line {view.line:,}" if view.line else ""))
    if view.token_count:
        learned = sum(token.fate == "trained" for token in view.tokens)
        more = "+" if view.token_count > len(view.tokens) else ""
        parts.append(f"{plural(view.token_count, 'token')}, {learned:,}{more} learned")
    if view.cut_tokens:
        parts.append(f"✂ {view.cut_tokens:,} cut")
    return " · ".join(parts)


def raw_content(view: RowView, width: int, *, whole: bool) -> Content:
    """The row as it is in the file."""
    most = min(_LABEL_CELLS, max(8, width // 3))
    pairs = [(shortened(name, most), _short(text, whole=whole)) for name, text in view.raw.items()]
    label_width = max([len(name) for name, _ in pairs], default=0) + 2
    lines = [Content.styled("In the data", _HEADING)]
    if pairs:
        lines.append(labelled(pairs, width, label_width))
    if view.fault is not None:
        lines += [
            Content(""),
            Content.styled(f"✗ This row can't be used: {option_words(view.fault.words)}", "$text-error"),
        ]
    return Content("\n").join(lines)


def seen_content(view: RowView) -> Content:
    """The row as the model sees it."""
    parts: list[Content | tuple[str, str]] = [("What the model sees\n", _HEADING)]
    left, right = MARKS["trained"]
    for part in view.parts:
        style = _STYLES["trained" if part.trained else "masked"]
        text = Content.styled(_with_line_ends(part.text), style)
        parts += [(left, FAINT), text, (right, FAINT)] if part.trained else [text]
    return Content.assemble(*parts)


def tokens_content(view: RowView) -> Content:
    """The row token by token."""
    parts: list[Content | tuple[str, str]] = [("Token by token\n", _HEADING)]
    for fate, run in groupby(view.tokens, key=lambda token: token.fate):
        left, right = MARKS[fate]
        parts.append((left, FAINT))
        for place, token in enumerate(run):
            if place:
                parts.append((_BETWEEN, FAINT))
            parts += _token(token)
        parts.append((right or _BETWEEN, FAINT))
    if more := view.token_count - len(view.tokens):
        parts.append((f"\nand {plural(more, 'more token')}", QUIET))
    return Content.assemble(*parts)


def legend() -> Content:
    """What the marks mean."""
    left, right = MARKS["trained"]
    return Content.assemble(
        (left, FAINT),
        ("learned", _STYLES["trained"]),
        (right, FAINT),
        ("  only read  ", _STYLES["masked"]),
        ("✂", FAINT),
        ("cut", _STYLES["cut"]),
        ("✂", FAINT),
        (f"  {_PIECE} a further piece begins", QUIET),
    )


def _token(token: TokenView) -> Iterator[Content | tuple[str, str]]:
    if token.begins_piece:
        yield (_PIECE, "bold $accent")
    shown = visible_line(token.text).replace("␊", "⏎")
    yield Content.styled(shown, _STYLES[token.fate])
    if shown.endswith("⏎"):
        yield Content("\n")


def _with_line_ends(text: str) -> str:
    return visible(text).replace("\n", "⏎\n")


def _short(text: str, *, whole: bool) -> str:
    shown = visible_line(text)
    if whole or len(shown) <= _SHORT_CHARACTERS:
        return shown
    return f"{shown[:_SHORT_CHARACTERS]}… ({len(shown) - _SHORT_CHARACTERS:,} more characters)"
