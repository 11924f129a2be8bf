"""What is told while a data set, or the model that counts, comes from the hub."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.corpus.client import DataProcess
from engine.corpus.messages import CancelData, DataOpened, Fetching, OpenData
from engine.corpus.spec import DataSpec
from engine.errors import Cancelled
from tests.engine.data.conftest import byte_level
from tests.fakes.data_hub import DataHub, running_data_hub
from tests.fakes.hub import Repo, running_hub
from tests.fakes.models import model_files

pytestmark = pytest.mark.torch
TRAIN = b"".join(b'{"text": "film %d", "label": %d}\n' % (number, number % 2) for number in range(4000))
TEST = b'{"text": "another film", "label": 1}\n'


@pytest.fixture
def data_hub() -> Iterator[DataHub]:
    with running_data_hub() as hub:
        hub.sets["owner/films"] = {"train.jsonl": TRAIN, "test.jsonl": TEST}
        yield hub


def process(tmp_path: Path, endpoint: str) -> DataProcess:
    environ = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    return DataProcess(
        tmp_path / "data.log", environ | {"HF_ENDPOINT": endpoint, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    )


def test_the_bytes_of_a_data_set_are_told_while_they_come(data_hub: DataHub, tmp_path: Path) -> None:
    data_hub.held = "test.jsonl"
    with process(tmp_path, data_hub.endpoint) as reader:
        told: list[Fetching] = []
        for answer in reader.ask(OpenData(id=1, spec=DataSpec(source="owner/films"))):
            if isinstance(answer, Fetching):
                told.append(answer)
                if answer.progress.done_bytes > 0:
                    data_hub.go_on.set()
            else:
                assert isinstance(answer, DataOpened)
                assert answer.columns.shape == "labelled"
        assert {one.what for one in told} == {"data"}
        halfway = [one.progress for one in told if one.progress.stage == "downloading"]
        assert {one.total_bytes for one in halfway} == {len(TRAIN) + len(TEST)}
        assert len(TRAIN) in {one.done_bytes for one in halfway}
        assert told[-1].progress.stage == "reading"
        # Now it is here, whatever has become of the hub.
        data_hub.sets.clear()
        again = list(reader.ask(OpenData(id=2, spec=DataSpec(source="owner/films"))))
        assert isinstance(again[-1], DataOpened)
        assert [one for one in again if isinstance(one, Fetching) and one.progress.total_bytes] == []


def test_a_download_that_stands_still_can_be_cancelled(data_hub: DataHub, tmp_path: Path) -> None:
    data_hub.held = "test.jsonl"
    with process(tmp_path, data_hub.endpoint) as reader:
        asked = reader.ask(OpenData(id=1, spec=DataSpec(source="owner/films")))
        assert isinstance(next(asked), Fetching)
        reader.tell(CancelData(id=2, target=1))
        with pytest.raises(Cancelled):
            list(asked)


def test_the_bytes_of_the_model_that_counts_are_told(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"text": "a"}) + "\n")
    with running_hub() as hub, process(tmp_path, hub.endpoint) as reader:
        files = model_files() | {"tokenizer.json": byte_level().backend_tokenizer.to_str().encode()}
        hub.repos["owner/small"] = Repo(files)
        answers = list(reader.ask(OpenData(id=1, spec=DataSpec(source=str(rows)), model="owner/small")))
        told = [answer for answer in answers if isinstance(answer, Fetching)]
        assert {one.what for one in told} == {"model"}
        assert told[-1].progress.total_bytes == sum(map(len, files.values()))
        assert isinstance(answers[-1], DataOpened)
