"""All runs in a list."""

from __future__ import annotations

from engine.memory import load_memory
from engine.paths import Paths
from tests.fakes.runs import FakeTrainer
from tests.tui.runs.watching import Start, attached, listed, until_shown
from tui.screens.tune import TuneForm
from tui.widgets.dock import Dock
from tui.widgets.filter_list import FilterList


async def test_the_list_tells_runs_apart_in_words(start: Start, trainers: tuple[FakeTrainer, ...]) -> None:
    async with start() as program:
        await listed(program)
        await until_shown(program, "▶ reviews-lora", "Training", "‖ poems-soft-prompt", "Paused", "✗ reviews-full")
        await until_shown(program, "Died", "✓ stories-lora", "Finished", "4 of 4", "gpt2", "reviews.jsonl")


async def test_the_list_is_narrowed_and_a_run_opened(start: Start, trainers: tuple[FakeTrainer, ...]) -> None:
    async with start() as program:
        dialog = await listed(program)
        await program.pilot.press(*"died")
        await program.until(lambda: dialog.query_one(FilterList).highlighted_id == "reviews-full")
        await until_shown(program, "1 of 4", "The end of its log")
        await program.pilot.press("enter")
        await attached(program, "reviews-full")
        assert program.screen.query_one(Dock).display


async def test_an_empty_list_says_how_to_begin(start: Start) -> None:
    async with start() as program:
        await listed(program)
        await until_shown(program, "No model was ever taught here", "tunesmith tune")


async def test_a_run_is_renamed_in_the_list(start: Start, trainers: tuple[FakeTrainer, ...], paths: Paths) -> None:
    async with start() as program:
        dialog = await listed(program)
        await program.pilot.press("down", "f2")
        await until_shown(program, "Rename poems-soft-prompt")
        await program.pilot.press(*"poems", "enter")
        await program.until(lambda: dialog.query_one(FilterList).highlighted_id == "poems", "the new name")
        assert (paths.runs / "poems").is_dir()
        await program.pilot.press("f2")
        await until_shown(program, "Rename poems")
        await program.pilot.press(*"stories-lora", "enter")
        await until_shown(program, "There is a run called stories-lora already")


async def test_the_run_in_the_panel_stays_there_when_it_is_renamed(
    start: Start, trainer: FakeTrainer, paths: Paths
) -> None:
    trainer.pause()
    FakeTrainer(paths, "newest").begin().close()
    async with start(run="first") as program:
        await attached(program)
        dialog = await listed(program)
        await program.until(lambda: dialog.query_one(FilterList).highlighted_id == "first")
        await program.pilot.press("f2")
        await until_shown(program, "Rename first")
        await program.pilot.press(*"poems", "enter")
        await attached(program, "poems")
    assert load_memory(paths.memory_file).run == "poems"


async def test_a_run_is_deleted_in_the_list(start: Start, trainers: tuple[FakeTrainer, ...], paths: Paths) -> None:
    async with start() as program:
        await listed(program)
        await program.pilot.press("f8")
        await until_shown(program, "reviews-lora is being trained")
        await program.pilot.press("down", "f8")
        await until_shown(program, "Delete poems-soft-prompt?")
        await program.pilot.press("y")
        await until_shown(program, "3 of 3")
        assert not (paths.runs / "poems-soft-prompt").exists()


async def test_what_can_be_done_with_a_run_depends_on_how_it_stands(
    start: Start, trainers: tuple[FakeTrainer, ...]
) -> None:
    async with start() as program:
        await listed(program)
        await program.pilot.press("f7")
        await until_shown(program, "reviews-lora is being trained already")
        await program.pilot.press("ctrl+end", "f7")
        await until_shown(program, "stories-lora is finished")
        await program.pilot.press("f3")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        assert program.session.state.model.ref == "run:stories-lora"


async def test_a_run_is_repeated_with_its_plan(start: Start, trainers: tuple[FakeTrainer, ...]) -> None:
    async with start() as program:
        await listed(program)
        await program.pilot.press("f9")
        await program.until(lambda: isinstance(program.app.screen, TuneForm), "the form")
        await until_shown(program, "gpt2", "reviews.jsonl")
