"""A lab of a few rows, and a way to fill it with the fake host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.client import HostClient
from engine.lab import Lab, Label, LabRunner, LabStore, Row, Variation
from engine.lab.events import AnyLabEvent
from engine.paths import Paths
from engine.protocol import Sampling, Template
from tests.fakes.host import fake_host
from tests.fakes.models import model_files

ROWS = tuple(Row(input=f"The film number {index} is good", label="1", reference="Good.") for index in range(5))
LABELS = (Label(value="0", word="bad"), Label(value="1", word="good"))


def template(name: str, body: str = "{{ message }}") -> Template:
    return Template(id=name.lower(), name=name, kind="completion", body=body)


@pytest.fixture
def model(tmp_path: Path) -> str:
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in model_files().items():
        (folder / name).write_bytes(content)
    return str(folder)


@pytest.fixture
def lab(model: str) -> Lab:
    return Lab(
        name="films",
        rows=ROWS,
        variations=tuple(
            Variation(
                name=name,
                model=model,
                template=template(name, f"{name}: {{{{ message }}}}"),
                sampling=Sampling(max_new_tokens=4),
            )
            for name in ("One", "Two")
        ),
        metrics=("accuracy", "exact", "perplexity"),
        labels=LABELS,
    )


@pytest.fixture
def store(paths: Paths) -> Iterator[LabStore]:
    store = LabStore(paths.labs_file)
    yield store
    store.close()


@pytest.fixture
def make_runner(store: LabStore, paths: Paths) -> Callable[..., LabRunner]:
    """A runner whose host has these options."""

    def make(**options: object) -> LabRunner:
        return LabRunner(store, paths, make_client=lambda: HostClient(argv=fake_host(**options)))

    return make


async def filled(runner: LabRunner, lab: Lab) -> list[AnyLabEvent]:
    return [event async for event in runner.run(lab)]
