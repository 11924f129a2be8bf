"""Stop strings: none comes through, nothing before one is lost, and it does not matter how the text was cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.inference.stopping import StopStrings
from tests.examples import examples

letters = st.text("abc\n", max_size=40)
stop_lists = st.lists(st.text("abc\n", max_size=4), max_size=4)


def cut(text: str, places: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(edges)]


def run(stops: list[str], pieces: list[str]) -> tuple[str, str]:
    watcher = StopStrings(stops)
    given_out = "".join(watcher.push(piece) for piece in pieces)
    if not watcher.met:
        given_out += watcher.flush()
    return given_out, watcher.met


def reference(stops: list[str], text: str) -> tuple[str, str]:
    """The plain meaning: letter by letter, until the text ends with a stop string."""
    for end in range(1, len(text) + 1):
        met = max((stop for stop in stops if stop and text[:end].endswith(stop)), key=len, default="")
        if met:
            return text[: end - len(met)], met
    return text, ""


@examples(300)
@given(stop_lists, letters, st.lists(st.integers(0, 100)))
def test_a_reply_ends_before_the_first_stop_string_however_it_is_cut(
    stops: list[str], text: str, places: list[int]
) -> None:
    given_out, met = run(stops, cut(text, places))
    assert (given_out, met) == reference(stops, text)
    assert not any(stop in given_out for stop in stops if stop)
    assert text.startswith(given_out + met)


def test_text_that_only_begins_like_a_stop_string_is_given_out_in_the_end() -> None:
    watcher = StopStrings(["\nUser:"])
    assert watcher.push("Hello\nUs") == "Hello"
    assert watcher.push("e it") == "\nUse it"
    assert watcher.push("\n") == ""
    assert watcher.flush() == "\n"
    assert watcher.met == ""


def test_nothing_comes_after_a_stop_string() -> None:
    watcher = StopStrings(["END"])
    assert watcher.push("the END of it") == "the "
    assert watcher.met == "END"
    assert watcher.push("more") == ""
    assert watcher.flush() == ""


def test_without_stop_strings_nothing_is_held_back() -> None:
    assert StopStrings([]).push("abc") == "abc"
    assert StopStrings([""]).push("abc") == "abc"
