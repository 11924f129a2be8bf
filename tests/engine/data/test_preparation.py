"""Prepared rows: the same every time, found again, shared between processes, split without a leak."""

from __future__ import annotations

import errno
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.corpus import DataSpec
from engine.data import Prepared, preparation, prepare
from engine.data.encoding import IGNORED
from engine.data.splitting import held_out
from engine.data.table import Rows, RowWriter
from engine.errors import Cancelled, DataFault, DiskFull, Misuse
from tests.engine.data.conftest import Write, byte_level, sentence_piece

pytestmark = pytest.mark.torch

ROWS = [{"text": f"the fox jumps over {number} dogs", "label": number % 2} for number in range(60)]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return byte_level()


def all_of(rows: Rows) -> list[dict[str, Any]]:
    return [rows[place] for place in range(len(rows))]


def texts(rows: Rows, tokenizer: Any) -> list[str]:
    return [tokenizer.decode(row["input_ids"], skip_special_tokens=True) for row in all_of(rows)]


def test_rows_are_prepared_and_split(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)), label_words=("no", "yes"), eval_fraction=0.1)
    prepared = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    assert (len(prepared.train), len(prepared.evaluation)) == (54, 6)
    assert prepared.label_words == ("no", "yes")
    assert prepared.template is not None
    for row in all_of(prepared.train) + all_of(prepared.evaluation):
        learned = tuple(label for label in row["labels"] if label != IGNORED)
        assert learned == prepared.label_ids[row["label"]]
        assert row["label"] == (row["row"] - 1) % 2
    lengths = [len(row["input_ids"]) for row in all_of(prepared.train)]
    assert prepared.train.lengths == lengths
    assert prepared.report.tokens == sum(lengths)
    learned_tokens = [label for row in all_of(prepared.train) for label in row["labels"] if label != IGNORED]
    assert prepared.report.trained_tokens == prepared.train.count_trained() == len(learned_tokens)


def test_the_split_depends_on_the_seed_and_on_nothing_else(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    def held(name: str, rows: list[Any], seed: int) -> set[str]:
        spec = DataSpec(source=str(write(f"{name}.jsonl", rows)), seed=seed, eval_fraction=0.2, shape="text")
        return set(texts(prepare(spec, tokenizer, max_length=64, folder=tmp_path / name).evaluation, tokenizer))

    first = held("a", ROWS, 0)
    assert len(first) == 12
    assert held("b", ROWS, 0) == first
    assert held("c", ROWS[::-1], 0) == first
    assert held("d", ROWS, 1) != first


def test_no_duplicate_and_no_piece_stands_on_both_sides(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    long = [{"text": f"the fox {number} " * 20} for number in range(30)]
    spec = DataSpec(source=str(write("rows.jsonl", long * 3)), eval_fraction=0.3)
    prepared = prepare(spec, tokenizer, max_length=16, folder=tmp_path / "data")
    assert not set(prepared.train.digests.tolist()) & set(prepared.evaluation.digests.tolist())
    assert len(prepared.evaluation) > 0
    assert prepared.report.duplicate_rows == 60
    assert prepared.train.count_source_rows() + prepared.evaluation.count_source_rows() == 90 < len(prepared.train)


@pytest.mark.parametrize(("count", "fraction", "expected"), [(2, 0.01, 1), (2, 0.99, 1), (1, 0.5, 0), (10, 0.0, 0)])
def test_small_data_keeps_a_row_on_each_side(count: int, fraction: float, expected: int) -> None:
    import numpy as np

    assert held_out(np.arange(count, dtype=np.uint64), fraction, 0).sum() == expected


def test_held_out_rows_may_come_from_elsewhere(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    write("d/train.jsonl", ROWS)
    write("d/test.jsonl", [{"text": "unseen", "label": 1}])
    spec = DataSpec(source=str(tmp_path / "d"), eval_split="test")
    prepared = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    assert len(prepared.train) == 60
    assert [text.startswith("unseen") for text in texts(prepared.evaluation, tokenizer)] == [True]
    other = DataSpec(source=str(tmp_path / "d" / "train.jsonl"), eval_source=str(tmp_path / "d" / "test.jsonl"))
    assert len(prepare(other, tokenizer, max_length=64, folder=tmp_path / "other").evaluation) == 1


def test_what_was_prepared_outlives_its_source(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    file = write("rows.jsonl", ROWS)
    spec = DataSpec(source=str(file))
    first = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    file.unlink()
    again = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    assert all_of(again.train) == all_of(first.train)
    assert again.report == first.report


def test_another_tokenizer_or_length_or_spec_is_prepared_anew(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)), shape="text")
    folder = tmp_path / "data"
    every = [
        prepare(spec, tokenizer, max_length=64, folder=folder),
        prepare(spec, tokenizer, max_length=8, folder=folder),
        prepare(spec, sentence_piece(), max_length=8, folder=folder),
        prepare(msgspec.structs.replace(spec, max_rows=5), tokenizer, max_length=64, folder=folder),
    ]
    assert len({(one.report.pieces, tuple(one.train[0]["input_ids"])) for one in every}) == 4


def test_the_cache_is_shared_by_content(
    write: Write, tmp_path: Path, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[Path] = []
    real = preparation._write

    def counting(folder: Path, *arguments: Any, **options: Any) -> None:
        writes.append(folder)
        real(folder, *arguments, **options)

    monkeypatch.setattr(preparation, "_write", counting)
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)))
    for name in ("one", "two"):
        prepare(spec, tokenizer, max_length=64, folder=tmp_path / name, cache=tmp_path / "cache")
    assert len(writes) == 1
    write("rows.jsonl", ROWS[1:])
    changed = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "three", cache=tmp_path / "cache")
    assert len(writes) == 2
    assert changed.report.rows == 59


