"""Setting up a fine-tune."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.widgets import Static

from engine.corpus.spec import DataSpec
from engine.paths import Paths
from engine.protocol import ModelInfo
from engine.runs import Plan, create, list_runs
from engine.runs.plan import read_plan
from tests.fakes.data import ROWS
from tests.tui.dialogs.host import SIZES, Opened, opened
from tests.tui.dialogs.training import Trainers, services
from tui.screens.data_inspector import DataInspector
from tui.screens.model_picker import ModelPicker
from tui.screens.tune import TuneForm
from tui.screens.tune.fields import TuneFields
from tui.widgets.fold import Fold

pytestmark = pytest.mark.program
INFO = ModelInfo("gpt2", "gpt2", "gpt2", "base", 124_000_000, 1, 256, 50257, "cpu", "float32")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "reviews.jsonl"
    file.write_text('{"review": "fine", "stars": 1}\n')
    return file


class Form:
    """The form under test."""

    def __init__(self, paths: Paths, *, failures: int = 0, plan: Plan | None = None, **options: object) -> None:
        self.paths = paths
        self.trainers = Trainers(failures)
        self.kept: list[tuple[Plan, str]] = []
        self.form = TuneForm(
            services(paths, **options),
            plan=plan,
            model="gpt2",
            facts=lambda model: INFO if model == "gpt2" else None,
            begin=self.trainers,
            keep=lambda plan, name: self.kept.append((plan, name)),
        )

    def opened(self, size: tuple[int, int] = (100, 34)) -> AbstractAsyncContextManager[Opened[str]]:
        return opened(self.form, size=size)

    def fill(self, **texts: str) -> None:
        self.form.query_one(TuneFields).fill({name.replace("__", "."): text for name, text in texts.items()})

    def text(self, name: str) -> str:
        return self.form.query_one(TuneFields).row(name).text


def focused_row(it: Opened[str]) -> str:
    assert it.app.focused is not None
    return next(str(node.id) for node in it.app.focused.ancestors_with_self if str(node.id).startswith("row-"))


async def test_data_alone_makes_a_run(paths: Paths, rows: Path) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.paste(str(rows))
        await it.until_shown(f"✓ text with a label: review → stars, guessed · {ROWS} rows")
        await it.until_shown("LoRA of rank 16 of gpt2 on reviews.jsonl, 3 epochs.")
        await it.press("ctrl+s")
        name = await it.result()
    [run] = form.trainers.begun
    assert run.name == name
    assert read_plan(run.plan_file) == Plan(model="gpt2", data=DataSpec(source=str(rows)))


async def test_everything_that_is_wrong_is_told_beside_its_field(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened(size=(120, 50)) as it:
        form.fill(model="", epochs="-1", learning_rate="99", batch_tokens="many", name="a b")
        await it.press("ctrl+s")
        await it.until_shown("✗ Not yet: Model, Data, Epochs, Learning rate, Name of the run, Batch")
        for words in (
            "✗ no model is named",
            "✗ no data is named",
            "✗ epochs has to be above 0",
            "✗ learning rate lies",
        ):
            assert words in it.text()
        assert focused_row(it) == "row-model"
        assert it.is_open
    assert list_runs(paths.runs) == []


async def test_a_fault_among_folded_settings_unfolds_them(paths: Paths, rows: Path) -> None:
    form = Form(paths)
    async with form.opened() as it:
        form.fill(data__source=str(rows), batch_tokens="many")
        await it.press("ctrl+s")
        assert form.form.query_one(Fold).is_open
        assert focused_row(it) == "row-batch_tokens"
        await it.until_shown("✗ it has to be a whole number")


async def test_a_key_changes_no_words_but_those_that_it_has_to(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.press(*"/data/a")
        updated: list[str] = []
        update = Static.update

        def noted(static: Static, *content: Any, **how: Any) -> None:
            updated.append(str(static.id or static.classes))
            update(static, *content, **how)

        monkeypatch.setattr(Static, "update", noted)
        await it.press("b")
        assert form.text("data.source") == "/data/ab"
        assert len(updated) <= 3, updated


async def test_the_keyboard_reaches_everything(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened(size=(80, 24)) as it:
        await it.press("down", "right", "right")
        await it.until_shown("● Soft prompt")
        await it.until_shown("Virtual tokens")
        assert "LoRA rank" not in it.text()
        await it.press("enter", "3", "0", "enter", *"Is it good?", "down", "down", "2", "0")
        assert (form.text("soft_prompt.virtual_tokens"), form.text("soft_prompt.text")) == ("30", "Is it good?")
        assert form.text("max_steps") == "20"
        await it.press("down", "down", "down", "space")
        assert form.text("data.skip_faulty") == "yes"
        await it.press("enter", "a", "enter", "b", "up", "up")
        assert (form.text("probes"), focused_row(it)) == ("a\nb", "row-data-skip_faulty")
        await it.press("down", "down", "down", "down", "enter")
        await it.until_shown("▾ More settings: 31, all at their defaults")
        await it.press(*["down"] * 9)
        await it.until_shown("tokens of one step")
        assert focused_row(it) == "row-batch_tokens"


async def test_main_fields_are_in_sight_at_every_size(paths: Paths, rows: Path) -> None:
    form = Form(paths)
    async with form.opened() as it:
        form.fill(data__source=str(rows))
        await it.until_shown("40 rows")
        for size in SIZES:
            await it.resize(*size)
            shown = it.text()
            for words in (
                "Model",
                "reviews.jsonl",
                "● LoRA  ○ Full",
                "Epochs",
                "Steps",
                "Learning rate",
                "Longest row",
            ):
                assert words in shown
            for words in ("Faulty rows", "Watch it learn", "Name of the run", "▸ More settings", "Ctrl+S starts it"):
                assert words in shown


async def test_an_automatic_rate_is_told_for_method_and_size(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.until_shown("auto: 0.0003, for 124M parameters")
        form.fill(method="full")
        await it.until_shown("auto: 5e-05, for 124M parameters")
        form.fill(model="another")
        await it.until_shown("auto: 2e-05 to 0.0005, by the model's size")


async def test_faulty_rows_need_consent(paths: Paths, rows: Path) -> None:
    form = Form(paths, faulty=3)
    async with form.opened(size=(120, 40)) as it:
        form.fill(data__source=str(rows))
        await it.until_shown("3 of them faulty")
        await it.until_shown("✗ 3 of 40 rows can't be used")
        await it.press("ctrl+s")
        assert focused_row(it) == "row-data-skip_faulty"
        await it.press("space", "ctrl+s")
        assert await it.result() is not None
    assert read_plan(form.trainers.begun[0].plan_file).data.skip_faulty


async def test_what_is_wrong_with_the_data_is_told_at_once(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.type("/missing.jsonl")
        await it.until_shown("✗ There is no file or folder /missing.jsonl. Check the path")
        form.fill(model="gpt2")
        await it.press("ctrl+s")
        await it.until_shown("✗ Not yet: the data can't be read")
        assert focused_row(it) == "row-data-source"
    assert form.trainers.begun == []


async def test_a_name_of_the_hub_is_not_fetched_unasked(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.type("imdb")
        await it.until_shown("If the hub has a data set of that name")
        await it.press("ctrl+l")
        await it.until(lambda: isinstance(it.app.screen, DataInspector), "the inspector")
        await it.until_shown("Row 1 · reviews.jsonl")


async def test_paths_are_completed(paths: Paths, rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(rows.parent)
    form = Form(paths)
    async with form.opened() as it:
        await it.type("./rev")
        await it.until_shown("./reviews.jsonl")
        await it.press("right")
        assert form.text("data.source") == "./reviews.jsonl"
        await it.until_shown("✓ text with a label")
        assert form.form.typed_plan().data.source == str(rows)


async def test_what_the_inspector_changed_comes_back(paths: Paths, rows: Path) -> None:
    form = Form(paths)
    async with form.opened(size=(120, 40)) as it:
        form.fill(data__source=str(rows), epochs="2")
        await it.press("ctrl+l")
        await it.until_shown("Row 1 · reviews.jsonl")
        await it.press("f4", "enter", "down", "enter")
        await it.until_shown("✓ raw text: review")
        await it.press("ctrl+s")
        await it.until(lambda: it.is_open, "the form")
        await it.until_shown("✓ raw text: review")
        await it.press("ctrl+s")
        assert await it.result() is not None
    plan = read_plan(form.trainers.begun[0].plan_file)
    assert (plan.data.shape, plan.epochs) == ("text", 2.0)


async def test_another_file_forgets_the_columns_of_the_old_one(paths: Paths, rows: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.touch()
    old = Plan(model="gpt2", data=DataSpec(source=str(rows), text_column="review", shape="text"))
    form = Form(paths, plan=old)
    async with form.opened() as it:
        await it.until_shown("✓ raw text: review")
        form.fill(data__source=str(other))
        await it.until_shown("✓ text with a label: review → stars, guessed")
        await it.press("ctrl+s")
        await it.closed()
    assert read_plan(form.trainers.begun[0].plan_file).data == DataSpec(source=str(other))


async def test_a_plan_is_repeated_with_a_change(paths: Paths, rows: Path) -> None:
    old = Plan(
        model="run:first",
        data=DataSpec(source=str(rows), max_rows=20),
        method="full",
        probes=("Once upon",),
        generic_text="/a.txt",
        seed=3,
    )
    form = Form(paths, plan=old)
    async with form.opened() as it:
        await it.until_shown("More settings: 3 of")
        form.fill(epochs="1")
        await it.press("ctrl+s")
        await it.closed()
    seeded = msgspec.structs.replace(old.data, seed=3)
    wanted = msgspec.structs.replace(old, epochs=1.0, data=seeded)
    assert read_plan(form.trainers.begun[0].plan_file) == wanted


async def test_a_taken_name_is_told_at_the_name(paths: Paths, rows: Path) -> None:
    create(paths.runs, Plan(model="gpt2", data=DataSpec(source=str(rows))), "first")
    form = Form(paths)
    async with form.opened(size=(120, 40)) as it:
        form.fill(data__source=str(rows), name="first")
        await it.press("ctrl+s")
        await it.until_shown("✗ There is a run called first already")
        assert focused_row(it) == "row-name"
        await it.press(*"-2", "ctrl+s")
        assert await it.result() == "first-2"


async def test_a_trainer_that_does_not_start_is_told_and_a_second_try_leaves_no_rest(paths: Paths, rows: Path) -> None:
    form = Form(paths, failures=1)
    async with form.opened(size=(120, 40)) as it:
        form.fill(data__source=str(rows), name="mine")
        await it.press("ctrl+s")
        await it.until_shown("✗ The trainer ended at once: ␛[31mno memory")
        assert form.text("name") == "mine"
        await it.press("ctrl+s")
        assert await it.result() == "mine"
    assert [run.name for run in list_runs(paths.runs)] == ["mine"]


async def test_what_was_typed_is_kept_when_the_form_is_left(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.type("imdb")
        form.fill(name="mine", epochs="7")
        await it.press("escape")
        assert await it.result() is None
    [(plan, name)] = form.kept
    assert (plan.data.source, plan.epochs, name) == ("imdb", 7.0, "mine")


async def test_a_model_is_picked_or_typed(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.press("ctrl+o")
        await it.until(lambda: isinstance(it.app.screen, ModelPicker), "the picker")
        await it.type("my/own")
        await it.until_shown("Open or download “my/own”")
        await it.press("enter")
        await it.until(lambda: it.is_open, "the form")
        assert form.text("model") == "my/own"


async def test_the_mouse_does_it_too(paths: Paths, rows: Path) -> None:
    form = Form(paths)
    async with form.opened() as it:
        form.fill(data__source=str(rows))
        await it.until_shown("✓ text with a label")  # what is told of the data moves what is beneath it
        await it.pilot.click("#row-method Choice", offset=(12, 0))
        await it.until_shown("● Full")
        await it.pilot.click("#tune-fold")
        await it.until_shown("▾ More settings")
        hint = next(hint for hint in form.form.query("KeyHint") if "starts it" in str(hint.render()))
        await it.pilot.click(hint)
        assert await it.result() is not None
    assert read_plan(form.trainers.begun[0].plan_file).method == "full"


async def test_hostile_data_is_shown_as_pictures(paths: Paths, rows: Path) -> None:
    form = Form(paths, hostile=True)
    async with form.opened() as it:
        form.fill(data__source=str(rows))
        await it.until_shown("review␛]52;c;SE9TVElMRQ==␇")
        assert "\x1b" not in it.text()
