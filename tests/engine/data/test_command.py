"""`tunesmith data show`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cli.conftest import Outcome, command
from tests.engine.data.conftest import Write

__all__ = ["command"]
Command = Callable[..., Outcome]

ROWS = [{"text": f"a fine film, number {number}", "label": number % 2} for number in range(30)]


def test_it_shows_shape_counts_lengths_and_rows(command: Command, write: Write) -> None:
    file = write("reviews.jsonl", ROWS)
    result = command("data", "show", str(file), "--label-words", "bad,good", "--row", "2", "--count", "1")
    assert result.code == 0, result.err
    for words in (
        'shape     labelled (guessed: the column "label" labels the texts in the column "text")',
        "columns   text, label",
        "template  Label (label)",
        "30 rows\n",
        "0 = bad   ████████████████████████████████████████ 15",
        "lengths in characters",
        "── row 2, reviews.jsonl line 2",
        "a fine film, number 1\n\nLabel (bad or good):⟦ good⟧",
    ):
        assert words in result.out
    assert result.err == ""


@pytest.mark.slow
def test_faults_are_told_on_stderr_and_are_no_failure(command: Command, write: Write) -> None:
    file = write("reviews.jsonl", [*ROWS, {"text": 5, "label": 1}])
    result = command("data", "show", str(file), "--count", "0")
    assert result.code == 0
    assert "31 rows, 1 of them faulty" in result.out
    assert 'reviews.jsonl, row 31, column "text": found the number 5; expected text' in result.err
    assert "Of the wrong type: 1 row" in result.err
    assert "--skip-faulty" in result.err


def test_json_is_one_answer_a_line(command: Command, write: Write) -> None:
    result = command("data", "show", str(write("rows.jsonl", ROWS)), "--json", "--count", "2")
    opened, surveyed, shown = result.json_lines
    assert [one["type"] for one in (opened, surveyed, shown)] == ["DataOpened", "Surveyed", "RowsShown"]
    assert surveyed["report"]["rows"] == 30
    assert [part["text"] for part in shown["rows"][1]["parts"]] == [
        "a fine film, number 1\n\nLabel (0 or 1):",
        " 1",
    ]


def test_columns_and_template_can_be_set(command: Command, write: Write) -> None:
    file = write("rows.jsonl", [{"a": "cat", "b": "Katze"}])
    arguments = (
        "--prompt-column",
        "a",
        "--completion-column",
        "b",
        "--template",
        "translate",
        "--var",
        "target=German",
    )
    result = command("data", "show", str(file), *arguments, "--rows-only")
    assert result.code == 0, result.err
    assert "shape     completion (as set)" in result.out
    assert "German" in result.out
    assert "⟦ Katze⟧" in result.out
    assert "lengths" not in result.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["./none.jsonl"], 3, "no file or folder"),
        (["{file}", "--label-column", "lable"], 2, 'no column "lable"'),
        (["{file}", "--template", "nonesuch"], 3, "nonesuch"),
        (["{file}", "--shape", "round"], 2, "round"),
        (["{file}", "--model", "./none"], 3, "none"),
        (["{file}", "--var", "a=b"], 2, "--var"),
    ],
)
def test_what_is_wrong_is_told_with_its_exit_code(
    command: Command, write: Write, arguments: list[str], code: int, words: str
) -> None:
    file = str(write("rows.jsonl", ROWS))
    result = command("data", "show", *(argument.format(file=file) for argument in arguments))
    assert result.code == code
    assert words in result.err
    assert "Traceback" not in result.err


def test_a_row_behind_the_end_is_told(command: Command, write: Write) -> None:
    result = command("data", "show", str(write("rows.jsonl", ROWS)), "--row", "99", "--rows-only")
    assert (result.code, result.err) == (0, "There is no row 99.\n")


def test_hostile_rows_are_safe_to_look_at(command: Command, write: Write) -> None:
    rows = [{"text\x1b[2J": "x"}, {"text": "\x1b]52;c;aGk=\x07\u202e evil \x9b31m"}]
    result = command("data", "show", str(write("rows.jsonl", rows)), "--text-column", "text")
    assert result.code == 0, result.err
    for output in (result.out, result.err):
        assert not set(output) & {"\x1b", "\x07", "\u202e", "\x9b"}
    assert "␛]52;c;aGk=␇" in result.out


@pytest.mark.torch
@pytest.mark.data
def test_with_a_model_it_counts_and_shows_tokens(command: Command, data: Path, write: Write) -> None:
    rows: list[Any] = [{"prompt": "Once upon a time there was a fox. " * 9, "completion": "The end."}]
    file = write("rows.jsonl", rows)
    result = command("data", "show", str(file), "--model", str(data / "stories260k"), "--max-length", "40", "--tokens")
    assert result.code == 0, result.err
    assert "lengths in tokens" in result.out
    assert "cut at 40 tokens: 1 row (100.0%)" in result.out
    assert "✂" in result.out
    assert "⟦The end.</s>⟧" in result.out.replace("│", "")