def test_a_sample_is_picked_over_the_whole_source(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    rows = [{"text": f"row {number}", "label": number // 500} for number in range(1000)]
    spec = DataSpec(source=str(write("sorted.jsonl", rows)), max_rows=100)
    prepared = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    assert prepared.report.rows == 100
    assert all(30 < label.rows < 70 for label in prepared.report.labels)
    again = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "again")
    assert all_of(again.train) == all_of(prepared.train)


def test_faulty_rows_want_consent(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    file = write("rows.jsonl", [*ROWS[:5], {"text": 7, "label": 0}, {"text": "", "label": 1}, *ROWS[5:]])
    spec = DataSpec(source=str(file))
    with pytest.raises(DataFault) as caught:
        prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    assert caught.value.title.startswith("2 rows of 62 can't be used:\nrows.jsonl, row 6, column")
    assert "--skip-faulty" in caught.value.hint
    assert not (tmp_path / "data").exists()
    assert not list(tmp_path.glob(".partial*"))
    willing = msgspec.structs.replace(spec, skip_faulty=True)
    prepared = prepare(willing, tokenizer, max_length=64, folder=tmp_path / "data")
    assert prepared.report.skipped_rows == 2
    assert len(prepared.train) + len(prepared.evaluation) == 60


def test_nothing_but_faults_is_refused_with_consent_too(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", [{"text": ""}] * 3)), skip_faulty=True)
    with pytest.raises(DataFault, match="no row that can be trained on"):
        prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")


def test_a_cancel_leaves_nothing_behind(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", ROWS * 50)), shape="text")
    seen: list[int] = []
    with pytest.raises(Cancelled):
        prepare(
            spec,
            tokenizer,
            max_length=64,
            folder=tmp_path / "data",
            on_progress=seen.append,
            cancelled=lambda: len(seen) > 1,
        )
    assert seen[:2] == [500, 1000]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_full_disk_is_told(write: Write, tmp_path: Path, tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RowWriter, "add", full)
    with pytest.raises(DiskFull, match="did not fit"):
        prepare(DataSpec(source=str(write("rows.jsonl", ROWS))), tokenizer, max_length=64, folder=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_damaged_record_is_prepared_anew(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)))
    first = prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    (tmp_path / "data" / "prepared.json").write_text("{")
    assert all_of(prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data").train) == all_of(first.train)


def test_nothing_of_others_is_taken_away(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "diary.txt").write_text("mine")
    with pytest.raises(OSError, match="data"):
        prepare(DataSpec(source=str(write("rows.jsonl", ROWS))), tokenizer, max_length=64, folder=tmp_path / "data")
    assert (tmp_path / "data" / "diary.txt").read_text() == "mine"


PREPARE = """
import json, sys
from pathlib import Path
from engine.corpus import DataSpec
from engine.data import prepare
from tests.engine.data.conftest import byte_level
source, folder = sys.argv[1:]
prepared = prepare(DataSpec(source=source), byte_level(), max_length=64, folder=Path(folder))
print(json.dumps([prepared.train[place]["input_ids"] for place in range(len(prepared.train))]))
"""


def test_processes_that_ask_at_once_get_the_same(write: Write, tmp_path: Path) -> None:
    file = write("rows.jsonl", ROWS * 20)
    arguments = [sys.executable, "-c", PREPARE, str(file), str(tmp_path / "data")]
    both = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert outputs[0] == outputs[1]
    assert len(json.loads(outputs[0])) == 1140


def test_rows_can_be_sent_to_another_process(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    prepared: Prepared = prepare(
        DataSpec(source=str(write("rows.jsonl", ROWS))), tokenizer, max_length=64, folder=tmp_path / "data"
    )
    copy = pickle.loads(pickle.dumps(prepared.train))
    assert all_of(copy) == all_of(prepared.train)
    with pytest.raises(IndexError):
        copy[len(copy)]
    assert list(copy) == all_of(copy)


def test_the_models_own_template_needs_one(write: Write, tmp_path: Path, tokenizer: Any) -> None:
    from engine.data.dressing import shipped

    spec = DataSpec(source=str(write("rows.jsonl", [{"prompt": "a", "completion": "b"}])), template=shipped("own"))
    with pytest.raises(Misuse, match="no chat template"):
        prepare(spec, tokenizer, max_length=64, folder=tmp_path / "data")
    chat = byte_level(chat=True)
    prepared = prepare(msgspec.structs.replace(spec, eval_fraction=0.0), chat, max_length=64, folder=tmp_path / "data")
    [row] = all_of(prepared.train)
    assert chat.decode(row["input_ids"]) == "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>"
    assert chat.decode([label for label in row["labels"] if label != IGNORED]) == "b<|im_end|>"
