"""Which process runs which tests, so that all have work to the end: the longest begin first, files go in parts."""

from __future__ import annotations

from collections import Counter

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

LONGEST = (
    "tests/integration/test_training.py::test_teach_watch_chat_leave_and_come_back",
    "tests/engine/cli/test_self_test.py::test_this_machine_is_sound_and_nothing_stays",
    "tests/contracts/test_commands_in_docs.py::test_what_a_page_runs_with_a_model_does_run",
    "tests/integration/test_tour.py::test_the_tour_of_the_command_line_comes_to_its_end_and_keeps_what_it_is_told_to",
    "tests/integration/test_tour.py::test_the_tour_of_the_program_is_taken_from_its_card_and_leaves_nothing",
    "tests/integration/test_lab.py::test_compare_two_templates_use_the_winner_and_chat",
)
"""Tests that take ten seconds or more, mostly waiting for other processes; each is a share of its own."""
TOGETHER = (
    "tests/contracts/test_packaging.py",
    "tests/engine/host/test_batches.py",
    "tests/engine/host/test_host.py",
    "tests/engine/lab/test_real_host.py",
)
"""Files whose tests have something in common that is costly to make: a host with a model in it, a wheel."""
PART = 12
"""How many tests of any other file make a share."""


def place(nodeid: str) -> int:
    """Where a test stands among the longest; behind them if it is none."""
    name = nodeid.partition("[")[0]
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


class Division:
    """Divides tests into shares."""

    def __init__(self) -> None:
        self._shares: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def share_of(self, nodeid: str) -> str:
        """The name of a test's share, the same each time."""
        if nodeid not in self._shares:
            self._shares[nodeid] = self._next_share(nodeid)
        return self._shares[nodeid]

    def _next_share(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if place(nodeid) < len(LONGEST):
            return nodeid
        if file in TOGETHER:
            return file
        self._counts[file] += 1
        return f"{file} {(self._counts[file] - 1) // PART}"


class Shares(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out shares, in the order in which tests were collected, to whoever is nearly done with the last."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._division = Division()

    def _split_scope(self, nodeid: str) -> str:
        return self._division.share_of(nodeid)
