"""What the lab's screen shows of events, as tables."""

from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len

from engine.lab import Lab, Label, Row, Variation
from engine.lab.events import (
    AnyLabEvent,
    CellDone,
    CellFailed,
    CellGrew,
    CellStarted,
    LabFinished,
    LabPaused,
    LabResumed,
    ModelLoading,
    Progressed,
)
from engine.lab.records import Fault, LabelScores, Place, Reply, Result
from engine.lab.statistics import Difference, Interval
from engine.lab.summary import MetricSummary, Summary
from engine.protocol import Likelihood, Sampling, Template
from tui.renderables.lab_lines import cell_lines
from tui.screens.lab.parts import foot_text
from tui.state.lab import LabView
from tui.state.lab_carry import carried_cells, carried_summary
from tui.state.lab_cells import face, head_lines
from tui.state.lab_draft import own_rows
from tui.state.lab_reading import read_cell
from tui.state.lab_words import (
    doubt_words,
    header_words,
    hint_words,
    phase_words,
    progress_words,
    used_words,
    verdict_lines,
)
from tui.widgets.lab_grid import widths

TEMPLATE = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")
LAB = Lab(
    name="films",
    rows=(Row(input="Good film", label="1"), Row(input="Bad film", label="0")),
    variations=(
        Variation(name="A", model="x/small", template=TEMPLATE),
        Variation(name="B", model="y", template=TEMPLATE),
    ),
    metrics=("accuracy", "diversity"),
    labels=(Label(value="0", word="bad"), Label(value="1", word="good")),
)


def reply(text: str) -> Reply:
    return Reply(text=text, reason="stop", tokens=2, prompt_tokens=3, seconds=0.1, seed=7)


def shares(bad: float) -> LabelScores:
    return LabelScores(
        likelihoods=tuple(Likelihood(logprob=-1.0, tokens=1, characters=3, share=share) for share in (bad, 1 - bad)),
        prompt_tokens=3,
    )


def labels_done(row: int = 0, bad: float = 0.2, *, known: bool = False) -> CellDone:
    return CellDone(row=row, variation=0, part="labels", result=shares(bad), known=known)


def reply_done(text: str = "Fine", *, known: bool = False) -> CellDone:
    return CellDone(row=0, variation=0, part="reply", result=reply(text), known=known)


FAILED = CellFailed(row=0, variation=0, part="reply", fault=Fault(code="failed", title="Out of memory", hint="Less"))
STARTED = CellStarted(row=0, variation=0, part="reply")


@pytest.mark.parametrize(
    ("events", "state", "sign", "verdict", "words"),
    [
        ((), "waiting", "·", "", ""),
        ((labels_done(),), "waiting", "·", "✓", "good 80 %"),
        ((labels_done(bad=0.9),), "waiting", "·", "✗", "bad 90 %"),
        ((labels_done(), STARTED), "running", "▸", "✓", "good 80 %"),
        (
            (labels_done(), STARTED, CellGrew(row=0, variation=0, text="Fi\nne")),
            "running",
            "▸",
            "✓",
            "good 80 % · Fi ne",
        ),
        ((labels_done(), STARTED, reply_done()), "done", "●", "✓", "good 80 % · Fine"),
        ((labels_done(known=True), reply_done(known=True)), "kept", "◇", "✓", "good 80 % · Fine"),
        ((labels_done(known=True), reply_done()), "done", "●", "✓", "good 80 % · Fine"),
        ((labels_done(), STARTED, FAILED), "failed", "!", "", "Out of memory"),
        ((labels_done(), FAILED, STARTED, reply_done()), "done", "●", "✓", "good 80 % · Fine"),
        ((STARTED, LabPaused()), "waiting", "·", "", ""),
        ((labels_done(), STARTED, reply_done("\x1b[31m\u202e")), "done", "●", "✓", "good 80 % · ␛[31m⟨U+202E⟩"),
    ],
)
def test_a_cell_tells_how_far_it_is(
    events: tuple[AnyLabEvent, ...], state: str, sign: str, verdict: str, words: str
) -> None:
    view = LabView(LAB)
    view.apply(events)
    assert view.state_of(0, 0) == state
    found = face(view, 0, 0)
    assert (found.sign, found.verdict, found.words) == (sign, verdict, words)


def test_only_cells_that_look_different_are_told() -> None:
    view = LabView(LAB)
    assert view.apply([STARTED, CellGrew(row=0, variation=0, text="a"), labels_done(row=1)]) == {(0, 0), (1, 0)}
    assert view.apply([Progressed(done=1, failed=0, total=8), LabPaused()]) == set()


