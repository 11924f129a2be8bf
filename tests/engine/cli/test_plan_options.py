"""What can be told of data and of a plan: the same for every command, and all that a plan holds."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from engine.cli.data import show
from engine.cli.data_options import DataOptions, told_spec
from engine.cli.plan_options import PlanOptions, told_plan
from engine.cli.tune import tune
from engine.corpus.spec import DataSpec
from engine.errors import Misuse
from engine.paths import Paths
from engine.runs import Plan

NOTHING = Plan(model="gpt2", data=DataSpec(source="rows.jsonl"))
TOLD: dict[str, tuple[str, Any, Any]] = {
    "split": ("data.split", "test", "test"),
    "config": ("data.config", "plain", "plain"),
    "shape": ("data.shape", "labelled", "labelled"),
    "text_column": ("data.text_column", "a", "a"),
    "prompt_column": ("data.prompt_column", "a", "a"),
    "input_column": ("data.input_column", "a", "a"),
    "completion_column": ("data.completion_column", "a", "a"),
    "label_column": ("data.label_column", "a", "a"),
    "messages_column": ("data.messages_column", "a", "a"),
    "label_words": ("data.label_words", "bad, good", ("bad", "good")),
    "text_rows": ("data.text_rows", "line", "line"),
    "loss_on": ("data.loss_on", "all", "all"),
    "max_rows": ("data.max_rows", 7, 7),
    "skip_faulty": ("data.skip_faulty", True, True),
    "streaming": ("data.streaming", True, True),
    "eval_fraction": ("data.eval_fraction", 0.2, 0.2),
    "eval_source": ("data.eval_source", "other", "other"),
    "eval_split": ("data.eval_split", "test", "test"),
    "method": ("method", "full", "full"),
    "lora_rank": ("lora.rank", 4, 4),
    "lora_alpha": ("lora.alpha", 5, 5),
    "lora_dropout": ("lora.dropout", 0.1, 0.1),
    "lora_targets": ("lora.targets", "q,v", ("q", "v")),
    "virtual_tokens": ("soft_prompt.virtual_tokens", 9, 9),
    "prompt_text": ("soft_prompt.text", "Good?", "Good?"),
    "probe": ("probes", ["Say"], ("Say",)),
    "schedule": ("schedule", "linear", "linear"),
    "precision": ("precision", "float32", "float32"),
    "device": ("device", "cpu", "cpu"),
    "launcher": ("launcher", "torchrun", "torchrun"),
    "generic_text": ("generic_text", "page.txt", "page.txt"),
    "gradient_checkpointing": ("gradient_checkpointing", True, True),
    **{name: (name, False, False) for name in ("packing", "polite", "preflight")},
    **{name: (name, 0.25, 0.25) for name in ("epochs", "learning_rate", "warmup_share", "weight_decay", "clip_norm")},
    **{
        name: (name, 13, 13)
        for name in (
            *("max_steps", "batch_tokens", "pack_tokens", "max_length", "threads", "evaluate_every", "save_every"),
            *("evaluation_rows", "keep_last", "keep_best", "patience", "probe_tokens", "seed"),
        )
    },
}
APART = {"model", "data.source", "data.seed", "data.template", "data.variables", "version"}
"""Told by other means: arguments, the seed of the plan, and the tests below."""


def leaves(struct: msgspec.Struct, path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        found |= leaves(value, f"{path}{name}.") if isinstance(value, msgspec.Struct) else {path + name: value}
    return found


def options_of(command: Any) -> set[str]:
    return set(inspect.signature(command).parameters)


def test_whatever_a_look_at_data_can_be_told_a_fine_tune_can_be_told() -> None:
    of_data = set(DataOptions.__annotations__)
    assert {"shape", "text_rows", "var", "config"} <= of_data
    assert of_data <= options_of(show)
    assert of_data <= options_of(tune)


def test_the_options_reach_every_field_of_a_plan() -> None:
    assert {path for path, _, _ in TOLD.values()} == set(leaves(NOTHING)) - APART
    assert set(TOLD) == set(PlanOptions.__annotations__) - {"template", "var"}


@pytest.mark.parametrize("option", TOLD)
def test_an_option_changes_its_field_and_no_other(option: str) -> None:
    path, typed, meant = TOLD[option]
    given: Any = {option: typed}
    told = leaves(told_plan(NOTHING, "", "", given))
    expected = leaves(NOTHING) | {path: meant}
    if option == "lora_rank":
        expected["lora.alpha"] = 8
    if option == "seed":
        expected["data.seed"] = 13
    assert told == expected


def test_a_template_and_its_variables_can_be_told(paths: Paths) -> None:
    plan = told_plan(NOTHING, "", "", {"template": "translate", "var": ["target=German"]})
    assert plan.data.template is not None
    assert (plan.data.template.id, plan.data.variables["target"]) == ("translate", "German")
    again = told_plan(plan, "", "", {"var": ["target=French"]})
    assert (again.data.template, again.data.variables["target"]) == (plan.data.template, "French")
    other = told_plan(plan, "", "", {"template": "sentiment"})
    assert other.data.variables == {}


def test_a_variable_without_a_template_is_a_misuse() -> None:
    with pytest.raises(Misuse, match="--var"):
        told_spec(NOTHING.data, "", {"var": ["a=b"]})


def test_a_model_and_data_that_are_named_replace_those_of_a_plan() -> None:
    plan = told_plan(NOTHING, "distilgpt2", "imdb", {})
    assert (plan.model, plan.data.source) == ("distilgpt2", "imdb")


def test_the_help_names_the_defaults_that_hold() -> None:
    plan, places = Plan(model="m", data=DataSpec(source="d")), {"lora": "lora_", "soft_prompt": ""}
    found = {}
    for name, hint in get_type_hints(PlanOptions, include_extras=True).items():
        told = re.search(r"([\d.,]+) by default", get_args(hint)[1].help or "")
        if told:
            found[name] = float(told[1].replace(",", ""))
    fields = {name: getattr(plan, name) for name in Plan.__struct_fields__}
    fields |= {name: getattr(plan.data, name) for name in DataSpec.__struct_fields__}
    for part, prefix in places.items():
        inner = getattr(plan, part)
        fields |= {prefix + name: getattr(inner, name) for name in inner.__struct_fields__}
    assert len(found) > 12
    del found["pack_tokens"]  # what 0, the default, comes to
    assert found == {name: fields[name] for name in found}
