"""The form that sets up a fine-tune."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.corpus.spec import DataSpec
from engine.runs.plan import LoraOptions, Plan, SoftPromptOptions, problems
from tui.state.tune import changed_fields, default_text, plan_in_words, rate_words, read, spec_for, texts_of
from tui.state.tune_fields import LINE_END
from tui.state.tune_form import BY_NAME, FIELDS

ENOUGH = {"model": "gpt2", "data.source": "imdb"}
NOT_IN_THE_FORM = {"version", "data", "lora", "soft_prompt"}
PLANS = (
    Plan(model="gpt2", data=DataSpec(source="imdb")),
    Plan(
        model="run:first@20",
        data=DataSpec(
            source="imdb",
            split="test",
            text_column="review",
            shape="labelled",
            label_words=("bad", "good"),
            streaming=True,
            max_rows=1000,
            loss_on="all",
            eval_fraction=0.1,
            skip_faulty=True,
            seed=7,
        ),
        method="soft-prompt",
        soft_prompt=SoftPromptOptions(virtual_tokens=50, text="Is this good?"),
        epochs=1.5,
        max_steps=20,
        learning_rate=3e-4,
        probes=("Once upon", "two\nlines"),
        packing=False,
        patience=3,
        seed=7,
        launcher="torchrun --nproc-per-node 2",
    ),
    Plan(
        model="gpt2",
        data=DataSpec(source="imdb"),
        lora=LoraOptions(rank=8, alpha=99, dropout=0.1, targets=("q", "v")),
    ),
)


def test_every_setting_of_a_plan_has_a_field() -> None:
    fields = {name for name in Plan.__struct_fields__ if name not in NOT_IN_THE_FORM}
    fields |= {f"lora.{name}" for name in LoraOptions.__struct_fields__}
    fields |= {f"soft_prompt.{name}" for name in SoftPromptOptions.__struct_fields__}
    assert fields <= set(BY_NAME)


def test_labels_and_meanings_fit_into_the_form() -> None:
    assert all(len(field.label) <= 17 for field in FIELDS)
    narrow = [field.brief or field.meaning for field in FIELDS if field.kind in ("whole", "number", "tick")]
    assert [words for words in narrow if len(words) > 42] == []


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_survives_the_form(plan: Plan) -> None:
    reading = read(texts_of(plan, "my-run"), plan)
    assert (reading.plan, reading.name, reading.faults) == (plan, "my-run", {})


def test_model_and_data_are_enough() -> None:
    reading = read(ENOUGH)
    assert reading.faults == {}
    assert problems(reading.plan) == ()
    assert reading.plan == PLANS[0]


def test_everything_that_is_wrong_is_told_at_once_each_at_its_field() -> None:
    texts = {
        "model": " ",
        "epochs": "0",
        "max_steps": "many",
        "learning_rate": "11",
        "lora.rank": "0",
        "max_length": "3",
        "keep_last": "0",
        "name": "a b",
    }
    faults = read(texts).faults
    assert set(faults) == {*texts, "data.source"}
    assert faults["max_steps"] == "it has to be a whole number"
    assert "spaces" in faults["name"]


def test_what_another_method_would_need_is_no_fault() -> None:
    texts = {**ENOUGH, "soft_prompt.virtual_tokens": "3"}
    assert read(texts).faults == {}
    assert "8 to 100" in read({**texts, "method": "soft-prompt"}).faults["soft_prompt.virtual_tokens"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", "1,5", 1.5),
        ("epochs", "", 3.0),
        ("max_steps", "1 000", 1000),
        ("max_steps", "", 0),
        ("learning_rate", "3e-4", 3e-4),
        ("learning_rate", "", 0.0),
        ("data.max_rows", "500", 500),
        ("lora.targets", "q, v ,", ("q", "v")),
        ("probes", f"Hello\n\n two{LINE_END}lines ", ("Hello", "two\nlines")),
        ("device", "", "auto"),
    ],
)
def test_what_is_typed_is_read(name: str, text: str, value: object) -> None:
    reading = read({**ENOUGH, name: text})
    assert reading.faults == {}
    found: object = reading.plan
    for part in name.split("."):
        found = getattr(found, part)
    assert found == value


@pytest.mark.parametrize("text", ["many", "1.5", "9" * 40, "1e3", "NaN"])
def test_a_number_that_is_none_is_a_fault(text: str) -> None:
    assert "max_steps" in read({**ENOUGH, "max_steps": text}).faults


def test_alpha_follows_the_rank_unless_it_was_set() -> None:
    assert read({**ENOUGH, "lora.rank": "8"}).plan.lora.alpha == 16
    assert read({**ENOUGH, "lora.rank": "8", "lora.alpha": "5"}).plan.lora.alpha == 5


def test_a_path_means_the_same_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    assert read({**ENOUGH, "data.source": "rows.jsonl"}).plan.data.source == str(tmp_path / "rows.jsonl")
    assert read({**ENOUGH, "data.source": "rows"}).plan.data.source == "rows"


def test_columns_stay_with_their_data() -> None:
    spec = DataSpec(source="a", text_column="x", shape="text", label_words=("b",), split="test", loss_on="all")
    assert spec_for("a", spec) is spec
    assert spec_for("b", spec) == DataSpec(source="b", split="test", loss_on="all")


def test_only_what_is_away_from_its_default_counts_as_changed() -> None:
    plan = PLANS[0]
    assert set(changed_fields(texts_of(plan), plan.method)) == {"model", "data.source"}
    changed = msgspec.structs.replace(plan, packing=False, batch_tokens=100)
    assert set(changed_fields(texts_of(changed), plan.method)) == {"model", "data.source", "packing", "batch_tokens"}


def test_an_automatic_rate_is_told_as_far_as_it_is_known() -> None:
    plan = PLANS[0]
    assert rate_words(plan, 124_000_000) == "auto: 0.0003, for 124M parameters"
    assert rate_words(plan, 0) == "auto: 0.0002 to 0.002, by the model's size"
    set_by_hand = msgspec.structs.replace(plan, learning_rate=1.0)
    assert "0.0003 is usual" in rate_words(set_by_hand, 124_000_000)


def test_blank_is_told_for_every_number() -> None:
    assert all(default_text(field) for field in FIELDS if field.kind in ("whole", "number"))


def test_the_plan_is_told_in_words() -> None:
    assert plan_in_words(PLANS[0]) == "LoRA of rank 16 of gpt2 on imdb, 3 epochs"
    assert plan_in_words(PLANS[1]) == "50 virtual tokens of run:first@20 on imdb, 20 steps"
    evil = msgspec.structs.replace(PLANS[0], model="/m/\x1b[31m\u202e", method="full")
    assert plan_in_words(evil) == "All weights of ␛[31m⟨U+202E⟩ on imdb, 3 epochs"
