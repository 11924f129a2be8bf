"""A lab with a real model, through its own model host."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from engine.client import HostClient
from engine.lab import Lab, LabStore, Row, Table
from engine.lab.lab_host import background_host
from engine.lab.runner import LabRunner, stored_table
from engine.paths import Paths
from engine.protocol import (
    Generate,
    GenerationFinished,
    LoadModel,
    ModelUnloaded,
    Prompt,
    Sampling,
    Turn,
    UnloadModel,
)
from tests.engine.inference.conftest import save_tiny
from tests.engine.lab.conftest import filled
from tests.engine.test_client import PLAIN

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny", "gpt2")


async def test_a_table_is_filled_by_a_real_model_and_known_afterwards(
    lab: Lab, folder: Path, store: LabStore, paths: Paths
) -> None:
    greedy = Sampling(temperature=0.0, max_new_tokens=6)
    first = msgspec.structs.replace(lab.variations[0], model=str(folder), sampling=greedy)
    # Tells the columns apart and is never said.
    columns = (first, msgspec.structs.replace(first, name="Two", variables={"unused": "x"}))
    rows = (*lab.rows, Row(input="word " * 300, label="1", reference="Good."))
    lab = msgspec.structs.replace(lab, variations=columns, rows=rows)
    table = Table(lab)
    for event in await filled(LabRunner(store, paths, make_client=HostClient), lab):
        table.apply(event)
    assert (table.progress.done, table.progress.failed) == (30, 6)
    assert table.cell(5, 0).faults["labels"].code == "context-overflow"
    assert stored_table(store, paths, lab).results == table.results
    # Both columns ask with the same words.
    assert all(table.cell(row, 0).text == table.cell(row, 1).text for row in range(5))
    assert all(line.best is not None for line in table.summary().metrics)


@pytest.mark.skipif(sys.platform == "win32", reason="niceness is POSIX")
async def test_the_lab_lets_other_programs_go_first_and_no_trainer_steps_back_for_it(
    folder: Path, paths: Paths
) -> None:
    client = background_host()
    try:
        assert isinstance(await client.ask(UnloadModel(id=client.next_id())), ModelUnloaded)
        assert client.pid is not None
        assert os.getpriority(os.PRIO_PROCESS, client.pid) == 19
        await client.ask(LoadModel(id=client.next_id(), ref=str(folder)))
        prompt = Prompt(template=PLAIN, turns=(Turn(role="user", text="Once"),))
        reply = [event async for event in client.request(Generate(id=client.next_id(), prompt=prompt))]
        assert isinstance(reply[-1], GenerationFinished)
        assert not paths.replying_file.exists()
    finally:
        await client.aclose()
