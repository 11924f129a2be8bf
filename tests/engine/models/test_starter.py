"""The model that ships with the program: what it is called, that it is whole, and what its card promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.models import delete, list_models, resolve
from engine.paths import Paths
from engine.starter import FOLDER, LESSON_FILE
from engine.templates import Library, default_template_id

MOST_BYTES = 12_000_000
CARD = FOLDER / "README.md"


def test_its_name_finds_it_without_a_network(paths: Paths) -> None:
    found = resolve("starter", paths=paths, environ={"HF_HUB_OFFLINE": "1"})
    assert (found.ref, found.name, found.folder) == ("starter", "starter", FOLDER)


def test_it_is_listed_first_and_says_where_it_comes_from(paths: Paths) -> None:
    entry = list_models(paths, {})[0]
    assert entry.ref == "starter"
    assert entry.usable
    assert entry.description.startswith("Ships with Tunesmith")
    assert (entry.architecture, entry.kind, entry.dtype) == ("gpt2", "instruct", "float32")
    assert entry.context_tokens >= 512


def test_it_can_not_be_deleted(paths: Paths) -> None:
    with pytest.raises(Refused, match="belongs to the program"):
        delete("starter", paths, {})
    assert resolve("starter", paths=paths, environ={})


def test_it_is_small() -> None:
    assert 1_000_000 < (FOLDER / "model.safetensors").stat().st_size <= MOST_BYTES
    assert 1_000 <= json.loads((FOLDER / "config.json").read_text())["vocab_size"] <= 4_000


def test_its_card_tells_licences_figures_and_limits() -> None:
    card = CARD.read_text(encoding="utf-8")
    for words in ("Apache-2.0", "MIT", "CDLA-Sharing-1.0", "bits per character", "What it can't do"):
        assert words in card
    assert len(re.findall(r"^\| \d+ \| .+ \| .+ \|$", card, re.MULTILINE)) == 10, "samples side by side"


def test_the_lesson_is_rows_of_a_question_and_an_answer() -> None:
    rows = [json.loads(line) for line in LESSON_FILE.read_text(encoding="utf-8").splitlines()]
    assert 200 <= len(rows) <= 1_000
    assert len({row["instruction"] for row in rows}) == len(rows)
    assert all(row["output"].startswith("Arr, matey!") for row in rows)


@pytest.mark.torch
def test_it_talks_in_its_own_form(paths: Paths) -> None:
    from engine.inference.loading import load
    from engine.protocol import Prompt, Turn
    from engine.templates import render

    info = load(resolve("starter", paths=paths, environ={}), paths=paths).info
    assert default_template_id(info) == "own"
    prompt = Prompt(template=Library(Path()).get("own"), turns=(Turn("user", " Hello "),))
    assert render(prompt, info) == "<|endoftext|>User: Hello\nAssistant:"


@pytest.mark.torch
@pytest.mark.data
def test_it_costs_the_bits_that_its_card_tells(data: Path) -> None:
    import torch

    from starter.card import Contender
    from starter.collection import HELD_OUT, real_stories

    told = re.search(r"\| the starter \| \*\*([\d.]+)\*\* \|", CARD.read_text(encoding="utf-8"))
    assert told
    torch.set_num_threads(1)
    found = Contender(FOLDER).bits(real_stories(data / "tinystories_1000.jsonl")[-HELD_OUT:])
    assert found == pytest.approx(float(told[1]), abs=0.002)
