"""The panel beside the chat."""

from __future__ import annotations

import shutil

import pytest

from engine.memory import Memory, load_memory
from engine.paths import Paths
from engine.runs.events import Fetched, RowsRead, RunFinished
from tests.fakes.runs import FakeTrainer
from tests.tui.runs.watching import SHOWN, Start, attached, on_screen, opened, until_shown, until_told, view
from tui.app import _model_of
from tui.launcher import main
from tui.widgets.dock import Dock


async def test_the_program_opens_with_the_run_that_was_named(start: Start, trainer: FakeTrainer, paths: Paths) -> None:
    FakeTrainer(paths, "other").begin().close()
    async with start(run="other") as program:
        await attached(program, "other")
        assert program.screen.query_one(Dock).display


def test_a_run_that_is_not_there_is_told_before_the_screen_opens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--run", "nowhere"]) == 3
    assert "There is no run called nowhere" in capsys.readouterr().err


def test_the_model_of_a_run_is_talked_to_once_it_has_made_one(paths: Paths) -> None:
    trainer = FakeTrainer(paths).begin()
    assert _model_of(paths, "first") == ""
    trainer.save(10)
    assert _model_of(paths, "first") == "run:first"
    trainer.close()


async def test_with_no_run_the_panel_invites_to_start_one(start: Start) -> None:
    async with start(memory=SHOWN) as program:
        await until_shown(program, "Teach a model", "tunesmith tune")


