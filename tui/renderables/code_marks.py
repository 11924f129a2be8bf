"""The colours of code: which stretches of which line are keywords, strings and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.state.rows import Mark

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_MOST_CHARACTERS = 20_000


def code_marks(code: str, language: str) -> list[tuple[Mark, ...]]:
    """Mark up code in a language that Pygments knows; nothing is marked in others, nor in very long code.

    Returns:
        For each line of the code its marks.
    """
    marks: list[list[Mark]] = [[] for _ in code.split("\n")]
    lexer = _lexer(language) if len(code) <= _MOST_CHARACTERS else None
    if lexer is None:
        return [()] * len(marks)
    line = column = 0
    for _, kind, text in lexer.get_tokens_unprocessed(code):
        look = _look(kind)
        for number, part in enumerate(text.split("\n")):
            if number:
                line, column = line + 1, 0
            if look and part:
                marks[line].append(Mark(column, column + len(part), look))
            column += len(part)
    return [tuple(of_line) for of_line in marks]


def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language) if language else None
    except ClassNotFound:
        return None


def _look(kind: object) -> str:
    """The look of a kind of token; most have none of their own."""
    from pygments.token import Comment, Keyword, Name, Number, String

    for family, look in ((Comment, "comment"), (Keyword, "keyword"), (String, "string"), (Number, "number")):
        if kind in family:
            return look
    return "name" if kind in Name.Function or kind in Name.Class else ""
