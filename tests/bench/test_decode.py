"""The arithmetic of the table of replies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.decode import common_beginning, goals_of, rows_of
from bench.footprint import Footprint, footprint
from bench.neighbours import Moment, now, others_cores
from bench.reporting import Row
from bench.rivals.lineup import OURS, Q8_0, STOCK
from bench.rivals.processes import Answer
from tests.fakes.models import model_files, write_files

SIZE = Footprint(matrices=100, head=40, layers=2, keys=8, queries=8, window=64, vocabulary=10)
OPENING = {OURS["int8"].name: 7_000_000}
LIMITS = {"read_bytes_per_s": 10_000.0, "float32": 1e6, "int8": 4e6}


def answer(first_s: float, rest_s: float, tokens: list[int], *, others: float = 0.0) -> Answer:
    return Answer(first_s, rest_s, tokens, memory=5_000_000, others_cores=others)


def test_a_row_has_the_medians_and_the_shares_of_what_the_machine_can() -> None:
    rival = OURS["int8"]
    answers = {
        (STOCK.name, 32): [answer(0.4, 1.0, [1, 2, 3])],
        (rival.name, 32): [answer(0.1, 0.5, [1, 2, 9]), answer(0.3, 1.0, [1, 2, 9]), answer(0.2, 0.25, [1, 2, 9])],
    }
    stock, ours = rows_of([STOCK, rival], answers, SIZE, LIMITS, OPENING)
    assert (stock["tokens_per_s"], ours["tokens_per_s"]) == (2.0, 4.0)
    assert ours["times_generate"] == 2.0
    assert ours["share_of_limit"] == pytest.approx(4.0 * (100 * 1 + 2 * 2 * 8 * 32 * 4) / 10_000)
    assert ours["first_token_s"] == 0.2
    operations = 2 * 60 * 32 + 2 * 40 + 2 * 2 * 8 * 32 * 33
    assert ours["share_of_peak"] == pytest.approx(operations / 0.2 / 4e6)
    assert (ours["opening_mb"], stock["opening_mb"]) == (7.0, None)
    assert (ours["memory_mb"], ours["same"], ours["quiet"]) == (5.0, 2, 3)


def test_rounds_that_others_disturbed_are_left_out_unless_they_are_all_there_is() -> None:
    disturbed = answer(9.0, 9.0, [1, 2], others=0.9)
    answers = {
        (STOCK.name, 32): [disturbed, answer(1.0, 0.5, [1, 2])],
        (Q8_0.name, 32): [disturbed],
    }
    stock, rival = rows_of([STOCK, Q8_0], answers, SIZE, LIMITS, OPENING)
    assert (stock["first_token_s"], stock["quiet"]) == (1.0, 1)
    assert (rival["first_token_s"], rival["quiet"]) == (9.0, 0)


def test_the_goals_compare_the_rivals_they_name() -> None:
    figures = {OURS["int8"]: (90.0, 0.25), Q8_0: (100.0, 1.0), OURS["float32"]: (30.0, 1.0), STOCK: (20.0, 1.0)}
    rows: list[Row] = [
        {"rival": rival.name, "context": 512, "tokens_per_s": speed, "first_token_s": first_s}
        for rival, (speed, first_s) in figures.items()
    ]
    goals = goals_of(rows, [512])
    assert [(goal.found, goal.verdict) for goal in goals] == [(0.9, "missed"), (1.5, "met"), (4.0, "met")]
    assert [goal.verdict for goal in goals_of(rows[:1], [512])] == ["not measured"] * 3


def test_replies_are_compared_up_to_the_first_difference() -> None:
    assert common_beginning([1, 2, 3], [1, 2, 4]) == 2
    assert common_beginning([1, 2, 3], [1, 2, 3]) == 3
    assert common_beginning([1], [2]) == 0


def test_the_footprint_counts_the_head_once_and_no_table_of_places(tmp_path: Path) -> None:
    config = {"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 16, "vocab_size": 10}
    weights = {"wte.weight": (10, 8), "wpe.weight": (16, 8), "h.0.attn.c_attn.weight": (8, 24), "ln_f.weight": (8,)}
    size = footprint(write_files(tmp_path, model_files(config=config, weights=weights)))
    assert size == Footprint(matrices=8 * 24 + 80, head=80, layers=1, keys=8, queries=8, window=16, vocabulary=10)


def test_the_footprint_of_a_llama_has_fewer_keys_than_queries(tmp_path: Path) -> None:
    config = {
        "model_type": "llama", "hidden_size": 8, "num_attention_heads": 4, "num_key_value_heads": 2,
        "num_hidden_layers": 1, "max_position_embeddings": 16, "vocab_size": 10,
    }  # fmt: skip
    weights = {
        "model.embed_tokens.weight": (10, 8),
        "lm_head.weight": (10, 8),
        "model.layers.0.mlp.up_proj.weight": (16, 8),
    }
    size = footprint(write_files(tmp_path, model_files(config=config, weights=weights)))
    assert (size.matrices, size.head, size.keys, size.queries) == (16 * 8 + 80, 80, 4, 8)
    assert size.read_bytes(100, weight_bytes=2, key_bytes=4) == (128 + 80) * 2 + 2 * 1 * 4 * 100 * 4


def test_others_are_what_the_machine_did_beside_the_measured() -> None:
    before, after = Moment(10.0, 100.0, 5.0), Moment(12.0, 103.0, 7.0)
    assert others_cores(before, after) == pytest.approx(0.5)
    assert others_cores(before, Moment(12.0, 101.0, 7.0)) == 0.0


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux tells")
def test_the_machine_has_taken_more_than_this_process() -> None:
    moment = now(os.getpid())
    assert 0 < moment.mine_s < moment.all_s