async def test_the_panel_shows_the_run_that_is_alive_and_follows_it(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        await until_shown(program, "first", "▶ Training · step 120 of 500", "24%", "epoch 0.72/3", "2,000 tok/s")
        await until_shown(program, "At step 100 it says", "Once upon a time", "★ 100", "grad", "1.2 GB")
        trainer.train(40)
        await until_shown(program, "step 160 of 500", "At step 150 it says")


async def test_a_trainer_that_is_killed_is_shown_as_dead_with_the_end_of_its_log(
    start: Start, trainer: FakeTrainer
) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        await until_shown(program, "▶ Training")
        trainer.die("loading", "out of \x1b[31mmemory")
        await until_shown(
            program, "✗ Died · step 120 of 500", "out of ␛[31mmemory", "/resume goes on", "/try", "/discard deletes it"
        )


async def test_a_paused_and_a_finished_run_say_so_in_words(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        trainer.pause()
        await until_shown(program, "‖ Paused · step 120 of 500", "/resume goes on")
        trainer.work().train(380).finish()
        await until_shown(program, "✓ Finished", "Did it help?", "50.0% →")


async def test_a_run_that_starts_opens_the_panel_by_itself(start: Start, paths: Paths) -> None:
    async with start(memory=Memory(dock_shown=False)) as program:
        await program.until(lambda: program.screen._arrivals and program.screen._arrivals._training is not None)
        assert not program.screen.query_one(Dock).display
        trainer = FakeTrainer(paths, "second").work().begin()
        await until_shown(program, "second", "◌ Getting ready")
        trainer.close()


async def test_a_run_that_starts_beside_one_that_is_watched_is_told(
    start: Start, trainer: FakeTrainer, paths: Paths
) -> None:
    async with start(memory=SHOWN) as program:
        await attached(program)
        other = FakeTrainer(paths, "second").work()
        await until_told(program, "second has begun")
        assert view(program).name == "first"
        other.close()


async def test_a_run_that_is_deleted_elsewhere_leaves_the_panel(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN) as program:
        await attached(program)
        trainer.close()
        shutil.rmtree(trainer.run.path)
        await until_shown(program, "Teach a model")


async def test_a_run_is_opened_by_name_and_remembered(start: Start, paths: Paths) -> None:
    FakeTrainer(paths, "one").begin().close()
    FakeTrainer(paths, "two").begin().close()
    async with start() as program:
        for name in ("one", "two"):
            program.composer.put(f"/runs {name}")
            await program.pilot.press("enter")
            await attached(program, name)
            assert program.screen.query_one(Dock).display
        program.composer.put("/runs three")
        await program.pilot.press("enter")
        await until_told(program, "no run called three")
    assert load_memory(paths.memory_file).run == "two"
    async with start(memory=load_memory(paths.memory_file)) as program:
        await attached(program, "two")


async def test_a_checkpoint_opens_with_a_click(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        await program.ready()
        await until_shown(program, "★ 100")
        rows = on_screen(program).splitlines()
        y = next(at for at, row in enumerate(rows) if "★ 100" in row and "at" not in row)
        await program.pilot.click(offset=(rows[y].index("★ 100") + 2, y))
        await program.until(lambda: program.session.state.model.ref == "run:first@100", "the checkpoint's model")


async def test_the_end_of_a_run_is_told_where_the_panel_is_folded(start: Start, trainer: FakeTrainer) -> None:
    async with start(size=(80, 24)) as program:
        await attached(program)
        trainer.die("Killed")
        await program.until(lambda: any("first: ✗ Died" in n.message for n in program.app._notifications))


async def test_who_comes_back_while_a_run_trains_sees_it_at_once(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=Memory(dock_shown=False), size=(120, 50)) as program:
        await until_shown(program, "first", "▶ Training · step 120 of 500")


async def test_in_a_narrow_terminal_who_comes_back_is_told_of_the_run(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=Memory(dock_shown=False), size=(80, 24)) as program:
        await until_told(program, "first: ▶ Training · step 120 of 500. Ctrl+L shows it")
        assert not program.screen.query_one(Dock).display


async def test_a_run_that_ended_while_the_program_was_closed_is_shown_once(
    start: Start, trainer: FakeTrainer, paths: Paths
) -> None:
    async with start(memory=Memory(dock_shown=False), size=(80, 24)) as program:
        await attached(program)
    trainer.die("out of memory")
    async with start(memory=load_memory(paths.memory_file), size=(80, 24)) as program:
        await until_told(program, "first: ✗ Died · step 120 of 500")
    assert load_memory(paths.memory_file).training == ""
    async with start(memory=load_memory(paths.memory_file), size=(120, 40)) as program:
        await attached(program)
        assert not program.screen.query_one(Dock).display


async def test_what_a_run_fetches_from_the_hub_is_told_with_bytes_and_the_time_that_is_left(
    start: Start, paths: Paths
) -> None:
    trainer = FakeTrainer(paths, "second").work()
    trainer.tell(Fetched(what="model", done_bytes=120_000_000, total_bytes=500_000_000, bytes_per_s=5e6, eta_s=76))
    async with start(memory=SHOWN, size=(160, 50)) as program:
        await until_shown(program, "◌ Getting ready", "The model comes from the hub", "120 MB of 500 MB", "24%")
        await until_shown(program, "1 min 16 s")
        await program.pilot.press("f7")
        await until_shown(program, "120 MB of 500 MB (24%), 5 MB/s, 1 min 16 s left")
        trainer.tell(RowsRead(rows=12_000))
        await until_shown(program, "turned into tokens: 12,000 rows so far")
        trainer.begin()
        await until_shown(program, "rehearsing two steps")
        trainer.close()


async def test_a_run_that_was_stopped_before_its_first_step_has_nothing_to_talk_to(start: Start, paths: Paths) -> None:
    trainer = FakeTrainer(paths, "second")
    trainer.tell(RunFinished(outcome="stopped", step=0)).close()
    async with start(memory=SHOWN) as program:
        await until_shown(program, "■ Stopped by you", "/resume goes on")
        await program.screen.run_action("talk_to_run")
        await until_told(program, "has saved nothing yet")


async def test_a_run_that_goes_on_while_it_is_looked_at_is_not_announced(start: Start, trainer: FakeTrainer) -> None:
    trainer.pause()
    async with start(size=(80, 24)) as program:
        await opened(program)
        await program.until(lambda: program.screen._arrivals and program.screen._arrivals._training is not None)
        trainer.work()
        await program.until(lambda: program.screen._arrivals._training == {"first"})
        await until_shown(program, "▶ Training")
        assert not [told.message for told in program.app._notifications if "trains" in told.message]


async def test_a_panel_that_is_not_told_that_it_is_shown_is_filled_all_the_same(
    start: Start, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So it goes now and then where it was unfolded beneath a dialog: Textual's Show never comes.
    monkeypatch.delattr(Dock, "on_show")
    async with start(size=(80, 24)) as program:
        await attached(program)
        program.screen.show_dock()
        await until_shown(program, "⤢ whole", "step 120 of 500")
