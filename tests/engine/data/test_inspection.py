"""What a person sees of rows, and the process that shows it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from engine.corpus import DataSpec
from engine.corpus.client import DataProcess
from engine.corpus.messages import (
    AnyDataAnswer,
    CancelData,
    ColumnsNamed,
    DataOpened,
    NameColumns,
    OpenData,
    RowsShown,
    ShowRows,
    SurveyData,
    Surveyed,
    SurveyProgress,
)
from engine.data.inspection import MAX_RAW_CHARACTERS, inspect_rows, survey
from engine.errors import Cancelled, DataFault, DataNotFound, HostDied, Misuse, ModelNotFound
from engine.paths import Paths
from tests.engine.data.conftest import Write, byte_level, sentence_piece

ROWS = [{"prompt": f"the fox {number}?", "completion": f" {number} dogs"} for number in range(20)]


def test_rows_are_shown_from_the_middle(write: Write) -> None:
    views = inspect_rows(DataSpec(source=str(write("rows.jsonl", ROWS))), None, 19, 5)
    assert [view.row for view in views] == [19, 20]
    assert views[0].raw == ROWS[18]
    assert [(part.text, part.trained) for part in views[0].parts] == [("the fox 18?", False), (" 18 dogs", True)]
    assert (views[0].tokens, views[0].line) == ((), 19)


def test_a_huge_value_is_shown_in_part(write: Write) -> None:
    [view] = inspect_rows(DataSpec(source=str(write("rows.jsonl", [{"text": "a" * 50_000}]))), None, 1, 1)
    assert len(view.raw["text"]) < MAX_RAW_CHARACTERS + 50
    assert view.raw["text"].endswith("(30,000 more characters)")


@pytest.mark.torch
@pytest.mark.parametrize("make", [byte_level, sentence_piece])
def test_tokens_are_told_apart_by_their_fate(write: Write, make: Any) -> None:
    tokenizer = make()
    row = {"prompt": "the quick brown fox jumps over the lazy dog " * 5, "completion": " then it sleeps"}
    spec = DataSpec(source=str(write("rows.jsonl", [row])))
    [view] = inspect_rows(spec, tokenizer, 1, 1, max_length=24)
    fates = [token.fate for token in view.tokens]
    assert fates.count("cut") == view.cut_tokens == view.token_count - 24
    learned = "".join(token.text for token in view.tokens if token.fate == "trained")
    assert learned == " then it sleeps" + tokenizer.eos_token
    assert "".join(token.text for token in view.tokens if token.fate != "trained").strip().endswith("lazy dog")


@pytest.mark.torch
def test_a_survey_counts_tokens(write: Write) -> None:
    tokenizer = byte_level()
    rows = [{"text": "the fox " * count} for count in (1, 2, 3, 50)]
    report = survey(DataSpec(source=str(write("rows.jsonl", rows))), tokenizer, max_length=32)
    assert (report.unit, report.rows, report.split_rows, report.truncated_rows) == ("tokens", 4, 1, 0)
    assert report.pieces > 4
    assert report.count_words == "4 rows"
    assert report.piece_words.startswith(f"{report.pieces} pieces of at most 32 tokens: 1 long text goes on")
    assert report.lengths.longest == len(tokenizer("the fox " * 50)["input_ids"]) + 1
    assert sum(report.lengths.counts) == 4
    assert len(report.lengths.counts) <= 25


def test_a_long_plain_text_is_counted_in_blocks_and_a_short_one_is_a_row(tmp_path: Path) -> None:
    file = tmp_path / "book.txt"
    file.write_text("A line of a long book.\n" * 4000)
    report = survey(DataSpec(source=str(file)))
    assert report.rows == report.block_rows > 3
    assert report.count_words == f"{report.rows} blocks of text"
    file.write_text("A line of a short one.\n")
    assert survey(DataSpec(source=str(file))).count_words == "1 row"


def test_a_survey_tells_how_far_it_is_and_can_be_cancelled(write: Write) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", [{"text": f"a{number}"} for number in range(3000)])))
    seen: list[int] = []
    assert survey(spec, on_progress=seen.append).rows == 3000
    assert seen == [500, 1000, 1500, 2000, 2500, 3000]
    with pytest.raises(Cancelled):
        survey(spec, cancelled=lambda: True)


def answers(process: DataProcess, command: Any) -> list[AnyDataAnswer]:
    return list(process.ask(command))


@pytest.fixture
def process(paths: Paths) -> Any:
    with DataProcess(paths.log / "data.log") as started:
        yield started


@pytest.mark.slow
def test_the_process_opens_counts_and_shows(write: Write, process: DataProcess) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", ROWS * 50)))
    [opened] = answers(process, OpenData(id=1, spec=spec))
    assert isinstance(opened, DataOpened)
    assert (opened.columns.shape, opened.template) == ("completion", None)
    *progress, surveyed = answers(process, SurveyData(id=2))
    assert all(isinstance(one, SurveyProgress) for one in progress)
    assert isinstance(surveyed, Surveyed)
    assert (surveyed.report.rows, surveyed.report.duplicate_rows) == (1000, 980)
    [shown] = answers(process, ShowRows(id=3, first=2, count=2))
    assert isinstance(shown, RowsShown)
    assert shown.rows == inspect_rows(spec, None, 2, 2)


def test_the_process_tells_errors_as_the_engine_does_and_goes_on(write: Write, process: DataProcess) -> None:
    with pytest.raises(DataNotFound, match="no file or folder"):
        answers(process, OpenData(id=1, spec=DataSpec(source="./nowhere.jsonl")))
    with pytest.raises(Misuse, match="No data set is open"):
        answers(process, ShowRows(id=2))
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)))
    with pytest.raises(ModelNotFound):
        answers(process, OpenData(id=3, spec=spec, model="./no-model"))
    assert answers(process, OpenData(id=4, spec=spec))


def test_columns_are_named_where_it_is_not_clear_how_to_read_them(write: Write, process: DataProcess) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", [{"a": 1, "b": 2}, {"b": 3, "c": 4}])))
    with pytest.raises(DataFault, match="not clear"):
        answers(process, OpenData(id=1, spec=spec))
    assert answers(process, NameColumns(id=2, spec=spec)) == [ColumnsNamed(id=2, present=("a", "b", "c"))]


@pytest.mark.slow
def test_a_command_can_be_cancelled(write: Write, process: DataProcess) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", [{"text": "a"}] * 200_000)))
    answers(process, OpenData(id=1, spec=spec))
    asked = process.ask(SurveyData(id=2))
    assert isinstance(next(asked), SurveyProgress)
    process.tell(CancelData(id=3, target=2))
    with pytest.raises(Cancelled):
        list(asked)


def test_a_process_that_dies_is_told(write: Write, process: DataProcess) -> None:
    process._process.kill()
    process._process.wait()
    with pytest.raises(HostDied, match="by signal 9"):
        answers(process, OpenData(id=1, spec=DataSpec(source="x")))


def test_a_row_without_a_model_needs_no_heavy_library(write: Write) -> None:
    import subprocess

    code = (
        "import sys; from engine.corpus import DataSpec; from engine.data.inspection import inspect_rows, survey;"
        f"spec = DataSpec(source={str(write('rows.jsonl', ROWS))!r}); inspect_rows(spec); survey(spec);"
        "print([name for name in ('torch', 'transformers', 'datasets', 'pyarrow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
    assert Path(sys.executable).exists()
