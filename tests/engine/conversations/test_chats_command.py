"""`tunesmith chats`, as scripts and people use it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cli.app import main
from engine.conversations import Figures, Store
from tests.terminal import HOSTILE, Terminal, forbidden_bytes

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `tunesmith chats` with arguments; give the exit code, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(("chats", *arguments), lambda *_: 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def talked(store: Store) -> int:
    made = store.create(model="gpt2", template="chat")
    question = store.add_turn(made.id, None, "user", "Where do dragons live?")
    reply = store.add_turn(made.id, question.id, "assistant", model="gpt2")
    store.update_turn(reply.id, text="In caves.", figures=Figures(tokens=3, reason="stop"))
    store.create(title="Something else")
    return made.id


def _lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_empty_list_says_so_and_prints_nothing(run: Run) -> None:
    assert run("list") == (0, "", "There are no conversations yet.\n")
    assert run("list", "--json") == (0, "", "")


def test_list_shows_a_line_for_each(run: Run, talked: int) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    header, first, second = out.splitlines()
    assert header.split() == ["ID", "CHANGED", "TURNS", "MODEL", "TITLE"]
    assert "Something else" in first
    assert second.split()[0] == str(talked)
    assert second.endswith("gpt2   Where do dragons live?")


def test_list_filters_and_counts(run: Run, talked: int) -> None:
    _, out, _ = run("list", "--query", "cave", "--json")
    (found,) = _lines(out)
    assert (found["id"], found["turns"], found["model"]) == (talked, 2, "gpt2")
    assert len(_lines(run("list", "--limit", "1", "--json")[1])) == 1
    assert run("list", "--query", "unicorn")[1] == ""


def test_show_prints_the_conversation(run: Run, talked: int) -> None:
    code, out, _ = run("show", str(talked))
    assert code == 0
    assert out.startswith("# Where do dragons live?\n")
    assert "## Reply\n\nIn caves.\n" in out
    shown = json.loads(run("show", str(talked), "--json")[1])
    assert shown["conversation"]["id"] == talked
    assert [turn["text"] for turn in shown["turns"]] == ["Where do dragons live?", "In caves."]


def test_search_prints_what_it_found(run: Run, talked: int) -> None:
    code, out, _ = run("search", "caves")
    assert code == 0
    assert out.splitlines()[1].split()[0] == str(talked)
    assert out.splitlines()[1].endswith("assistant  In caves.")
    (hit,) = _lines(run("search", "CAVE", "--json")[1])
    assert (hit["conversation_id"], hit["role"], hit["snippet"]) == (talked, "assistant", "In caves.")
    assert run("search", "unicorn") == (0, "", "Nothing has 'unicorn'.\n")


def test_export_prints_or_writes(run: Run, talked: int, tmp_path: Path) -> None:
    file = tmp_path / "chat.json"
    printed = run("export", str(talked), "--format", "json")[1]
    assert json.loads(printed)["format"] == "tunesmith-conversation"
    assert run("export", str(talked), "--json")[1] == printed
    assert run("export", str(talked))[1] == run("show", str(talked))[1]
    code, out, err = run("export", str(talked), "--format", "json", "--output", str(file))
    assert (code, out, err) == (0, "", f"Written to {file}.\n")
    assert file.read_text(encoding="utf-8") == printed
    assert [left.name for left in tmp_path.iterdir()] == ["chat.json"]


def test_export_does_not_write_over_a_file_unasked(run: Run, talked: int, tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("mine")
    code, _, err = run("export", str(talked), "--output", str(file))
    assert (code, file.read_text()) == (4, "mine")
    assert "--force" in err
    code, out, _ = run("export", str(talked), "--output", str(file), "--force", "--json")
    assert (code, json.loads(out)) == (0, {"id": talked, "format": "markdown", "file": str(file)})
    assert file.read_text().startswith("# Where")


def test_export_tells_where_it_could_not_write(run: Run, talked: int, tmp_path: Path) -> None:
    code, _, err = run("export", str(talked), "--output", str(tmp_path / "missing" / "chat.md"))
    assert code == 1
    assert "could not be written" in err


def test_a_deleted_conversation_can_be_restored(run: Run, talked: int) -> None:
    code, out, err = run("delete", str(talked))
    assert (code, out) == (0, "")
    assert f"For 30 days this brings it back: tunesmith chats restore {talked}" in err
    assert run("list", "--deleted")[1].splitlines()[1].split()[0] == str(talked)
    assert str(talked) not in [line.split()[0] for line in run("list")[1].splitlines()]
    code, _, err = run("show", str(talked))
    assert code == 3
    assert "was deleted" in err
    assert run("restore", str(talked))[0] == 0
    assert run("list", "--deleted") == (0, "", "No conversation was deleted.\n")
    assert run("show", str(talked))[0] == 0
    assert json.loads(run("delete", str(talked), "--yes", "--json")[1]) == {"id": talked, "deleted": True}
    assert json.loads(run("restore", str(talked), "--json")[1]) == {"id": talked, "deleted": False}


@pytest.mark.parametrize("command", ["show", "export", "delete", "restore"])
def test_what_is_not_there_ends_with_3(run: Run, command: str) -> None:
    for number in ("77", "99999999999999999999999"):
        code, out, err = run(command, number, "--json")
        assert code == 3
        assert json.loads(out)["error"]["code"] == "conversation-not-found"
        assert "chats list" in err


@pytest.mark.parametrize(
    "arguments", [("show", "x"), ("show",), ("export", "1", "--format", "xml"), ("list", "--limit", "0"), ("search",)]
)
def test_nonsense_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_damage_is_told_and_the_command_goes_on(run: Run, file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database" * 500)
    code, out, err = run("list", "--json")
    assert (code, out) == (0, "")
    assert ".damaged-" in err


@pytest.mark.terminal
def test_no_control_of_a_conversation_reaches_a_terminal(store: Store) -> None:
    made = store.create(model=HOSTILE[0])
    store.add_turn(made.id, None, "user", "findme " + "\n".join(HOSTILE))
    store.rename(made.id, "findme " + "".join(HOSTILE))
    store.close()
    for arguments in (
        ["list"],
        ["show", "1"],
        ["search", "findme"],
        ["export", "1"],
        ["export", "1", "--json"],
        ["delete", "1"],
    ):
        with Terminal([sys.executable, "-P", "-m", "engine.cli", "chats", *arguments], columns=200) as terminal:
            assert terminal.wait_for_exit() == 0
            assert b"findme" in terminal.raw
            assert forbidden_bytes(terminal.raw) == []