@pytest.mark.parametrize(
    ("events", "phase", "words", "progress", "header"),
    [
        ((), "still", "○ Ready: R runs it", "", ""),
        ((LabPaused(), Progressed(done=2, failed=0, total=8)), "still", "‖ Paused: R goes on", "2 of 8", ""),
        ((LabResumed(),), "running", "▸ Running", "", "▸ lab"),
        (
            (ModelLoading(model="x/small", stage="downloading", done_bytes=50, total_bytes=100),),
            "loading",
            "▸ Downloading small, 50 % of 100 B",
            "",
            "▸ lab",
        ),
        ((ModelLoading(model="x/small", stage="reading"),), "loading", "▸ Reading small…", "", "▸ lab"),
        (
            (STARTED, Progressed(done=2, failed=1, total=8, eta_s=61.0)),
            "running",
            "▸ Running",
            "2 of 8 · 1 failed · 1 min 1 s left",
            "▸ lab 2 of 8",
        ),
        (
            (
                Progressed(done=7, failed=1, total=8),
                LabFinished(reason="completed", done=7, failed=1, total=8, seconds=1),
            ),
            "finished",
            "! Done, with failures: R tries those again",
            "7 of 8 · 1 failed",
            "",
        ),
        (
            (
                Progressed(done=8, failed=0, total=8),
                LabFinished(reason="completed", done=8, failed=0, total=8, seconds=1),
            ),
            "finished",
            "● Complete",
            "X exports",
            "",
        ),
    ],
)
def test_the_line_above_tells_how_the_filling_goes(
    events: tuple[AnyLabEvent, ...], phase: str, words: str, progress: str, header: str
) -> None:
    view = LabView(LAB)
    view.apply(events)
    assert view.phase == phase
    assert (phase_words(view), progress_words(view), header_words(view)) == (words, progress, header)


def test_a_pause_is_under_way_until_it_is_told() -> None:
    view = LabView(LAB)
    view.apply([STARTED])
    view.phase = "pausing"
    view.apply([CellGrew(row=0, variation=0, text="more")])
    assert phase_words(view) == "‖ Pausing…"
    view.apply([LabPaused()])
    assert not view.is_working


def figure(value: float) -> Interval:
    return Interval(value=value, low=value / 2, high=value, count=2)


SUMMARY = Summary(
    metrics=(
        MetricSummary(
            metric="accuracy", title="Label accuracy", figures=(figure(0.5), figure(0.25)), best=0, verdict="A wins."
        ),
        MetricSummary(
            metric="diversity", title="Different word pairs", figures=(None, figure(0.9)), best=1, verdict=""
        ),
    )
)


@pytest.mark.parametrize(
    ("width", "first", "second"),
    [
        (80, "★ accuracy 50.0 % (25.0 to 50.0 %)", "diversity -"),
        (30, "★ acc 50.0 % (25.0 to 50.0 %)", "diversity -"),
        (28, "★ acc 50.0 % (25.0-50.0)", "diversity -"),
        (23, "★ acc 50.0 % (25-50)", "diversity -"),
        (15, "★ acc 50.0 %", "diversity -"),
    ],
)
def test_figures_stand_above_a_column_in_as_many_words_as_it_has_room_for(width: int, first: str, second: str) -> None:
    view = LabView(LAB)
    view.summary = SUMMARY
    assert [words for words, _ in head_lines(view, 0, width)] == ["A", "small · T 0.8 · Plain", first, second]


def test_what_is_better_is_said_by_score() -> None:
    assert verdict_lines(LAB, None) == []
    assert verdict_lines(LAB, SUMMARY) == ["Label accuracy: A wins."]
    alone = msgspec.structs.replace(LAB, metrics=("accuracy",))
    assert verdict_lines(alone, Summary(metrics=SUMMARY.metrics[:1])) == ["A wins."]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"rows": ()}, "No rows yet"),
        ({"variations": ()}, "No columns yet"),
        ({"variations": LAB.variations[:1]}, "One column alone"),
        ({"metrics": ()}, "Nothing is scored"),
        ({}, ""),
    ],
)
def test_what_to_do_next_is_said(changes: dict[str, object], hint: str) -> None:
    lab = msgspec.structs.replace(LAB, **changes)
    words = hint_words(own_rows(lab), LabView(lab))
    assert words.startswith(hint)
    assert bool(words) == bool(hint)


def test_a_cell_is_read_with_its_shares_and_scores() -> None:
    view = LabView(LAB)
    view.apply([labels_done(), reply_done("All\nof it")])
    reading = read_cell(view, 0, 0)
    assert (reading.title, reading.reply, reading.reference) == ("Row 1 · A", "All\nof it", "good")
    assert [(share.word, round(share.share, 2), share.mark) for share in reading.shares] == [
        ("bad", 0.2, ""),
        ("good", 0.8, "✓"),
    ]
    assert reading.verdicts == (("Label", "✓ right"),)
    assert "seed 7" in reading.figures


