from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.output import cell_width, clip, out, out_json, redraw, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_data_goes_into_a_pipe_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    out("a\x1b[31mb\u202e")
    assert capsys.readouterr().out == "a\x1b[31mb\u202e\n"


def test_data_on_a_terminal_is_made_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    out("a\x1b[31mb\u202e", end="")
    out_json({"text": "\x9b\u200b"})
    assert terminal.getvalue() == 'a␛[31mb⟨U+202E⟩{"text":"⟨U+009B⟩⟨U+200B⟩"}\n'


def test_a_line_of_progress_wipes_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    width = redraw("a longer line", 0)
    assert redraw("short", width) == 5
    assert terminal.getvalue() == "\ra longer line\rshort" + " " * 8


def test_a_table_is_aligned() -> None:
    assert table(("NAME", "SIZE"), [("gpt2", "1 MB"), ("日本", "20 kB")], right=(1,)).splitlines() == [
        "NAME   SIZE",
        "gpt2   1 MB",
        "日本  20 kB",
    ]


def test_a_table_shows_controls_and_keeps_to_its_lines() -> None:
    assert table(("A",), [("x\ny\x1b",)]) == "A\nx␊y␛"


@given(st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), max_size=5), st.integers(40, 100))
def test_a_table_fits_the_width_it_is_given(rows: list[list[str]], columns: int) -> None:
    for line in table(("ONE", "TWO", "THREE"), rows, columns=columns).split("\n"):
        assert cell_width(line) <= columns


@given(st.text(), st.integers(0, 40))
def test_a_clipped_text_fits_and_is_a_start(text: str, columns: int) -> None:
    clipped = clip(text, columns)
    assert cell_width(clipped) <= columns
    assert clipped == text or text.startswith(clipped.removesuffix("…"))
