"""What is guessed from the columns, and what a person can set."""

from __future__ import annotations

from typing import Any

import pytest

from engine.corpus import Columns, DataSpec
from engine.data.columns import find_columns
from engine.data.rows import Row
from engine.errors import DataFault, Misuse
from tests.engine.data.conftest import Write, look


def find(*rows: dict[str, Any], **spec: Any) -> Columns:
    return find_columns(DataSpec(source="rows.jsonl", **spec), [Row(row, place) for place, row in enumerate(rows, 1)])


TALK = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize(
    ("row", "shape", "used"),
    [
        ({"text": "a"}, "text", ("text",)),
        ({"content": "a", "id": 1}, "text", ("content",)),
        ({"id": "x1", "anything": "a long text, longer than the id"}, "text", ("anything",)),
        ({"text": "a", "label": 1}, "labelled", ("text", "label")),
        ({"review": "a", "sentiment": "good"}, "labelled", ("review", "sentiment")),
        ({"sentence": "a", "label": True}, "labelled", ("sentence", "label")),
        ({"prompt": "a", "completion": "b"}, "completion", ("prompt", "completion")),
        ({"question": "a", "answer": "b"}, "completion", ("question", "answer")),
        ({"article": "a", "highlights": "b", "id": "c"}, "completion", ("article", "highlights")),
        ({"instruction": "a", "output": "b"}, "instruction", ("instruction", "output")),
        ({"instruction": "a", "input": "", "output": "b"}, "instruction", ("instruction", "input", "output")),
        ({"Instruction": "a", "context": "c", "response": "b"}, "instruction", ("Instruction", "context", "response")),
        ({"messages": TALK}, "chat", ("messages",)),
        ({"id": "a", "conversations": [{"from": "human", "value": "a"}]}, "chat", ("conversations",)),
        ({"messages": "no list", "text": "a"}, "text", ("text",)),
        ({"text": "a", "label": 0.5}, "text", ("text",)),
    ],
)
def test_usual_columns_are_recognised(row: dict[str, Any], shape: str, used: tuple[str, ...]) -> None:
    columns = find(row, row)
    assert (columns.shape, columns.used) == (shape, used)
    assert columns.guessed
    assert all(f'"{name}"' in columns.why for name in used if name not in ("input", "context"))


def test_free_text_is_no_label() -> None:
    rows = [{"text": f"a {number}", "category": f"nearly a sentence of its own, {number}"} for number in range(60)]
    assert find(*rows).shape == "text"


def test_one_strange_row_does_not_change_the_guess() -> None:
    assert find({"text": "a", "label": 1}, {"text": "b", "label": 0}, {"text": 3, "label": "x"}).shape == "labelled"


@pytest.mark.parametrize(
    ("spec", "shape", "used"),
    [
        ({"text_column": "b"}, "text", ("b",)),
        ({"label_column": "c"}, "labelled", ("a", "c")),
        ({"prompt_column": "b", "completion_column": "a"}, "completion", ("b", "a")),
        ({"shape": "text"}, "text", ("a",)),
        ({"shape": "labelled", "text_column": "b", "label_column": "a"}, "labelled", ("b", "a")),
        ({"shape": "instruction", "prompt_column": "a", "completion_column": "b"}, "instruction", ("a", "b")),
    ],
)
def test_what_is_set_counts(spec: dict[str, Any], shape: str, used: tuple[str, ...]) -> None:
    columns = find({"a": "the longest text here", "b": "short", "c": "x"}, **spec)
    assert (columns.shape, columns.used, columns.guessed) == (shape, used, False)


def test_a_column_that_is_missing_for_the_shape_is_asked_for() -> None:
    with pytest.raises(Misuse, match="need a column for the completion") as caught:
        find({"prompt": "a", "b": "c"}, prompt_column="prompt")
    assert "--completion-column" in caught.value.hint


def test_columns_without_text_are_refused_in_words() -> None:
    with pytest.raises(DataFault, match='columns "id", "score"') as caught:
        find({"id": 1, "score": 0.5})
    assert "--text-column" in caught.value.hint


def test_labels_are_in_order_and_get_their_words(write: Write) -> None:
    rows = [{"text": str(number), "label": number % 3} for number in range(9)] + [{"text": "x", "label": 10}]
    file = write("rows.jsonl", rows)
    report = look(file, label_words=("no", "maybe", "yes", "ten"))
    assert [(label.label, label.word, label.rows) for label in report.labels] == [
        ("0", "no", 3),
        ("1", "maybe", 3),
        ("2", "yes", 3),
        ("10", "ten", 1),
    ]
    with pytest.raises(Misuse, match=r'2 label words for 4 labels: "0", "1", "2", "10"'):
        look(file, label_words=("no", "yes"))
    with pytest.raises(Misuse, match="same word"):
        look(file, label_words=("a", "a", "b", "c"))


def test_a_slip_in_a_label_is_a_faulty_row(write: Write) -> None:
    rows = [{"text": str(number), "label": ("good", "bad")[number % 2]} for number in range(40)]
    file = write("rows.jsonl", [*rows, {"text": "x", "label": "goood"}])
    report = look(file, label_words=("negative", "positive"))
    assert [(label.label, label.word, label.rows) for label in report.labels] == [
        ("bad", "negative", 20),
        ("good", "positive", 20),
    ]
    [fault] = report.faults[0].first
    assert (fault.kind, fault.row, fault.found, fault.expected) == ("unknown-label", 41, '"goood"', "one of bad, good")
    assert 'to "good"?' in fault.hint
    assert len(look(file).labels) == 3


def test_a_label_is_the_same_as_number_and_as_text(write: Write) -> None:
    file = write("rows.jsonl", [{"text": "a", "label": 1}, {"text": "b", "label": "1"}, {"text": "c", "label": 1.0}])
    assert [(label.label, label.rows) for label in look(file, label_column="label").labels] == [("1", 3)]


def test_thousands_of_labels_are_free_text(write: Write) -> None:
    file = write("rows.jsonl", [{"text": "a", "label": number} for number in range(1200)])
    with pytest.raises(DataFault, match="1,200 different values"):
        look(file)


def test_notes_tell_what_a_person_should_know(write: Write) -> None:
    rows = [{"text": f"{number}", "label": 0} for number in range(40)] + [{"text": "1", "label": 1}]
    notes = " ".join(look(write("rows.jsonl", rows)).notes)
    assert "lopsided" in notes
    assert "--label-words" in notes
    twice = look(write("twice.jsonl", [{"prompt": "ab", "completion": "cd"}] * 3)).notes
    assert any("touch without a blank" in note for note in twice)
    assert "2 rows are duplicates of an earlier one" in twice
