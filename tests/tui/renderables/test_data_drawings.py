"""Rows and counts of a data set, drawn."""

from __future__ import annotations

import msgspec
import pytest

from engine.corpus import Columns, Fault, FaultCount, Histogram, LabelCount, Part, Report, RowView, TokenView
from tests.fakes.data import HOSTILE
from tui.renderables.data_report import report_content
from tui.renderables.data_row import legend, raw_content, row_title, seen_content, tokens_content

ROW = RowView(
    row=12,
    file="reviews.jsonl",
    line=14,
    raw={"review": "A fine film. " * 40, "stars": "5"},
    parts=(Part(text="Film\n\nLabel:", trained=False), Part(text=" good", trained=True)),
    tokens=(
        TokenView(id=1, text="Film", fate="masked"),
        TokenView(id=2, text=" one", fate="cut"),
        TokenView(id=3, text=" two", fate="cut"),
        TokenView(id=4, text="\n\n", fate="masked"),
        TokenView(id=5, text=" go", fate="trained", begins_piece=True),
        TokenView(id=6, text="od", fate="trained"),
    ),
    token_count=8,
    cut_tokens=2,
)
COLUMNS = Columns(shape="labelled", text="review", label="stars")
REPORT = Report(
    columns=COLUMNS,
    rows=2000,
    faulty_rows=3,
    faults=(
        FaultCount(
            kind="unknown-label",
            count=3,
            first=(
                Fault(
                    kind="unknown-label",
                    row=12,
                    file="reviews.csv",
                    line=14,
                    column="label",
                    found="“goood”",
                    expected="one of bad, good",
                    hint="Correct it, or use --skip-faulty",
                ),
            ),
        ),
    ),
    duplicate_rows=2,
    max_length=512,
    truncated_rows=200,
    lost_tokens=4000,
    tokens=900_000,
    trained_tokens=6000,
    lengths=Histogram(width=100, counts=(10, 50, 0, 1, 0, 4), longest=900, median=130, mean=140.0),
    labels=(LabelCount(label="0", word="bad", rows=500), LabelCount(label="1", word="good", rows=1497)),
)


def test_a_row_says_where_it_is_and_how_long() -> None:
    assert row_title(ROW) == "Row 12 · reviews.jsonl, line 14 · 8 tokens, 2+ learned · ✂ 2 cut"


def test_long_texts_are_shortened_and_shown_whole_on_demand() -> None:
    short, whole = (raw_content(ROW, 80, whole=whole).plain for whole in (False, True))
    assert "… (240 more characters)" in " ".join(short.split())
    assert "more characters" not in whole
    assert "stars   5" in short


def test_what_is_learned_is_in_brackets_and_underlined() -> None:
    content = seen_content(ROW)
    assert content.plain == "What the model sees\nFilm⏎\n⏎\nLabel:⟦ good⟧"
    at = content.plain.index(" good")
    assert any(span.start <= at < span.end and "underline" in str(span.style) for span in content.spans)


def test_tokens_are_told_apart_by_marks() -> None:
    plain = tokens_content(ROW).plain
    assert plain == "Token by token\nFilm│✂ one│ two✂⏎⏎\n│⟦¶ go│od⟧\nand 2 more tokens"
    assert legend().plain == "⟦learned⟧  only read  ✂cut✂  ¶ a further piece begins"


def test_a_faulty_row_says_why() -> None:
    row = RowView(row=12, raw={"review": "5"}, fault=REPORT.faults[0].first[0])
    plain = " ".join(raw_content(row, 200, whole=False).plain.split())
    assert '✗ This row can\'t be used: reviews.csv, row 12 (line 14), column "label": found “goood”' in plain
    assert "one of bad, good" in plain


@pytest.mark.parametrize("width", [20, 60, 120])
def test_the_report_tells_all(width: int) -> None:
    plain = report_content(REPORT, width).plain
    words = " ".join(plain.split())
    for wanted in (
        "✗ 3 rows can't be used",
        "No label that is known: 3 rows",
        'row 12 (line 14), column "label": found “goood”; expected one of bad, good. Correct it, or use “Faulty rows”',
        "and 2 more",
        "0 = bad",
        "500 (25.0%)",
        "1,497 (75.0%)",
        "Length of rows, in tokens",
        "500+",
        "4 ✂",
    ):
        assert wanted in words
    bars = {line.split()[0]: line.count("█") for line in plain.splitlines() if "█" in line and "=" not in line}
    assert max(bars, key=lambda name: bars[name]) == "100"


def test_characters_are_counted_where_there_are_no_tokens() -> None:
    plain = report_content(msgspec.structs.replace(REPORT, unit="characters"), 100).plain
    assert "Length of rows, in characters" in plain
    assert "cut at" not in plain


def test_hundreds_of_bins_and_labels_stay_readable() -> None:
    labels = tuple(LabelCount(label=str(number), word=f"word {number}", rows=number) for number in range(300))
    histogram = Histogram(width=1, counts=tuple(range(1, 300)), longest=299)
    report = msgspec.structs.replace(REPORT, labels=labels, lengths=histogram)
    assert len(report_content(report, 100).plain.splitlines()) < 60


def test_hostile_text_is_shown_as_pictures() -> None:
    fault = msgspec.structs.replace(REPORT.faults[0].first[0], found=HOSTILE, column=HOSTILE, hint=HOSTILE)
    row = RowView(
        row=1,
        file=HOSTILE,
        line=1,
        raw={HOSTILE: HOSTILE},
        parts=(Part(text=HOSTILE, trained=True),),
        tokens=(TokenView(id=1, text=HOSTILE, fate="trained"),),
        token_count=1,
        fault=fault,
    )
    report = msgspec.structs.replace(
        REPORT,
        labels=(LabelCount(label=HOSTILE, word=HOSTILE, rows=1),),
        faults=(FaultCount(kind="wrong-type", count=1, first=(fault,)),),
        notes=(HOSTILE,),
    )
    drawn = (raw_content(row, 80, whole=True), seen_content(row), tokens_content(row), report_content(report, 80))
    for content in drawn:
        assert not any(mark in content.plain for mark in ("\x1b", "\x07", "\u202e"))
        assert "␛]52;c" in content.plain.replace("\n", "")
    assert "\x1b" not in row_title(row)
