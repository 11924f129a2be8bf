"""What is known of a data set, answer by answer."""

from __future__ import annotations

import pytest

from engine.corpus import Columns, DataSpec, Report, RowView
from engine.corpus.messages import ColumnsNamed, DataOpened, Fetching, RowsShown, Surveyed, SurveyProgress
from engine.corpus.spec import COLUMN_FIELDS
from engine.errors import DataFault
from engine.models import Progress
from tui.state.inspection import ROLES, SHAPES, Inspection, columns_in_words, glimpse, reading_of
from tui.state.option_words import on_screen, option_words

COLUMNS = Columns(shape="labelled", text="review", label="stars", present=("review", "stars"), why="seen")
OPENED = DataOpened(id=1, name="rows", columns=COLUMNS, template=None)
START = Inspection(spec=DataSpec(source="rows"), is_looking=True)


def test_every_shape_has_a_name_and_its_columns() -> None:
    assert set(SHAPES) == set(ROLES)
    assert {f"{role}_column" for roles in ROLES.values() for role, _ in roles} == set(COLUMN_FIELDS)


def test_it_grows_with_each_answer() -> None:
    seen = START.apply(OPENED)
    assert (seen.columns, seen.present, seen.is_looking) == (COLUMNS, ("review", "stars"), False)
    seen = seen.apply(RowsShown(id=2, rows=(RowView(row=7),)))
    assert (seen.at, seen.row) == (7, RowView(row=7))
    seen = seen.with_(counted=0).apply(SurveyProgress(id=3, rows=500))
    assert seen.counted == 500
    report = Report(columns=COLUMNS, rows=900)
    seen = seen.apply(Surveyed(id=3, report=report))
    assert (seen.report, seen.counted) == (report, -1)


def test_a_download_from_the_hub_is_told_with_its_bytes_until_it_is_here() -> None:
    progress = Progress(
        stage="downloading", done_bytes=3_000_000, total_bytes=12_000_000, bytes_per_s=1_000_000.0, eta_s=9.0
    )
    seen = START.apply(Fetching(id=1, what="data", progress=progress))
    assert glimpse(seen) == ("The data comes from the hub: downloading 25 % · 3 MB of 12 MB · 1 MB/s · 9 s left")
    reading = Fetching(id=1, what="model", progress=Progress(stage="reading"))
    assert glimpse(seen.apply(reading)) == "The model comes from the hub: reading…"
    assert "hub" not in glimpse(seen.apply(OPENED))
    assert "hub" not in glimpse(seen.failed(DataFault("Gone")))


def test_progress_that_comes_after_the_end_changes_nothing() -> None:
    seen = START.apply(OPENED)
    assert seen.apply(SurveyProgress(id=3, rows=500)) == seen


def test_behind_the_last_row_there_is_none() -> None:
    seen = START.apply(OPENED).with_(at=50).apply(RowsShown(id=2, rows=()))
    assert (seen.row, seen.is_past_end, seen.at) == (None, True, 50)


def test_a_failure_takes_away_what_was_shown_and_keeps_the_columns_to_choose_from() -> None:
    seen = START.apply(OPENED).failed(DataFault("No", "Say it with --text-column"))
    assert (seen.opened, seen.failure) == (None, "No. Say it with “Text”")
    assert seen.apply(ColumnsNamed(id=4, present=("a", "b"))).present == ("a", "b")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DataFault("Several splits: a, b", "Name one with --split"), "Several splits: a, b. Name one with “Split”"),
        (DataFault("Bad", "Leave them out with --skip-faulty"), "Bad. Leave them out with “Faulty rows”"),
        (DataFault("Unknown --flag-of-its-own"), "Unknown --flag-of-its-own"),
        (DataFault("Evil \x1b[2J\u202e"), "Evil ␛[2J⟨U+202E⟩"),
    ],
)
def test_errors_speak_of_fields_not_of_options(error: DataFault, words: str) -> None:
    assert on_screen(error) == words


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Inspection(spec=DataSpec(source="")), ""),
        (START, "Looking at it…"),
        (START.apply(OPENED), "✓ text with a label: review → stars, guessed"),
        (
            START.apply(OPENED).with_(counted=500),
            "✓ text with a label: review → stars, guessed · 500 rows and counting",
        ),
        (
            START.apply(OPENED).with_(report=Report(columns=COLUMNS, rows=2000, faulty_rows=3)),
            "✓ text with a label: review → stars, guessed · 2,000 rows · 3 of them faulty",
        ),
        (START.failed(DataFault("No such file")), "✗ No such file"),
    ],
)
def test_a_data_set_in_one_line(seen: Inspection, words: str) -> None:
    assert glimpse(seen) == words


def test_hostile_columns_are_shown_as_pictures() -> None:
    assert columns_in_words(Columns(shape="text", text="a\x1b[2J\u202e")) == "raw text: a␛[2J⟨U+202E⟩"


def test_what_only_a_run_needs_does_not_change_what_is_seen() -> None:
    spec = DataSpec(source="a", split="b", skip_faulty=True, eval_fraction=0.5, eval_split="c", seed=3)
    assert reading_of(spec) == DataSpec(source="a", split="b")
    assert reading_of(DataSpec(source="a", max_rows=5, seed=3)).seed == 3


def test_options_of_a_failed_run_are_named_as_the_form_names_them() -> None:
    words = option_words("Try --method lora, shorter rows (--max-length) or fewer --batch-tokens")
    assert words == "Try “Method” lora, shorter rows (“Longest row”) or fewer “Batch”"
