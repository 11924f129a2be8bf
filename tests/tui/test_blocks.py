"""Cutting Markdown into blocks while it is written, and rendering them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.display import visible
from tui.renderables.markdown_lines import markdown_lines
from tui.state.blocks import BlockCutter
from tui.state.rows import Line
from tui.widgets.reply_body import ReplyBody

_WRITTEN = ("word ", "- ", "  - ", "1. ", "# ", "```", "```py\n", "~~~\n", "> ", "| a | b |\n|---|---|\n", "    ")
_INLINE = ("`", "**", "***", "[a](b)", "![c](d)", "<b>", "&#x202e;", "\t", "\x1b[31m", "\r\n", "---\n", "* * *\n", "字")
PIECES = st.sampled_from([*_WRITTEN, *_INLINE, "\n", "\n\n"])
MARKDOWN = st.lists(PIECES, max_size=30).map("".join)


def blocks_of(text: str) -> list[str]:
    cutter = BlockCutter()
    return [*cutter.finished(text), text[cutter.done :]]


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("one\ntwo\n\nthree", ["one\ntwo\n\n", "three"]),
        ("# Head\ntext", ["# Head\n", "text"]),
        ("text\n# Head\n", ["text\n", "# Head\n", ""]),
        ("- a\n- b\n- c", ["- a\n", "- b\n- c"]),
        ("- a\n- b\n- c\n", ["- a\n", "- b\n", "- c\n"]),
        ("- a\n  - deep\n\n  more\n- b\n", ["- a\n  - deep\n\n  more\n", "- b\n"]),
        ("- a\n\nafter\n\n", ["- a\n\n", "after\n\n", ""]),
        ("```py\na\n\nb\n```\nc", ["```py\na\n\nb\n```\n", "c"]),
        ("````\n```\n````\nx", ["````\n```\n````\n", "x"]),
        ("text\n```\ncode\n```\n", ["text\n", "```\ncode\n```\n", ""]),
        ("- a\n  ```\n  - no item\n  ```\n- b\n", ["- a\n  ```\n  - no item\n  ```\n", "- b\n"]),
        ("in the year\n1984. Done\n\n", ["in the year\n1984. Done\n\n", ""]),
        ("* * *\n\nx", ["* * *\n\n", "x"]),
        ("| a |\n|---|\n| 1 |\n\nx", ["| a |\n|---|\n| 1 |\n\n", "x"]),
    ],
)
def test_blocks_end_where_nothing_can_change_them(text: str, blocks: list[str]) -> None:
    assert blocks_of(text) == blocks


@given(MARKDOWN)
def test_blocks_join_to_the_text(text: str) -> None:
    assert "".join(blocks_of(text)) == text


@given(MARKDOWN, st.data())
def test_blocks_are_the_same_however_the_text_comes(text: str, data: st.DataObject) -> None:
    cutter, blocks, shown = BlockCutter(), list[str](), 0
    while shown < len(text):
        shown += data.draw(st.integers(1, 6))
        blocks += cutter.finished(text[:shown])
    assert [*blocks, text[cutter.done :]] == blocks_of(text)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("# A *b*\n", ["A b"]),
        ("one\ntwo\n", ["one two"]),
        ("- a\n  - b\n", ["• a", "  ◦ b"]),
        ("7. a\n", ["7. a"]),
        ("1. a\n\n   b\n", ["1. a", "", "   b"]),
        ("> a\n>\n> b\n", ["▎ a", "▎", "▎ b"]),
        ("```py\ndef f():\n\treturn 1\n```\n", ["def f():", "\treturn 1"]),
        ("| a | bb |\n|---|---|\n| ccc | d |\n", ["a   │ bb", "────┼───", "ccc │ d "]),
        ("<script>x</script> & <b>\n", ["<script>x</script> & <b>"]),
        ("[here](https://x.org)\n", ["here (https://x.org)"]),
        ("<https://x.org>\n", ["https://x.org"]),
        ("![a cat](c.png)\n", ["[picture: a cat, c.png]"]),
        ("a  \nb\n", ["a", "b"]),
        ("-\n", ["•"]),
        ("[a]: b\n", ["[a]: b"]),
        ("\n \n", []),
    ],
)
def test_markdown_is_rendered_as_lines(source: str, lines: list[str]) -> None:
    assert texts(markdown_lines(source)) == lines


def test_what_markdown_decodes_is_safe_too() -> None:
    assert texts(markdown_lines("a&#x202e;b&#10;c `\x9b` &ZeroWidthSpace;\n")) == ["a⟨U+202E⟩b c ⟨U+009B⟩ ⟨U+200B⟩"]


@given(MARKDOWN)
def test_nothing_rendered_drives_a_terminal(text: str) -> None:
    for line in markdown_lines(text):
        assert visible(line.text) == line.text
        assert "\n" not in line.text
        assert all(0 <= mark.start <= mark.end <= len(line.text) for mark in line.marks)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["[" * 9_000, "`a" * 5_000, ">" * 9_000, "- " * 3_000, "a" * 50_000], ids=len)
def test_odd_markdown_still_shows_something(text: str) -> None:
    assert any(line.text for line in markdown_lines(text))


@given(MARKDOWN, st.data(), st.booleans())
def test_a_streamed_reply_ends_as_if_it_came_at_once(text: str, data: st.DataObject, markdown: bool) -> None:
    streamed, shown = ReplyBody(), 0
    while shown < len(text):
        shown += data.draw(st.integers(1, 9))
        streamed.show(text[:shown], live=True, markdown=markdown)
    streamed.show(text, live=False, markdown=markdown)
    at_once = ReplyBody()
    at_once.show(text, live=False, markdown=markdown)
    assert streamed.rows.lines == at_once.rows.lines
    assert streamed.rows.rows == at_once.rows.rows
    if not markdown:
        assert "\n".join(texts(at_once.rows.lines)) == visible(text)


def test_a_fence_that_is_not_closed_yet_shows_as_it_comes() -> None:
    body = ReplyBody()
    body.show("text\n\n```py\nx = 1\n", live=True, markdown=True)
    assert texts(body.rows.lines) == ["text", "", "```py", "x = 1", ""]
    body.show("text\n\n```py\nx = 1\n```\nafter", live=True, markdown=True)
    assert texts(body.rows.lines) == ["text", "", "x = 1", "", "after"]


def test_items_stand_close_where_the_source_has_them_close() -> None:
    body = ReplyBody()
    body.show("- a\n- b\n\n- c\n\nend", live=False, markdown=True)
    assert texts(body.rows.lines) == ["• a", "• b", "", "• c", "", "end"]
