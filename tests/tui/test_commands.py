"""The one table of actions."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from textual.events import Key

from tui.commands import ACTIONS, BY_SLASH, Scope, bindings, complete_slash, groups, keymap, parse_slash
from tui.keyboard import KeyParser


def test_ids_and_slash_words_are_unique() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    assert len(BY_SLASH) == sum(bool(action.slash) for action in ACTIONS)


SAME_ELSEWHERE = {"conversations": ("rename_chat",)}
"""What a key does in general, where it does the same to what is under the cursor there."""


@pytest.mark.parametrize("scope", ["composer", "transcript", "conversations"])
def test_no_key_does_two_things_at_once(scope: Scope) -> None:
    shared = ("app", "chat")
    keys = [
        key
        for action in ACTIONS
        if action.scope in {scope, *shared} and action.id not in SAME_ELSEWHERE.get(scope, ())
        for key in action.keys.split(",")
        if key
    ]
    assert [key for key, count in Counter(keys).items() if count > 1] == []


ALT_LETTERS = [key for action in ACTIONS for key in action.keys.split(",") if re.fullmatch("alt.[a-z]", key)]


@pytest.mark.parametrize("key", ALT_LETTERS)
def test_a_terminal_that_was_asked_for_nothing_sends_it_too(key: str) -> None:
    (event,) = KeyParser().feed(f"\x1b{key[-1]}")
    assert isinstance(event, Key)
    assert event.key == key


def test_every_action_can_be_reached_and_explained() -> None:
    for action in ACTIONS:
        assert action.title
        assert action.help.endswith(".")
        assert action.keys or action.slash or action.scope in {"app", "chat"}


def test_every_action_is_in_a_group_of_the_help() -> None:
    assert sum(len(actions) for actions in groups().values()) == len(ACTIONS)


def test_bindings_carry_the_ids_that_the_keymap_names() -> None:
    assert {binding.id for binding in bindings("chat")} <= {action.id for action in ACTIONS}
    good, faults = keymap({"send": "ctrl+enter", "fly": "f"})
    assert good == {"send": "ctrl+enter"}
    assert faults == ("[keys] fly: there is no such action",)


def test_two_actions_on_one_key_are_told() -> None:
    assert keymap({"regenerate": "ctrl+o"})[1] == ("[keys] regenerate: ctrl+o is the key of pick_model too",)
    assert keymap({"regenerate": "ctrl+o", "pick_model": "ctrl+r"})[1] == ()
    assert keymap({"regenerate": "f9,ctrl+y", "edit_turn": "ctrl+y"})[1] != ()
    assert keymap({"send": "ctrl+enter", "newline": "enter"})[1] == ()
    assert keymap({})[1] == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/template story", ("pick_template", "story")),
        ("/template", ("pick_template", "")),
        ("/help ", ("show_help", "")),
        ("/again please", None),
        ("/usr/bin is a folder", None),
        ("/model gpt2\nand more", None),
        ("hello", None),
        ("/", None),
    ],
)
def test_slash_commands_are_told_from_messages(text: str, expected: tuple[str, str] | None) -> None:
    command = parse_slash(text)
    assert (command and (command.action.id, command.argument)) == expected


def test_half_a_slash_command_is_completed() -> None:
    assert "pick_template" in {action.id for action in complete_slash("/te")}
    assert complete_slash("/template x") == ()
    assert len(complete_slash("/")) == len(BY_SLASH)
