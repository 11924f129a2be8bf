"""Looking at data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.corpus.spec import DataSpec
from engine.paths import Paths
from tests.tui.dialogs.host import SIZES, Opened, opened
from tests.tui.dialogs.training import services
from tui.data_desk import DataDesk
from tui.screens.data_inspector import DataInspector
from tui.services import Services
from tui.widgets.tick import Tick

pytestmark = pytest.mark.program

SPEC = DataSpec(source="reviews.jsonl")


@asynccontextmanager
async def inspector(
    made: Services,
    spec: DataSpec = SPEC,
    *,
    model: str = "gpt2",
    max_length: int = 512,
    size: tuple[int, int] = (100, 34),
) -> AsyncIterator[Opened[DataSpec]]:
    desk = DataDesk(made.read_data)
    desk.start()
    templates = made.library.scan().templates
    dialog = DataInspector(desk, spec, model=model, max_length=max_length, templates=templates)
    try:
        async with opened(dialog, size=size) as it:
            yield it
    finally:
        await asyncio.to_thread(desk.close)


def words_of(it: Opened[DataSpec]) -> str:
    """What is on the screen, wherever lines end."""
    return " ".join(it.text().replace("│ ", " ").replace(" │", " ").split())


async def test_a_row_is_shown_raw_rendered_and_in_tokens(paths: Paths) -> None:
    async with inspector(services(paths), size=(100, 40)) as it:
        await it.until_shown("Row 1 · reviews.jsonl, line 1 · 9 tokens, 2 learned · ✂ 2 cut")
        shown = it.text()
        for words in (
            "✓ text with a label: review → stars, guessed",
            "review  Film number 1 was fine.",
            "stars   1",
            "Film number 1 was fine.⏎",
            "Label (bad or good):⟦ good⟧",
            "Film│ number│ 1│✂ was│ fine.✂",
            "⟦ good│<|end|>⟧",
            "⟦learned⟧  only read  ✂cut✂",
        ):
            assert words in shown


async def test_the_keys_walk_through_the_rows(paths: Paths) -> None:
    async with inspector(services(paths)) as it:
        await it.until_shown("Row 1 ·")
        await it.press("right")
        await it.until_shown("Row 2 ·")
        await it.press("shift+right", "shift+right")
        await it.until_shown("Row 22 ·")
        await it.press("left")
        await it.until_shown("Row 21 ·")
        await it.press("home")
        await it.until_shown("Row 1 ·")
        await it.press("left")
        await it.until_shown("Row 1 ·")
        await it.press("g")
        await it.until_shown("Go to row")
        await it.press("0", "enter")
        await it.until_shown("✗ It has to be a number above 0")
        await it.press("4", "0", "enter")
        await it.until_shown("Row 40 ·")
        await it.press("right")
        await it.until_shown("There is no row 41: the data ends before it.")
        await it.press("left")
        await it.until_shown("Row 40 ·")


async def test_all_rows_are_counted(paths: Paths) -> None:
    async with inspector(services(paths), size=(120, 40)) as it:
        await it.until_shown("Row 1 ·")
        await it.press("f3")
        await it.until_shown("40, none faulty, 0 empty, 2 duplicate (5.0%)")
        for words in (
            "10 rows cut at 512 tokens (25.0%), 120 tokens lost",
            "0 = bad",
            "30 (75.0%)",
            "Length of rows, in tokens",
            "• 2 rows are duplicates",
        ):
            assert words in it.text()
        assert not it.dialog.query_one(Tick).region


async def test_faulty_rows_are_told_and_left_out_with_consent(paths: Paths) -> None:
    async with inspector(services(paths, faulty=5), size=(120, 40)) as it:
        await it.until_shown('✗ This row can\'t be used: reviews.jsonl, row 1, column "review"')
        await it.press("f3")
        await it.until_shown("✗ 5 rows can't be used")
        fault = 'reviews.jsonl, row 2, column "review": found the number 5; expected text. Correct it'
        await it.until(lambda: fault in words_of(it), fault)
        shown = words_of(it)
        assert "leave such rows out with “Faulty rows”" in shown
        assert "and 2 more" in shown
        await it.until_shown("[ ]   Go on without the 5 faulty rows")
        await it.press("tab", "space")
        await it.until_shown("[✓]   Go on without the 5 faulty rows")
        await it.press("ctrl+s")
        result = await it.result()
    assert result is not None
    assert result.skip_faulty


async def test_counting_can_be_stopped_and_begun_again(paths: Paths) -> None:
    async with inspector(services(paths, endless=True)) as it:
        await it.until_shown("Row 1 ·")
        await it.press("f3")
        await it.until_shown("20 rows counted… C stops")
        await it.press("c")
        await it.until_shown("Counting was stopped. C counts all rows.")
        await it.press("c")
        await it.until_shown("20 rows counted…")
        await it.press("f2", "right")
        await it.until_shown("Row 2 ·")
        await it.press("f3")
        await it.until_shown("20 rows counted…")
        await it.press("escape")
        assert await it.result() is None


async def test_columns_can_be_changed(paths: Paths) -> None:
    async with inspector(services(paths), size=(80, 24)) as it:
        await it.until_shown("Row 1 ·")
        await it.press("f4")
        await it.until_shown('The column "stars" labels the texts in the column "review"')
        await it.until_shown("now: text with a label")
        assert "now: Label" in it.text()
        await it.press("tab", "enter", "down", "down", "down", "enter")
        await it.until_shown("✓ raw text: id")
        assert "Label words" not in it.text()
        await it.press("f2")
        await it.until_shown("Row 1 ·")
        await it.press("ctrl+s")
        assert await it.result() == DataSpec(source="reviews.jsonl", text_column="id")


async def test_label_words_template_and_what_is_learned_can_be_changed(paths: Paths) -> None:
    async with inspector(services(paths), size=(100, 40)) as it:
        await it.until_shown("Row 1 ·")
        await it.press("f4", "tab", "tab", "tab", *"bad,good", "tab", "right", "tab", "enter", "down", "enter")
        await it.press("ctrl+s")
        result = await it.result()
    assert result is not None
    assert (result.label_words, result.loss_on) == (("bad", "good"), "all")
    assert result.template is not None


async def test_what_is_still_being_typed_counts(paths: Paths) -> None:
    async with inspector(services(paths), size=(100, 40)) as it:
        await it.until_shown("Row 1 ·")
        await it.press("f4", "tab", "tab", "tab", *"bad,good", "ctrl+s")
        assert await it.result() == DataSpec(source="reviews.jsonl", label_words=("bad", "good"))


async def test_a_row_that_comes_late_takes_nothing_away(paths: Paths) -> None:
    async with inspector(services(paths), size=(100, 40)) as it:
        await it.until_shown("Row 1 ·")
        await it.pilot.press("right", "f3")  # all rows are counted before that row is read
        await it.until_shown("40, none faulty")
        await it.press("f2")
        await it.until_shown("Row 2 ·")
        await it.press("f3")
        await it.until_shown("40, none faulty")


async def test_where_nothing_can_be_guessed_the_columns_can_be_named(paths: Paths) -> None:
    async with inspector(services(paths), DataSpec(source="unclear.jsonl"), size=(120, 40)) as it:
        await it.until_shown("✗ It is not clear what to learn from the columns")
        await it.until(lambda: "Say it with “Text”" in words_of(it), "what to do")
        await it.press("f4")
        await it.until_shown("Say which column is what:")
        await it.press("tab", "enter", "down", "enter")
        await it.until_shown("✓ raw text: review")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("/missing.jsonl", "✗ There is no file or folder /missing.jsonl. Check the path"),
        ("offline/set", "✗ The hub can't be reached: HF_HUB_OFFLINE is set. Name a file"),
    ],
)
async def test_what_can_not_be_read_is_told_and_can_be_corrected(paths: Paths, source: str, words: str) -> None:
    async with inspector(services(paths), DataSpec(source=source)) as it:
        await it.until_shown(words)
        await it.press("shift+tab", "shift+tab", "ctrl+u", *"good.jsonl", "enter")
        await it.until_shown("Row 1 ·")
        await it.press("ctrl+s")
        assert await it.result() == DataSpec(source="good.jsonl")


async def test_it_begins_with_a_question_where_no_data_is_named(paths: Paths) -> None:
    async with inspector(services(paths), DataSpec(source="")) as it:
        await it.until_shown("Name some data above: a file, a folder, or a hub data set.")
        await it.press(*"reviews.jsonl", "enter")
        await it.until_shown("Row 1 ·")


async def test_data_that_was_named_is_looked_at_in_whatever_view_is_opened(paths: Paths) -> None:
    async with inspector(services(paths), DataSpec(source="")) as it:
        await it.press(*"reviews.jsonl", "f3")
        await it.until_shown("40, none faulty")


async def test_nothing_is_used_where_nothing_was_named(paths: Paths) -> None:
    async with inspector(services(paths), DataSpec(source="")) as it:
        await it.press("ctrl+s")
        assert await it.result() is None


async def test_without_the_model_rows_are_shown_all_the_same(paths: Paths) -> None:
    async with inspector(services(paths), model="no-such-model") as it:
        wanted = "tokens can't be shown: There is no model no-such-model here"
        await it.until(lambda: wanted in words_of(it), wanted)
        await it.until_shown("Label (bad or good):⟦ good⟧")
        await it.press("f3")
        await it.until_shown("Length of rows, in characters")


async def test_a_process_that_dies_is_told(paths: Paths) -> None:
    async with inspector(services(paths, die_on="SurveyData")) as it:
        await it.until_shown("Row 1 ·")
        await it.press("f3")
        await it.until_shown("✗ The process that reads data ended unasked, by signal 9")


async def test_hostile_data_is_shown_as_pictures_everywhere(paths: Paths) -> None:
    async with inspector(services(paths, hostile=True, faulty=1), size=(200, 50)) as it:
        for key in ("f2", "right", "f3", "f4"):
            await it.press(key)
            await it.until_shown("␛]52;c;SE9TVElMRQ==␇")
            await it.until_shown("[red]x[/]")
            assert not any(mark in it.text() for mark in ("\x1b", "\x07", "\u202e"))


async def test_everything_fits_at_every_size(paths: Paths) -> None:
    async with inspector(services(paths)) as it:
        await it.until_shown("Row 1 ·")
        for view, words in (("f2", "In the data"), ("f3", "Rows"), ("f4", "Shape")):
            await it.press(view)
            for size in SIZES:
                await it.resize(*size)
                await it.until_shown(words)
                assert "Ctrl+S uses it" in it.text()


@pytest.mark.torch
@pytest.mark.data
async def test_the_real_process_shows_real_reviews_in_the_tokens_of_a_real_model(paths: Paths, data: Path) -> None:
    made = services(paths)
    real = type(made)(**{field: getattr(made, field) for field in made.__struct_fields__} | {"data_argv": ()})
    spec = DataSpec(source=str(data / "imdb_train_2000.jsonl"), label_words=("negative", "positive"))
    async with inspector(real, spec, model=str(data / "stories260k"), size=(120, 40)) as it:
        async with asyncio.timeout(60):
            while "Row 1 ·" not in it.text():
                await it.pilot.pause(0.05)
        assert "imdb_train_2000.jsonl, line 1 · " in it.text()
        assert "✂" in it.text()
        await it.press("right")
        await it.until_shown("Row 2 · imdb_train_2000.jsonl, line 2 · 5")
        await it.press("f3")
        async with asyncio.timeout(60):
            while "2,000, none faulty" not in it.text():
                await it.pilot.pause(0.05)
        await it.until_shown("1 = positive")
        await it.press("ctrl+s")
        assert await it.result() == spec
