"""What the help screen says."""

from __future__ import annotations

import pytest

from tui.commands import ACTIONS, groups
from tui.state.help import help_groups, key_words


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("", ""),
        ("enter", "Enter"),
        ("ctrl+j,alt+enter", "Ctrl+J, Alt+Enter"),
        ("alt+left", "Alt+←"),
        ("f5", "F5"),
        ("e", "e"),
        ("delete,d", "Delete, d"),
        ("pageup", "PgUp"),
        ("ctrl+shift+a", "Ctrl+Shift+A"),
        ("question_mark", "?"),
    ],
)
def test_keys_are_written_as_on_the_keyboard(keys: str, words: str) -> None:
    assert key_words(keys) == words


def test_every_action_has_a_line_and_own_keys_replace_the_tables() -> None:
    described = help_groups(groups(), {"quit": "ctrl+x"})
    lines = [line for group in described.values() for line in group]
    assert len(lines) == len(ACTIONS)
    assert next(line.keys for line in lines if line.title == "Quit") == "Ctrl+X"
    assert all(line.help.endswith(".") for line in lines)


def test_all_words_have_to_be_there_and_empty_groups_go() -> None:
    described = help_groups(groups(), {}, "/RENAME title")
    assert list(described) == ["Conversations"]
    assert [line.slash for line in described["Conversations"]] == ["/rename [TITLE]"]
    assert help_groups(groups(), {}, "there is no such thing") == {}


def test_the_keys_of_the_screen_that_one_looks_at_go_first() -> None:
    assert next(iter(groups())) == "Chat"
    assert next(iter(groups(first="lab"))) == "In the lab"
    assert [*groups(first="lab")][1:] == [name for name in groups() if name != "In the lab"]
