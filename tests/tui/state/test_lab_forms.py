"""What is typed into the lab's forms, and how a draft changes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.errors import DataFault
from engine.lab import Lab, Label, Row, Variation
from engine.lab.inputs import DataFile
from engine.protocol import Template
from tui.state.lab_draft import Draft, is_named_after, own_rows, unlike
from tui.state.lab_form import (
    file_fault,
    read_labels,
    read_setup,
    rows_faults,
    rows_words,
    setup_texts,
    stops_of,
    text_of_labels,
    text_of_stops,
)

TEMPLATE = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")
COLUMN = Variation(name="Plain", model="m", template=TEMPLATE)
FILE = DataFile(file=Path("/rows.csv"), label="stars", limit=5)
LAB = Lab(name="L", rows=(Row(input="one"),), variations=(COLUMN,))
DRAFT = Draft(lab=LAB, typed=1).with_file(FILE, (Row(input="f1"), Row(input="f2")))


def inputs(draft: Draft) -> list[str]:
    return [row.input for row in draft.lab.rows]


def test_typed_rows_stand_before_those_of_a_file() -> None:
    draft = DRAFT.with_row(Row(input="two"))
    assert (inputs(draft), draft.typed, draft.data) == (["one", "two", "f1", "f2"], 2, FILE)
    assert inputs(draft.with_file(None, ())) == ["one", "two"]


@pytest.mark.parametrize(
    ("draft", "expected", "typed", "data"),
    [
        (DRAFT.without_row(0), ["f1", "f2"], 0, FILE),
        (DRAFT.without_row(1), ["one", "f2"], 2, None),
        (DRAFT.with_changed_row(0, Row(input="new")), ["new", "f1", "f2"], 1, FILE),
        (DRAFT.with_changed_row(2, Row(input="new")), ["one", "f1", "new"], 3, None),
    ],
)
def test_a_changed_row_of_a_file_makes_the_rows_the_labs_own(
    draft: Draft, expected: list[str], typed: int, data: DataFile | None
) -> None:
    assert (inputs(draft), draft.typed, draft.data) == (expected, typed, data)


def test_columns_have_names_of_their_own() -> None:
    draft = DRAFT.with_column(COLUMN).with_column(COLUMN, 1)
    assert [each.name for each in draft.lab.variations] == ["Plain", "Plain 3", "Plain 2"]
    again = draft.with_changed_column(0, msgspec.structs.replace(COLUMN, model="other"))
    assert (again.lab.variations[0].name, again.lab.variations[0].model) == ("Plain", "other")
    assert [each.name for each in draft.without_column(0).lab.variations] == ["Plain 3", "Plain 2"]


@pytest.mark.parametrize(
    ("name", "others", "found"),
    [
        ("A", (), "A"),
        ("A", ("A",), "A 2"),
        ("A 2", ("A 2",), "A 3"),
        ("A 2", ("A 2", "A 3"), "A 4"),
        ("7", ("7",), "7 2"),
    ],
)
def test_a_name_is_made_unlike_the_others(name: str, others: tuple[str, ...], found: str) -> None:
    assert unlike(name, others) == found
    assert is_named_after(found, name) == (found == name or found.removeprefix(f"{name} ").isdecimal())


def test_the_setup_says_what_a_draft_says() -> None:
    lab = msgspec.structs.replace(
        LAB, metrics=("accuracy",), labels=(Label("0", "bad"), Label("1", "good")), seed=3, normalisation="token"
    )
    draft = msgspec.structs.replace(DRAFT, lab=lab)
    reading = read_setup(setup_texts(draft), LAB)
    assert (reading.lab, reading.data, reading.faults) == (lab, FILE, {})


@pytest.mark.parametrize(
    ("texts", "field", "words"),
    [
        ({"name": " "}, "name", "needs a name"),
        ({"limit": "-3"}, "limit", "whole number"),
        ({"seed": "x"}, "seed", "whole number"),
        ({"accuracy": "yes"}, "labels", "two labels"),
        ({"labels": "good"}, "labels", "write 1 = positive"),
        ({"labels": "0 = a, 1 = a"}, "labels", "same word"),
        ({"labels": "0 = a, 0 = b"}, "labels", "two words"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(texts: dict[str, str], field: str, words: str) -> None:
    reading = read_setup({**setup_texts(own_rows(LAB)), **texts}, LAB)
    assert words in reading.faults[field]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"metrics": ("accuracy",)}, "accuracy", "no row has a label"),
        ({"metrics": ("exact",)}, "exact", "no row has a reference"),
        ({"metrics": ("accuracy",), "rows": (Row(input="x", label="7"),)}, "labels", '"7", which has no word'),
        ({"rows": (Row(input="x"),) * 200_001}, "limit", "take fewer"),
    ],
)
def test_what_the_rows_lack_is_said_at_its_field(changes: dict[str, object], field: str, words: str) -> None:
    assert words in rows_faults(msgspec.structs.replace(LAB, **changes))[field]


def test_labels_and_their_words() -> None:
    assert read_labels("0 = very bad, 1=good,") == (Label("0", "very bad"), Label("1", "good"))
    assert read_labels("") == ()
    assert read_labels('1 = 5" a, 0 = 5" b') == (Label("1", '5" a'), Label("0", '5" b'))
    assert read_labels('1 = say "yes", 0 = it is 5" long') == (Label("1", 'say "yes"'), Label("0", 'it is 5" long'))


@pytest.mark.parametrize(
    "word", ["no, never", " good", 'say "a, b"', '"', "a = b", "two\nlines", "back\\slash, it is", ","]
)
def test_any_word_of_a_label_can_be_typed(word: str) -> None:
    labels = (Label("0", "good"), Label("a, b", word), Label("x=y", word + "!"))
    assert read_labels(text_of_labels(labels)) == labels


@pytest.mark.parametrize(
    ("text", "stops"),
    [("", ()), ("User:", ("User:",)), ("\\n\\n", ("\n\n",)), ('"\\n", "a, b"', ("\n", "a, b"))],
)
def test_stop_strings(text: str, stops: tuple[str, ...]) -> None:
    assert stops_of(text) == stops
    assert stops_of(text_of_stops(stops)) == stops


@pytest.mark.parametrize("text", ['"open', '"a" "b"', '"a", 3', '""'])
def test_stop_strings_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="in quotes"):
        stops_of(text)


def test_a_file_is_told_in_words() -> None:
    rows = (Row(input="Hello\nthere", label="b"), Row(input="x", label="a", reference="y"))
    assert rows_words(rows) == "It begins: Hello␊there… · labels a, b · with references"
    fault = DataFault("Which column", 'Name it under [data], as input = "…". It has a, b')
    assert file_fault(fault) == "Which column. Name it below. It has a, b"
