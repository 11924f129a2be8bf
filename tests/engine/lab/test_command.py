"""`tunesmith lab` against the scripted host."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.display import visible
from engine.paths import Paths
from tests.engine.cli.conftest import Command, command  # noqa: F401 - a fixture
from tests.fakes.host import fake_host
from tests.integration.hostile import PAYLOAD

_CODE = """
import json, sys
import engine.client
engine.client.HOST_ARGV = json.loads(sys.argv.pop(1))
from engine.cli.app import main_without_screen
sys.exit(main_without_screen())
"""
DEADLINE_S = 30.0
Spec = Callable[..., str]


@pytest.fixture
def spec(tmp_path: Path, model: str) -> Spec:
    """Write a spec file of these inputs."""

    def write(*inputs: str, extra: str = "") -> str:
        file = tmp_path / "films.toml"
        typed = "".join(f"[[inputs]]\ninput = {json.dumps(text)}\nlabel = 1\n" for text in inputs)
        file.write_text(
            f'model = {json.dumps(model)}\nscores = ["accuracy", "exact"]\n{extra}{typed}'
            '[labels]\n0 = "bad"\n1 = "good"\n'
            '[[variations]]\ntemplate = "plain"\n[[variations]]\ntemplate = "sentiment"\n'
        )
        return str(file)

    return write


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(**options: object) -> None:
        monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(**options))

    return use


def test_a_table_is_printed_and_known_the_next_time(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
) -> None:
    host(reply="good")
    file = spec("a good film", "a bad film")
    first = command("lab", "run", file)
    assert first.code == 0
    assert "Label accuracy  50.0 % (9.5 % to 90.5 %)" in first.out
    assert "Exact match     100 %" in first.out
    assert '"Plain" and "Sentiment" do equally well' in first.out
    assert "8 answers to find" in first.err
    host(die_on_load=True)
    second = command("lab", "run", file)
    assert second.code == 0
    assert second.out == first.out
    assert "8 known already" in second.err
    assert command("lab", "show", "films").out == first.out


def test_json_has_each_cell_once_and_then_the_summary(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
) -> None:
    host(reply="good")
    result = command("lab", "run", spec("a good film", "a bad film"), "--json")
    *cells, last = result.json_lines
    assert {(cell["row"], cell["variation"]) for cell in cells} == {
        (row, name) for row in (0, 1) for name in ("Plain", "Sentiment")
    }
    assert all(cell["type"] == "cell" and cell["reply"] == "good" for cell in cells)
    assert (last["type"], last["done"], last["failed"], last["total"]) == ("summary", 8, 0, 8)
    assert last["metrics"][0]["figures"][0]["value"] == 0.5
    assert last["winner"] == "Plain"


def test_rows_are_limited(command: Command, spec: Spec, host: Callable[..., None]) -> None:  # noqa: F811
    host()
    assert command("lab", "run", spec("one", "two", "three"), "--rows", "1", "--json").json_lines[-1]["total"] == 4


def test_a_table_is_exported_and_nothing_overwritten(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
    tmp_path: Path,
) -> None:
    host()
    file, target = spec("one"), tmp_path / "table.md"
    assert command("lab", "run", file, "--export", str(target)).code == 0
    assert target.read_text().startswith("# films")
    refused = command("lab", "run", file, "--export", str(target))
    assert refused.code == 4
    assert "--force" in refused.err
    assert command("lab", "show", "films", "--export", str(target), "--force").code == 0
    assert command("lab", "run", file, "--export", str(tmp_path / "table.xls")).code == 2


def test_faults_of_the_spec_end_with_2_and_their_lines(command: Command, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "bad.toml"
    file.write_text('scores = "bleu"\n[[variations]]\ntemplate = "plain"\n')
    result = command("lab", "run", str(file))
    assert result.code == 2
    assert "line 1" in result.err
    assert "bleu" in result.err
    assert "Traceback" not in result.err
    assert command("lab", "run", str(tmp_path / "none.toml")).code == 2


def test_a_table_of_which_nothing_could_be_had_ends_with_1(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
) -> None:
    host(fail_load="load-failed")
    result = command("lab", "run", spec("one"))
    assert result.code == 1
    assert "could not be loaded" in result.err


def test_labs_are_listed_and_deleted(command: Command, spec: Spec, host: Callable[..., None]) -> None:  # noqa: F811
    assert "no labs yet" in command("lab", "list").err
    host()
    command("lab", "run", spec("one"))
    [entry] = command("lab", "list", "--json").json_lines
    assert (entry["name"], entry["rows"], entry["variations"]) == ("films", 1, 2)
    assert command("lab", "delete", "films").code == 4
    assert command("lab", "delete", "films", "--yes").code == 0
    assert command("lab", "show", "films").code == 3
    assert command("lab", "delete", "films").code == 3


def test_hostile_text_is_shown_as_pictures_in_narration_and_files(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
    tmp_path: Path,
) -> None:
    host(reply="x" + PAYLOAD.replace("\0", ""))
    name = json.dumps("lab \x1b]52;c;x\x07 \u202e \x9b31m")
    result = command("lab", "run", spec("a film", extra=f"name = {name}\n"), "--export", str(tmp_path / "t.csv"))
    assert result.code == 0
    assert not set("\x1b\x07\x9b\u202e") & set(result.err)
    assert "\x1b" not in (tmp_path / "t.csv").read_text()


def test_nothing_hostile_reaches_a_terminal(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("output", "lab", "lab_words"):
        monkeypatch.setattr(f"engine.cli.{module}.is_terminal", lambda stream: True)
    host(reply="x" + PAYLOAD.replace("\0", ""))
    file = spec("a film \x1b]52;c;x\x07 \u202e", extra='name = "lab \\u001b]0;x\\u0007"\n')
    for result in (command("lab", "run", file), command("lab", "show", "lab \x1b]0;x\x07"), command("lab", "list")):
        assert result.code == 0
        assert visible(result.out) == result.out
        # The line of progress is drawn over itself.
        shown = result.err.replace("\r", "")
        assert visible(shown) == shown


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
) -> None:
    file = spec(*(f"film {number}" for number in range(6)))
    argv = [sys.executable, "-c", _CODE, json.dumps(fake_host(reply="a b c d", token_delay_s=0.02))]
    with subprocess.Popen(
        [*argv, "lab", "run", file, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert json.loads(process.stdout.readline())["type"] == "cell"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert b"The same command goes on" in err
    assert b"Traceback" not in err
    host(reply="a b c d")
    again = command("lab", "run", file)
    assert again.code == 0
    found = int(again.err.split("24 answers to find, ")[1].split(" known")[0])
    assert 4 <= found < 24


def test_the_precision_that_is_really_computed_in_is_told(
    command: Command,  # noqa: F811
    spec: Spec,
    host: Callable[..., None],
    paths: Paths,
) -> None:
    paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text('dtype = "int8"\n')
    host(reply="good")
    assert "in float32 (batches know no int8) on cpu" in command("lab", "run", spec("a good film")).err
