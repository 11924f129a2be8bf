"""The check for forbidden bytes passes what Textual writes and nothing else."""

from __future__ import annotations

import pyte
import pytest

from engine.display import visible
from tests.terminal.escapes import HOSTILE, digestible, forbidden_bytes, split_incomplete, split_unfinished_frame

TEXTUAL = (
    "\x1b[?1049h\x1b[?1000h\x1b[?25l\x1b[>25u\x1b[?2026$p\x1b[?2026h\x1b[1;1H\x1b[38;2;224;224;224;48;2;18;18;18m"
    "┌─ naïve 😀 한글 ع 👍🏽 ❤️\t\x1b[0m\r\n\x1b[?2026l\x1b]22;default\x07\x1b[<u\x1b[?1049l"
)


def test_what_textual_writes_passes() -> None:
    assert forbidden_bytes(TEXTUAL.encode()) == []


@pytest.mark.parametrize("payload", [payload for payload in HOSTILE if "markup" not in payload], ids=ascii)
def test_each_hostile_text_is_found(payload: str) -> None:
    assert forbidden_bytes((TEXTUAL + payload + TEXTUAL).encode())


@pytest.mark.parametrize("payload", HOSTILE, ids=ascii)
def test_hostile_text_made_visible_passes(payload: str) -> None:
    assert forbidden_bytes(visible(payload).encode()) == []


def test_a_byte_that_is_not_utf8_is_found() -> None:
    assert forbidden_bytes(b"\x9b31m")


def test_only_the_copies_that_were_allowed_pass() -> None:
    raw = b"\x1b]52;c;Z29vZA==\x07"
    assert forbidden_bytes(raw, clipboard=["Z29vZA=="]) == []
    assert forbidden_bytes(raw, clipboard=["YmFk"])


def test_a_bell_passes_only_where_allowed() -> None:
    assert forbidden_bytes(b"\x07")
    assert forbidden_bytes(b"\x07", bell=True) == []


def test_sequences_cut_anywhere_draw_the_same_screen() -> None:
    def draw(pieces: list[str]) -> list[str]:
        screen = pyte.Screen(40, 3)
        stream, rest = pyte.Stream(screen), ""
        for piece in pieces:
            complete, rest = split_incomplete(rest + piece)
            stream.feed(digestible(complete))
        return list(screen.display)

    text = TEXTUAL.removesuffix("\x1b[?1049l")
    whole = draw([text])
    assert "naïve 😀 한글" in whole[0]
    assert all(draw([text[:at], text[at:]]) == whole for at in range(len(text)))


def test_a_frame_counts_once_it_is_whole() -> None:
    frame = "\x1b[?2026hnew\x1b[?2026l"
    assert split_unfinished_frame(f"old{frame}") == (f"old{frame}", "")
    assert split_unfinished_frame(f"{frame}\x1b[?2026hha") == (frame, "\x1b[?2026hha")
    assert split_unfinished_frame("no frames") == ("no frames", "")
