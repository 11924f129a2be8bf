"""Law 3: no control from outside reaches the terminal; each shows as a picture, and ordinary text is left alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.display import visible, visible_line

# Stated from the Unicode standard, not from the module: what drives, reorders or hides.
_BIDI = {*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C}
_ZERO_WIDTH = {0x00AD, 0x034F, 0x180E, *range(0x200B, 0x2010), *range(0x2060, 0x2065), 0xFEFF}
_LINE_ENDS = {0x2028, 0x2029}
_KEPT = {0x09, 0x0A}


def _is_forbidden(character: str) -> bool:
    code = ord(character)
    if code in _KEPT:
        return False
    return unicodedata.category(character) in {"Cc", "Cs"} or code in _BIDI | _ZERO_WIDTH | _LINE_ENDS


# Hypothesis draws few controls by itself, so that half of the characters come from there.
_controls = st.sampled_from(
    [
        chr(code)
        for code in (*range(0x20), *range(0x7F, 0xA0), *sorted(_BIDI | _ZERO_WIDTH | _LINE_ENDS), 0xD800, 0xDFFF)
    ]
)
_anything = st.characters(exclude_categories=[])
_texts = st.text(st.one_of(_controls, _anything))


@given(_texts)
def test_nothing_that_a_terminal_acts_on_comes_through(text: str) -> None:
    assert not [character for character in visible(text) if _is_forbidden(character)]


@given(_texts)
def test_what_comes_through_can_be_written_to_a_terminal(text: str) -> None:
    visible(text).encode("utf-8")


@given(_texts)
def test_making_visible_twice_changes_nothing_more(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert visible_line(visible_line(text)) == visible_line(text)


@given(_texts)
def test_a_line_stays_one_line(text: str) -> None:
    line = visible_line(text)
    assert "\n" not in line
    assert "\t" not in line
    assert len(line.splitlines()) <= 1


@given(st.text(st.one_of(_controls, _anything), min_size=1))
def test_every_hidden_character_leaves_a_picture(text: str) -> None:
    # Only the carriage return of a line end goes without a trace.
    assert len(visible(text)) >= len(text) - text.count("\r\n")


@given(
    st.text(st.characters(categories=["L", "M", "N", "P", "S"], exclude_characters="\u034f\u115f\u1160\u3164\uffa0"))
)
def test_letters_marks_numbers_and_signs_are_left_alone(text: str) -> None:
    kept = "".join(character for character in text if not _is_filler(character))
    assert visible(kept) == kept


def _is_filler(character: str) -> bool:
    # Letters and marks that are drawn as nothing: vowel inherents of Khmer, Mongolian and other variation selectors.
    return ord(character) in {0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xE0100, 0xE01F0)}


@pytest.mark.parametrize(
    "text",
    [
        "plain words, 42 of them\n\tindented",
        "naïve façade",
        "cafe\u0301 with a combining accent",
        "Żółć, Größe, ﬁne",
        "Привет, мир",
        "Καλημέρα κόσμε",
        "שלום עולם",
        "السلام عليكم",
        "नमस्ते दुनिया",
        "สวัสดีชาวโลก",
        "안녕하세요 세계",
        "日本語と中文",
        "🙂 🚀 👍🏽 🇩🇪 ❤️",
        "∑ √ ≠ → █ ▁▂▃ ⠿",
        "non\u00a0breaking space",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x1b[2J", "␛[2J"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("a\x00b", "a␀b"),
        ("\x7f", "␡"),
        ("abc\u202ecba", "abc⟨U+202E⟩cba"),
        ("pass\u200bword", "pass⟨U+200B⟩word"),
        ("\ufeffstart", "⟨U+FEFF⟩start"),
        ("\ud83d", "⟨U+D83D⟩"),
        ("over\rwritten", "over␍written"),
        ("line\r\nline", "line\nline"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
    ],
)
def test_controls_become_pictures(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_joiner_inside_an_emoji_is_shown_too() -> None:
    # A family is four people and three zero-width joiners; a joiner can hide text as well, so that none is let through.
    assert visible("👩\u200d👧") == "👩⟨U+200D⟩👧"


def test_a_title_shows_its_line_ends_and_tabs() -> None:
    assert visible_line("two\nlines\tand a tab") == "two␊lines␉and a tab"


def test_a_carriage_return_can_not_hide_behind_another() -> None:
    assert visible("a\r\r\nb") == "a␍\nb"
