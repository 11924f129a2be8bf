"""How tests are shared out among processes."""

from __future__ import annotations

import ast

import pytest

from tests.contracts.repository import ROOT
from tests.shares import LONGEST, PART, TOGETHER, Division, place


@pytest.mark.parametrize("name", LONGEST)
def test_the_longest_tests_are_there(name: str) -> None:
    file, _, test = name.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("file", TOGETHER)
def test_files_that_stay_together_are_there(file: str) -> None:
    assert (ROOT / file).is_file()


ORDINARY = [f"tests/engine/test_wire.py::test_{number}" for number in range(2 * PART)]
GATHERED = [f"{TOGETHER[0]}::test_{number}" for number in range(2 * PART)]
ALONE = [f"{name}[{variant}]" for name in LONGEST for variant in ("a", "b")]


def test_the_longest_come_first_and_the_others_as_they_were() -> None:
    assert sorted([*ORDINARY, *GATHERED, *ALONE], key=place) == [*ALONE, *ORDINARY, *GATHERED]


@pytest.mark.parametrize(
    ("tests", "sizes"),
    [(ORDINARY, [PART, PART]), (GATHERED, [2 * PART]), (ALONE, [1] * len(ALONE))],
    ids=["in parts", "whole", "alone"],
)
def test_tests_are_shared_out(tests: list[str], sizes: list[int]) -> None:
    division = Division()
    shares = [division.share_of(test) for test in tests]
    assert [shares.count(share) for share in dict.fromkeys(shares)] == sizes
    assert [division.share_of(test) for test in tests] == shares
