"""Data sets of the `datasets` library: from the hub, from its cache, and saved in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.corpus import DataSpec
from engine.data.hub import HubSource, in_words, pick_split
from engine.data.inspection import inspect_rows, survey
from engine.data.rows import Row
from engine.data.source import open_source
from engine.errors import DataFault, DataNotFound, DiskFull, DownloadFailed
from tests.engine.data.conftest import items

pytestmark = pytest.mark.torch


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})

    def rows(start: int) -> Any:
        numbers = range(start, start + 5)
        return Dataset.from_dict(
            {"text": [f"film {number}" for number in numbers], "label": [number % 2 for number in numbers]},
            features=features,
        )

    folder = tmp_path / "saved"
    DatasetDict(train=rows(0), test=rows(100)).save_to_disk(str(folder))
    return folder


def test_a_saved_data_set_is_read_with_the_names_of_its_labels(saved: Path) -> None:
    report = survey(DataSpec(source=str(saved)))
    assert [(label.label, label.word, label.rows) for label in report.labels] == [("0", "neg", 3), ("1", "pos", 2)]
    [view] = inspect_rows(DataSpec(source=str(saved), split="test"), None, 2, 1)
    assert (view.row, view.raw) == (2, {"text": "film 101", "label": "1"})
    assert view.parts[-1].text == " pos"


def test_rows_are_read_from_the_middle(saved: Path) -> None:
    assert [item.row for item in items(saved, skip=3)] == [4, 5]


def test_a_split_that_is_not_there_is_told(saved: Path) -> None:
    with pytest.raises(DataNotFound, match="no split dev") as caught:
        items(saved, split="dev")
    assert "train, test" in caught.value.hint


def test_a_stream_is_read_as_far_as_need_be(saved: Path) -> None:
    source = open_source(DataSpec(source=str(saved)))
    assert isinstance(source, HubSource)
    stream = HubSource("stream", source.rows.to_iterable_dataset(), streaming=True, identity="x")
    assert [item.values["text"] for item in stream.read(3) if isinstance(item, Row)] == ["film 3", "film 4"]
    assert stream.label_names("label") == ("neg", "pos")


def test_a_data_set_that_is_not_here_is_told_offline() -> None:
    with pytest.raises(DownloadFailed, match="owner/nonesuch is not here, and HF_HUB_OFFLINE forbids"):
        open_source(DataSpec(source="owner/nonesuch"))


@pytest.mark.parametrize(
    ("there", "wanted", "expected"),
    [(["train", "test"], "", "train"), (["all"], "", "all"), (["a", "b"], "b", "b")],
)
def test_a_split_is_picked(there: list[str], wanted: str, expected: str) -> None:
    assert pick_split("x", there, wanted) == expected


def test_of_several_splits_one_has_to_be_named() -> None:
    with pytest.raises(DataNotFound, match="several splits: a, b"):
        pick_split("x", ["a", "b"], "")


def test_errors_of_the_library_become_words() -> None:
    from datasets.exceptions import DatasetNotFoundError

    cases: list[tuple[Exception, type[Exception], str]] = [
        (DatasetNotFoundError("Dataset 'x' doesn't exist on the Hub"), DataNotFound, "no data set x"),
        (DatasetNotFoundError("Dataset 'x' is a gated dataset on the Hub."), DownloadFailed, "accepted its terms"),
        (ConnectionError("Couldn't reach 'x' on the Hub"), DownloadFailed, "can't be reached"),
        (RuntimeError("Dataset scripts are no longer supported, but found x.py"), DataFault, "running Python code"),
        (ValueError("Config name is missing. Please pick one: ['a', 'b']"), DataNotFound, "several forms"),
        (OSError(28, "No space left on device"), DiskFull, "disk became full"),
        (KeyError("odd"), DataFault, "can't be read"),
    ]
    for error, kind, words in cases:
        told = in_words(error, "x")
        assert type(told) is kind, told
        assert words in told.title
        assert told.hint
