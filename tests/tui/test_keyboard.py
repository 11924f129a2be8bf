"""Keys come out of a terminal's bytes as they were pressed, however quickly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, MouseDown, Paste
from textual.message import Message

from tui.keyboard import KeyParser, install

PASTE, PASTED = "\x1b[200~", "\x1b[201~"


def events(*reads: str) -> list[Message]:
    """What a parser makes of bytes that were read so, without any pause."""
    parser = KeyParser()
    return [event for read in reads for event in parser.feed(read)]


def keys(*reads: str) -> list[str]:
    return [event.key for event in events(*reads) if isinstance(event, Key)]


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        (["\x1b", *["\x12"] * 40], ["escape", *["ctrl+r"] * 40]),
        (["\x1b", "\x12", "\x1b", "\x12"], ["escape", "ctrl+r", "escape", "ctrl+r"]),
        (["\x1b", "\x12" * 40], ["escape", *["ctrl+r"] * 40]),
        (["\x1b\x12", "\x1b["], ["escape", "ctrl+r"]),
        (["\x1b\t\x1b[Z"], ["shift+tab", "shift+tab"]),
        (["\x1be", "\x1b[A"], ["alt+e", "up"]),
        (["\x1b", "e", "\x1b[A"], ["alt+e", "up"]),
        (["\x1b\rand so on\x1b[A"], ["alt+enter", *"and", "space", *"so", "space", *"on", "up"]),
        (["\x1b", "\r"], ["alt+enter"]),
        (["\x1b", "[", "A"], ["up"]),
        (["\x1b[1;3D\x1b[1;5C"], ["alt+left", "ctrl+right"]),
        (["\x1bOP\x1b[[A\x1b[15~"], ["f1", "f1", "f5"]),
        (["\x1bf\x1b\x7f"], ["ctrl+right", "ctrl+w"]),
        (["a^b"], ["a", "circumflex_accent", "b"]),
        (["\x1b[99z", "b"], ["b"]),
        (["\x1b[99", "\x1b[A"], ["up"]),
        (["\x1b]11;rgb:00/00/00\x1b[A"], ["up"]),
        (["\x1b[106;5u"], ["ctrl+j"]),
    ],
)
def test_keys_are_those_that_were_pressed(reads: list[str], expected: list[str]) -> None:
    assert keys(*reads) == expected


def test_what_is_far_too_long_for_a_sequence_types_no_accent() -> None:
    assert "circumflex_accent" not in keys("\x1b[" + "1;" * 40 + "z")


def test_escape_alone_is_told_when_nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("textual._parser.get_time", lambda: now_s)
    parser = KeyParser()
    assert list(parser.feed("\x1b")) == []
    now_s += 1
    assert [event.key for event in parser.tick() if isinstance(event, Key)] == ["escape"]
    assert [event.key for event in parser.feed("[A") if isinstance(event, Key)] == ["left_square_bracket", "A"]


def test_what_is_pasted_presses_no_key() -> None:
    found = events(f"{PASTE}one\x1b[31m red\x1bx \x12\r{'long ' * 20}{PASTED}", "k")
    assert [event.key for event in found if isinstance(event, Key)] == ["k"]
    (paste,) = [event for event in found if isinstance(event, Paste)]
    assert paste.text.startswith("one")
    assert paste.text.endswith("long ")


@pytest.mark.parametrize(
    "text",
    [
        "a \x1b]8;;https://example.org/a-rather-long-address\x1b\\link\x1b]8;;\x1b\\ b",
        "\x1b\x1b",
        "x\x1b\x1b",
        "\x1b[2",
        "\x1b[200",
        "\x1b[A\x1b[I\x1b[<0;10;5M",
        PASTE,
        "",
        "long " * 9000,
    ],
)
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_all_that_is_pasted_arrives(text: str, size: int) -> None:
    sent = f"a{PASTE}{text}{PASTED}\x1b[A"
    found = events(*(sent[start : start + size] for start in range(0, len(sent), size)))
    assert [
        event.key if isinstance(event, Key) else event.text for event in found if isinstance(event, Key | Paste)
    ] == [
        "a",
        text,
        "up",
    ]
    assert len(found) == 3


def test_the_mouse_goes_on_working() -> None:
    (press,) = events("\x1b", "[<0;10;5M")
    assert isinstance(press, MouseDown)
    assert (press.x, press.y) == (9, 4)


@given(st.lists(st.sampled_from(["\x1b", "\x12", "\x07", "a", "\r", "\x1b[A", "\x1be", "\x1b[1;3D", "é"]), max_size=60))
def test_no_key_types_an_accent_that_was_not_typed(reads: list[str]) -> None:
    assert "circumflex_accent" not in keys(*reads)


def test_bytes_that_are_no_utf_8_are_shown_as_such_and_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from textual.drivers import linux_driver

    for name in ("XTermParser", "getincrementaldecoder"):
        monkeypatch.setattr(linux_driver, name, getattr(linux_driver, name))
    install()
    decode = vars(linux_driver)["getincrementaldecoder"]("utf-8")().decode
    assert [decode(part) for part in (b"caf\xe9 ", b"\xe2\x82", b"\xac\x9b", b"a")] == [
        "caf\ufffd ",
        "",
        "\u20ac\ufffd",
        "a",
    ]