@pytest.mark.parametrize("width", [8, 20, 33])
@pytest.mark.parametrize("height", [1, 2, 4])
@pytest.mark.parametrize("text", ["", "short", "long words " * 30, "日本語のテキスト" * 10, "x" * 500])
def test_lines_of_a_cell_are_as_wide_as_its_column(width: int, height: int, text: str) -> None:
    view = LabView(LAB)
    view.apply([labels_done(), reply_done(text)])
    lines = cell_lines(face(view, 0, 0), width, height)
    assert len(lines) == height
    assert {sum(cell_len(words) for words, _ in line) for line in lines} == {width}


def difference(value: float, luck: float, count: int = 40) -> Difference:
    return Difference(value=value, low=value - 0.05, high=value + 0.05, count=count, chance=luck, luck=luck)


def contest(value: float, luck: float, *, diversity_best: int = 0) -> Summary:
    accuracy = MetricSummary(
        metric="accuracy",
        title="Label accuracy",
        figures=(figure(0.5), figure(0.25)),
        best=0,
        verdict="A is ahead of B.",
        difference=difference(value, luck),
    )
    diversity = MetricSummary(
        metric="diversity", title="Different word pairs", figures=(), best=diversity_best, verdict="D."
    )
    return Summary(metrics=(accuracy, diversity))


@pytest.mark.parametrize(
    ("summary", "doubt"),
    [
        (contest(0.3, 0.001), ""),
        (contest(0.3, 0.2), "But its lead can be chance: more rows would tell."),
        (contest(0.0, 1.0), "But the second does as well on these rows: more rows may tell them apart."),
        (contest(0.3, 0.001, diversity_best=1), "By different word pairs B is best."),
        (SUMMARY, "But nothing is known yet of another column on the same rows. By different word pairs B is best."),
        (Summary(metrics=()), ""),
    ],
)
def test_what_speaks_against_the_winner_is_said(summary: Summary, doubt: str) -> None:
    assert doubt_words(LAB, summary) == doubt


def test_verdicts_for_which_there_is_no_room_have_a_key() -> None:
    draft, view = own_rows(LAB), LabView(LAB)
    view.summary = contest(0.3, 0.2)
    assert foot_text(draft, view, 78, lines=2).plain == "Label accuracy: A is ahead of B.\nDifferent word pairs: D."
    assert foot_text(draft, view, 78, lines=1).plain == "Label accuracy: A is ahead of B.  V reads 1 more score"


def test_all_that_is_used_for_the_chat_is_said() -> None:
    column = Variation(
        name="A", model="x/small", template=TEMPLATE, sampling=Sampling(temperature=0.7, top_p=1, max_new_tokens=8)
    )
    words = used_words(column)
    assert words.startswith("The chat asks like A now: template Plain, small, T 0.7")
    assert words.endswith("8 tokens at most, a new seed for each reply.")


def test_what_was_asked_alike_is_carried_to_its_place_now() -> None:
    results: dict[Place, Result] = {
        Place(row=0, variation=0, part="labels"): shares(0.2),
        Place(row=1, variation=1, part="reply"): reply("x"),
    }
    moved = msgspec.structs.replace(LAB, rows=LAB.rows[::-1], variations=(LAB.variations[1], LAB.variations[0]))
    asked = msgspec.structs.replace(LAB.variations[1], sampling=Sampling(temperature=0.1))
    moved = msgspec.structs.replace(moved, variations=(*moved.variations, asked))
    cells = {(cell.row, cell.variation, cell.part) for cell in carried_cells(LAB, results, moved)}
    assert cells == {(1, 1, "labels"), (0, 0, "reply")}
    other = msgspec.structs.replace(moved, seed=1)
    assert carried_cells(LAB, results, other) == []


def test_figures_are_carried_with_their_columns() -> None:
    found = carried_summary(LAB, contest(0.3, 0.2), msgspec.structs.replace(LAB, variations=LAB.variations[::-1]))
    assert found is not None
    assert found.metrics[0].figures == (figure(0.25), figure(0.5))
    assert (found.winner, found.metrics[0].verdict) == (1, "A is ahead of B.")
    alone = carried_summary(LAB, contest(0.3, 0.2), msgspec.structs.replace(LAB, variations=LAB.variations[:1]))
    assert alone is not None
    assert (alone.winner, alone.metrics[0].verdict) == (0, "")
    assert carried_summary(LAB, contest(0.3, 0.2), msgspec.structs.replace(LAB, metrics=("exact",))) is None


@pytest.mark.parametrize(("width", "columns"), [(79, 1), (79, 2), (79, 4), (119, 3), (119, 8), (40, 5), (200, 0)])
def test_columns_are_never_cut(width: int, columns: int) -> None:
    left, wide, in_sight = widths(width, columns)
    assert left + wide * in_sight == width
    assert left >= 16
    assert in_sight <= max(1, columns)
    assert wide >= 20
