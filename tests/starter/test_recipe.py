"""The recipe of the starter: its texts, its windows, its loss and its measure, each against what it must equal."""

from __future__ import annotations

import json
import math
from itertools import repeat
from pathlib import Path
from random import Random

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

from engine.starter import LESSON_FILE
from starter.collection import HELD_OUT, Collection, Document, Mixture
from starter.evaluate import CHARACTERS, bits_per_character
from starter.forms import END, Forms, heroes
from starter.lesson import SEED, lesson
from starter.network import WINDOW, mean_loss, new_network
from starter.teacher import Teacher
from starter.train import Schedule
from starter.vocabulary import train_tokenizer
from starter.windows import END_ID, NOT_LEARNED, Packer

pytestmark = pytest.mark.torch
STORY = "Once upon a time, there was a little girl named Lily. She had a red ball. She was happy."


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of sampled texts, and a file of stories whose last hundred are held out."""
    sampled = tmp_path / "sampled"
    sampled.mkdir()
    (sampled / "0000.jsonl").write_text(json.dumps(["Sampled.\nEnd.", True]) + "\n", encoding="utf-8")
    stories = tmp_path / "stories.jsonl"
    texts = ["A real story.", *(f"Held out {number}." for number in range(HELD_OUT))]
    stories.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return sampled, stories


def test_the_stories_to_measure_with_are_never_learned_from(sources: tuple[Path, Path]) -> None:
    collection = Collection(*sources, Mixture(real=0.4, forms=0.3), Random(1))
    texts = [collection.draw().text for _ in range(400)]
    assert "A real story." in texts
    assert "Sampled.\n\nEnd." in texts
    assert not any("Held out" in text for text in texts)


def test_what_the_teacher_writes_meanwhile_is_taken_up(sources: tuple[Path, Path]) -> None:
    collection = Collection(*sources, Mixture(), Random(1))
    (sources[0] / "0001.jsonl").write_text('["More.", false]\n["Still more.", true]\n', encoding="utf-8")
    before = collection.sampled
    collection.refresh()
    collection.refresh()
    assert (before, collection.sampled) == (1, 3)


def test_every_form_is_drawn_and_repeatable() -> None:
    def drawn() -> list[str]:
        random = Random(3)
        forms = Forms(lambda: STORY)
        return [forms.draw(random) for _ in range(300)]

    texts = drawn()
    assert texts == drawn()
    marks = ("User: ", "### Response: ", "Q: ", "Sentiment: positive", "creative story about", "TL;DR:", "French: ")
    assert [mark for mark in marks if not any(mark in text for text in texts)] == []
    assert not any(text.endswith(END) for text in texts)


@pytest.mark.parametrize(
    ("story", "hero"),
    [
        (STORY, "a little girl named Lily"),
        ("One day a boy saw a big red bus.", "a big red bus"),
        ("Tom and Sue were happy.", ""),
    ],
)
def test_whom_a_story_is_about(story: str, hero: str) -> None:
    assert heroes(story) == hero


def test_windows_begin_with_a_text_and_learn_no_end_of_one_that_was_cut() -> None:
    tokenizer = train_tokenizer(iter([STORY] * 20), size=400)
    tokens = tokenizer.encode(STORY).ids
    packer = Packer(tokenizer, repeat(Document(STORY, complete=False)), window=2 * len(tokens))
    ids, followers = packer.batch(2)
    assert ids.shape == followers.shape == (2, 2 * len(tokens))
    assert ids[:, 0].tolist() == [END_ID, END_ID]
    assert ids[0, 1 : len(tokens) + 1].tolist() == tokens
    assert followers[0, len(tokens)] == NOT_LEARNED
    learned = followers != NOT_LEARNED
    assert torch.equal(followers[:, :-1][learned[:, :-1]], ids[:, 1:][learned[:, :-1]])
    assert learned.sum() == learned.numel() - 2


def test_a_text_that_is_longer_than_a_window_does_not_stop_the_packing() -> None:
    tokenizer = train_tokenizer(iter([STORY] * 20), size=400)
    ids, _ = Packer(tokenizer, repeat(Document(STORY * 50)), window=64).batch(3)
    assert ids.shape == (3, 64)


def test_the_tokenizer_writes_any_text() -> None:
    tokenizer = train_tokenizer(iter([STORY] * 20), size=400)
    for text in ("naïve 😀 क्षि", "a\n\n\tb", STORY):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_short_way_to_the_loss_equals_that_of_transformers() -> None:
    network = new_network(1, vocabulary=300)
    ids, followers = torch.randint(0, 300, (2, 2, WINDOW), generator=torch.Generator().manual_seed(1))
    followers[0, 5:9] = NOT_LEARNED
    whole = cross_entropy(network(ids).logits.flatten(0, 1), followers.flatten(), ignore_index=NOT_LEARNED)
    assert mean_loss(network, ids, followers).item() == pytest.approx(whole.item(), abs=2e-3)


def test_the_rates_rise_stay_and_fall_to_nothing() -> None:
    schedule = Schedule(1000, warm_up=100, falling=0.2)
    factors = [schedule.factor(step) for step in (0, 99, 500, 800, 900, 1000)]
    assert factors == pytest.approx([0.01, 1, 1, 1, 0.5, 0])
    assert Schedule(5000, warm_up=100).factor(500) == 1, "the last step need not be known before the rates fall"


def test_bits_per_character_of_a_model_that_knows_nothing() -> None:
    text = "ab" * CHARACTERS
    found = bits_per_character([text], lambda it: list(it.encode()), 0, lambda ids: torch.zeros(1, ids.shape[1], 256))
    assert found == pytest.approx(math.log2(256))


def test_the_lesson_in_the_package_is_what_the_recipe_writes() -> None:
    rows = [json.loads(line) for line in LESSON_FILE.read_text(encoding="utf-8").splitlines()]
    assert [(row["instruction"], row["output"]) for row in rows] == lesson(Random(SEED))


@pytest.mark.data
def test_the_teacher_written_out_equals_transformers(data: Path) -> None:
    teacher = Teacher(data / "stories260k")
    model = AutoModelForCausalLM.from_pretrained(data / "stories260k")
    ids = torch.tensor([[1, 403, 407, 261, 378, 5, 9]])
    keys = [torch.empty(1, teacher.kv_heads, teacher.size, teacher.window) for _ in range(teacher.layers)]
    values = [each.mT.contiguous() for each in keys]
    with torch.inference_mode():
        ours = [teacher._step(ids[:, place], place, keys, values) for place in range(ids.shape[1])]
        theirs = model(ids).logits[0]
    assert torch.allclose(torch.cat(ours), theirs, atol=1e-4)
