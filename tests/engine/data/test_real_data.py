"""Real data, real tokenizers: what is learned reads as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.corpus import DataSpec
from engine.data import Prepared, prepare
from engine.data.encoding import IGNORED
from engine.data.packing import pack

pytestmark = [pytest.mark.torch, pytest.mark.data]


@pytest.fixture(params=["gpt2-tokenizer", "stories260k"])
def tokenizer(request: pytest.FixtureRequest, data: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(data / request.param)


def prepared(data: Path, name: str, tokenizer: Any, folder: Path, **spec: Any) -> Prepared:
    return prepare(DataSpec(source=str(data / name), **spec), tokenizer, max_length=256, folder=folder / "data")


def learned(row: dict[str, Any], tokenizer: Any) -> str:
    text: str = tokenizer.decode([label for label in row["labels"] if label != IGNORED], skip_special_tokens=True)
    return text


def test_reviews_teach_their_label(data: Path, tokenizer: Any, tmp_path: Path) -> None:
    words = ("negative", "positive")
    rows = prepared(data, "imdb_train_2000.jsonl", tokenizer, tmp_path, label_words=words)
    assert len(rows.train) + len(rows.evaluation) == rows.report.used_rows == 2000
    assert sum(label.rows for label in rows.report.labels) == 2000
    assert rows.report.truncated_rows > 500
    for place in range(0, len(rows.train), 97):
        row = rows.train[place]
        assert len(row["input_ids"]) <= 256
        assert learned(row, tokenizer).strip() == words[row["label"]]
        assert "Label (negative or positive):" in tokenizer.decode(row["input_ids"])


def test_instructions_teach_their_answer(data: Path, tokenizer: Any, tmp_path: Path) -> None:
    import json

    lines = (data / "instruction_1100.jsonl").read_text(encoding="utf-8").splitlines()
    rows = prepared(data, "instruction_1100.jsonl", tokenizer, tmp_path)
    assert rows.report.columns.shape == "instruction"
    for place in range(0, len(rows.train), 53):
        row = rows.train[place]
        source = json.loads(lines[row["row"] - 1])
        if len(row["input_ids"]) < 256:
            assert learned(row, tokenizer).strip() == source["output"].strip()
            assert source["instruction"].strip() in tokenizer.decode(row["input_ids"])


@pytest.mark.parametrize("name", ["tinystories_1000.jsonl", "tinyshakespeare.txt"])
def test_texts_are_learned_whole(data: Path, tokenizer: Any, tmp_path: Path, name: str) -> None:
    rows = prepared(data, name, tokenizer, tmp_path, eval_fraction=0.0)
    report = rows.report
    assert report.lost_tokens == 0
    # Each piece has one token that is not learned: its first, which the piece before has learned.
    assert report.trained_tokens == report.tokens - report.pieces
    packs = pack(rows.train.lengths, 2048)
    assert sum(rows.train.lengths) / (2048 * len(packs)) > 0.97
