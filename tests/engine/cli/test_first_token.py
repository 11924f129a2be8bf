"""`tunesmith doctor` tells where the time to the first token goes."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.checks import Check
from engine.cli.checks.first_token import GROUP, check_first_token
from engine.client import HOST_ARGV as REAL
from engine.paths import Paths
from tests.engine.cli.conftest import Command
from tests.fakes.host import fake_host
from tests.fakes.models import write_files


@pytest.fixture
def guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the home of the measured host is made in; it is empty again afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert not list(tmp_path.iterdir())


@pytest.fixture(autouse=True)
def argv(monkeypatch: pytest.MonkeyPatch) -> None:
    use_host(monkeypatch)


def use_host(monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(**options))


def look(paths: Paths, *, tick_s: float = 1.0, within_s: float = 60.0) -> dict[str, Check]:
    """Look, on a clock that goes on by so much whenever somebody reads it."""
    ticks = itertools.count()
    checks = check_first_token(paths, os.environ, within_s=within_s, clock=lambda: next(ticks) * tick_s)
    return {check.name: check for check in checks}


def test_each_part_has_its_time_and_together_they_are_the_whole(paths: Paths, guests: Path) -> None:
    found = look(paths, tick_s=0.5)
    assert {name: check.seconds for name, check in found.items() if name != "after that"} == {
        "host starts": 0.5,  # the first line that a host writes
        "torch imported": 1.0,  # finding, reading
        "starter read": 1.0,  # reading goes on, placing
        "starter placed": 0.5,  # ready
        "first token": 1.0,  # the reply has started, its first token
        "in all": 4.5,
    }
    assert found["in all"].state == "ok"
    assert found["in all"].found == "4.50 s from starting a model host to its first token"
    assert found["host starts"].found == "500 ms"
    assert found["after that"].tokens_per_s == 2.0
    assert {check.group for check in found.values()} == {GROUP}
    assert not paths.data.parent.exists()


def test_a_reply_of_one_token_has_no_speed_after_it(
    paths: Paths, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_host(monkeypatch, tokens=1)
    assert list(look(paths))[-1] == "in all"


def test_a_wait_that_nobody_would_like_is_a_warning(paths: Paths, guests: Path) -> None:
    check = look(paths, tick_s=5.0)["in all"]
    assert (check.state, check.seconds) == ("warning", 45.0)
    assert check.found.endswith("slow")
    assert "try again later" in check.hint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"die_on_load": True, "exit_code": 1}, "ended by itself with exit code 1"),
        ({"fail_load": "load-failed"}, "starter could not be loaded"),
        ({"die_after": 0, "exit_code": 1}, "ended by itself with exit code 1"),
    ],
)
def test_a_host_that_fails_is_broken_and_nothing_more(
    paths: Paths, guests: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], words: str
) -> None:
    use_host(monkeypatch, **options)
    (check,) = look(paths).values()
    assert check.state == "broken"
    assert words in check.found
    assert check.hint


def test_a_host_that_does_not_answer_is_not_waited_for(
    paths: Paths, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_host(monkeypatch, load_delay_s=600)
    (check,) = look(paths, within_s=0.3).values()
    assert check.state == "warning"
    assert "did not say a word" in check.found


def test_settings_with_a_fault_in_them_do_not_keep_it_from_being_measured(paths: Paths, guests: Path) -> None:
    write_files(paths.config, {"config.toml": b"threads = -3\n"})
    assert look(paths)["in all"].state == "ok"


def test_it_is_among_the_other_checks_with_figures_in_json(
    command: Command, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cli.checks.check_computing", lambda *_: ())  # it imports torch
    report = command("doctor", "--json").json
    found = {check["name"]: check for check in report["checks"] if check["group"] == GROUP}
    parts = [check["seconds"] for name, check in found.items() if name not in ("in all", "after that")]
    assert len(parts) == 5
    assert 0 < sum(parts) <= found["in all"]["seconds"] + 0.001
    assert found["after that"]["tokens_per_s"] > 0
    assert "seconds" not in found["after that"]


@pytest.mark.torch
@pytest.mark.slow
def test_a_real_host_opens_the_starter_with_the_tokenizer_that_is_kept(
    paths: Paths, guests: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.client.HOST_ARGV", REAL)
    assert command("generate", "--model", "starter", "--prompt", "Hi", "--max-new-tokens", "1").code == 0
    kept = [(file, file.read_bytes()) for file in paths.tokenizers.iterdir()]
    found = {check.name: check for check in check_first_token(paths, os.environ)}
    assert found["starter read"].state == "note"
    assert "transformers" not in found["starter read"].found
    assert found["in all"].found.endswith("from starting a model host to its first token")
    assert "after that" in found
    assert [(file, file.read_bytes()) for file in paths.tokenizers.iterdir()] == kept
