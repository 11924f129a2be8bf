"""The page about the lab says what is so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.lab import LabRunner, Table
from engine.lab.records import METRICS
from engine.lab.spec import NORMALISATIONS, parse_spec
from engine.templates import Library
from tests.engine.lab.conftest import filled

PAGE = Path(__file__).parents[3] / "docs" / "lab.md"


@pytest.fixture
def page() -> str:
    return PAGE.read_text("utf-8")


async def test_the_example_runs(page: str, make_runner: Callable[..., LabRunner], tmp_path: Path) -> None:
    match = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert match is not None
    parsed = parse_spec(match.group(1), name="spec", folder=tmp_path, library=Library(tmp_path / "none"))
    assert parsed.problems == ()
    assert parsed.lab is not None
    assert [variation.name for variation in parsed.lab.variations] == ["Sentiment", "Plain question"]
    table = Table(parsed.lab)
    for event in await filled(make_runner(reply="positive"), parsed.lab):
        table.apply(event)
    assert {line.metric for line in table.summary().metrics if line.best is not None} == {"accuracy", "exact"}


def test_the_part_about_a_file_is_good(page: str, tmp_path: Path) -> None:
    match = re.search(r"```\n(\[data\]\n.*?)```", page, re.DOTALL)
    assert match is not None
    (tmp_path / "reviews.jsonl").write_text('{"text": "x", "label": 1, "answer": "y"}\n')
    text = 'model = "m"\n' + match.group(1) + '[[variations]]\ntemplate = "plain"\n'
    parsed = parse_spec(text, name="spec", folder=tmp_path, library=Library(tmp_path / "none"))
    assert parsed.problems == ()


def test_every_score_and_normalisation_is_told(page: str) -> None:
    for word in (*METRICS, *NORMALISATIONS):
        assert f"| `{word}` |" in page
