"""The one table of actions: key bindings, the palette, the help screen and slash commands all come from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from textual.binding import Binding

Scope = Literal["app", "chat", "composer", "transcript", "conversations"]
"""Where an action's keys work: everywhere, or only while that part has the focus."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person can ask the program to do."""

    id: str
    """Names the method `action_<id>` and the entry in config.toml's [keys]."""
    title: str
    """For the palette and the help screen."""
    help: str
    """One sentence for who does not know it yet."""
    keys: str = ""
    """Comma-separated; empty: only by palette, slash command or mouse."""
    scope: Scope = "chat"
    group: str = "Chat"
    slash: str = ""
    """The word after the slash in the composer; empty where there is none."""
    argument: str = ""
    """What may follow the slash command, as shown in help; empty where nothing may."""
    footer: str = ""
    """The short label in the footer; empty keeps the action out of it."""


ACTIONS: tuple[Action, ...] = (
    Action(
        id="send",
        title="Send the message",
        help="Send what is in the composer to the model.",
        keys="enter",
        scope="composer",
        footer="Send",
    ),
    Action(
        id="newline",
        title="Start a new line",
        help="Make a line in the composer without sending.",
        keys="ctrl+j,alt+enter,shift+enter",
        scope="composer",
    ),
    Action(
        id="stop",
        title="Stop the reply",
        help="Stop the reply that is coming and keep what is there; also leaves editing.",
        keys="escape",
        slash="stop",
    ),
    Action(
        id="regenerate",
        title="Regenerate the reply",
        help="Answer the same message again, as a new version beside the old one.",
        keys="ctrl+r",
        slash="again",
        footer="Again",
    ),
    Action(
        id="continue_reply",
        title="Continue the reply",
        help="Let the model go on from the end of its last reply, as a new version.",
        keys="ctrl+g",
        slash="continue",
    ),
    Action(
        id="edit_turn",
        title="Edit a turn",
        help="Change the selected turn, or your last message; the old version stays beside it.",
        keys="alt+e",
        slash="edit",
    ),
    Action(
        id="older_version",
        title="Show the version before",
        help="Walk to the version of the selected or last reply that was made before.",
        keys="alt+left",
    ),
    Action(
        id="newer_version",
        title="Show the version after",
        help="Walk to the version of the selected or last reply that was made after.",
        keys="alt+right",
    ),
    Action(
        id="copy_turn",
        title="Copy the reply",
        help="Copy the selected turn, or the last reply, to the clipboard.",
        keys="alt+c",
        slash="copy",
    ),
    Action(
        id="toggle_markdown",
        title="Show replies as Markdown or raw",
        help="Switch between the model's very text and rendered Markdown.",
        keys="f5",
        slash="markdown",
    ),
    Action(
        id="turn_edit",
        title="Edit this turn",
        help="Change the turn under the cursor as a new version.",
        keys="e",
        scope="transcript",
        group="Transcript",
        footer="Edit",
    ),
    Action(
        id="turn_regenerate",
        title="Regenerate this reply",
        help="Make a new version of the reply under the cursor.",
        keys="r",
        scope="transcript",
        group="Transcript",
        footer="Again",
    ),
    Action(
        id="turn_continue",
        title="Continue this reply",
        help="Let the model go on from the end of the reply under the cursor.",
        keys="g",
        scope="transcript",
        group="Transcript",
        footer="Go on",
    ),
    Action(
        id="turn_copy",
        title="Copy this turn",
        help="Copy the text of the turn under the cursor.",
        keys="c,y",
        scope="transcript",
        group="Transcript",
        footer="Copy",
    ),
    Action(
        id="turn_older_version",
        title="Version before",
        help="Show the version of this turn that was made before.",
        keys="left",
        scope="transcript",
        group="Transcript",
        footer="Before",
    ),
    Action(
        id="turn_newer_version",
        title="Version after",
        help="Show the version of this turn that was made after.",
        keys="right",
        scope="transcript",
        group="Transcript",
        footer="After",
    ),
    Action(
        id="turn_previous",
        title="Turn above",
        help="Move the cursor to the turn above.",
        keys="up,k",
        scope="transcript",
        group="Transcript",
    ),
    Action(
        id="turn_next",
        title="Turn below",
        help="Move the cursor to the turn below.",
        keys="down,j",
        scope="transcript",
        group="Transcript",
    ),
    Action(
        id="turn_first",
        title="First turn",
        help="Go to the beginning of the conversation.",
        keys="home",
        scope="transcript",
        group="Transcript",
    ),
    Action(
        id="turn_last",
        title="Last turn",
        help="Go to the end of the conversation and follow it again.",
        keys="end",
        scope="transcript",
        group="Transcript",
    ),
    Action(
        id="pick_model",
        title="Pick a model",
        help="Choose the model to talk to: one that is here, a folder, a .gguf file, or a download.",
        keys="ctrl+o",
        group="Model and prompt",
        slash="model",
        argument="[REF]",
        footer="Model",
    ),
    Action(
        id="cancel_load",
        title="Cancel loading the model",
        help="Stop a download or a load; what was downloaded is kept for the next time.",
        keys="",
        group="Model and prompt",
        slash="cancel",
    ),
    Action(
        id="pick_template",
        title="Pick a prompt template",
        help="Choose how your words become the text that the model sees, with a live preview.",
        keys="ctrl+t",
        group="Model and prompt",
        slash="template",
        argument="[NAME]",
        footer="Template",
    ),
    Action(
        id="edit_sampling",
        title="Set the sampling",
        help="Temperature, top-k, top-p, length, seed and the like.",
        keys="ctrl+s",
        group="Model and prompt",
        slash="sampling",
    ),
    Action(
        id="new_chat",
        title="Start a new conversation",
        help="Begin afresh; the conversation before stays in the list.",
        keys="ctrl+n",
        group="Conversations",
        slash="new",
        footer="New",
    ),
    Action(
        id="find_chat",
        title="Find in conversations",
        help="Search all that was ever said and open where it was said.",
        keys="ctrl+f",
        group="Conversations",
        slash="find",
    ),
    Action(
        id="rename_chat",
        title="Rename this conversation",
        help="Give the conversation another title.",
        keys="f2",
        group="Conversations",
        slash="rename",
        argument="[TITLE]",
    ),
    Action(
        id="export_chat",
        title="Export this conversation",
        help="Write it to a Markdown or JSON file.",
        keys="f4",
        group="Conversations",
        slash="export",
        argument="[FILE]",
    ),
    Action(
        id="delete_chat",
        title="Delete this conversation",
        help="Take it out of the list; it can be undone.",
        keys="",
        group="Conversations",
        slash="delete",
    ),
    Action(
        id="undo_delete",
        title="Undo the last deletion",
        help="Bring back the conversation that was deleted last.",
        keys="",
        group="Conversations",
        slash="undo",
    ),
    Action(
        id="list_open",
        title="Open the conversation",
        help="Open the conversation under the cursor.",
        keys="enter",
        scope="conversations",
        group="Conversations",
        footer="Open",
    ),
    Action(
        id="list_delete",
        title="Delete the conversation under the cursor",
        help="Take it out of the list; it can be undone.",
        keys="delete,d",
        scope="conversations",
        group="Conversations",
        footer="Delete",
    ),
    Action(
        id="list_undo",
        title="Undo the last deletion",
        help="Bring back the conversation that was deleted last.",
        keys="u",
        scope="conversations",
        group="Conversations",
        footer="Undo",
    ),
    Action(
        id="list_rename",
        title="Rename the conversation under the cursor",
        help="Give it another title.",
        keys="r",
        scope="conversations",
        group="Conversations",
        footer="Rename",
    ),
    Action(
        id="toggle_sidebar",
        title="Show or fold the conversations",
        help="The list of conversations on the left.",
        keys="ctrl+b",
        group="Screen",
        slash="chats",
    ),
    Action(
        id="toggle_dock",
        title="Show or fold the training dock",
        help="The panel on the right.",
        keys="ctrl+l",
        group="Screen",
        slash="dock",
    ),
    Action(
        id="focus_composer",
        title="Go to the composer",
        help="Put the cursor where you type.",
        keys="",
        group="Screen",
    ),
    Action(
        id="toggle_theme",
        scope="app",
        title="Switch between light and dark",
        help="Change the colours; remembered.",
        keys="f6",
        group="Screen",
        slash="theme",
    ),
    Action(
        id="show_log",
        scope="app",
        title="Show the log",
        help="What the model's process wrote, for when something goes wrong.",
        keys="f12",
        group="Screen",
        slash="log",
    ),
    Action(
        id="open_palette",
        scope="app",
        title="Command palette",
        help="Everything the program can do, by name.",
        keys="ctrl+p",
        group="Screen",
        footer="Commands",
    ),
    Action(
        id="show_help",
        scope="app",
        title="Help",
        help="All keys and commands on one screen.",
        keys="f1",
        group="Screen",
        slash="help",
        footer="Help",
    ),
    Action(
        id="quit",
        scope="app",
        title="Quit",
        help="Leave; everything is already saved.",
        keys="ctrl+q",
        group="Screen",
        slash="quit",
    ),
)

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}
BY_SLASH: Mapping[str, Action] = {action.slash: action for action in ACTIONS if action.slash}


def bindings(scope: Scope) -> list[Binding]:
    """The bindings of one scope, in the table's order. Those of the app win over the focused widget's own."""
    return [
        Binding(
            action.keys,
            action.id,
            action.footer or action.title,
            show=bool(action.footer),
            priority=scope in {"app", "chat"} and action.id != "stop",
            id=action.id,
            tooltip=action.help,
        )
        for action in ACTIONS
        if action.scope == scope and action.keys
    ]


def keymap(overrides: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Check the user's [keys].

    Returns:
        What can be given to `App.set_keymap`, and one sentence for each entry that can't be used.
    """
    good = {name: keys for name, keys in overrides.items() if name in BY_ID}
    faults = tuple(f"[keys] {name}: there is no such action" for name in overrides if name not in BY_ID)
    return good, faults


def keys_of(scope: Scope, overrides: Mapping[str, str]) -> dict[str, str]:
    """Which action each key of a scope means, the user's own [keys] considered."""
    return {
        key.strip(): action.id
        for action in ACTIONS
        if action.scope == scope
        for key in overrides.get(action.id, action.keys).split(",")
        if key.strip()
    }


class SlashCommand(msgspec.Struct, frozen=True):
    """A slash command that was typed."""

    action: Action
    argument: str


def parse_slash(text: str) -> SlashCommand | None:
    """Read a line such as `/template story`; None where it is an ordinary message.

    Only one line counts, and only a known word; an argument counts only where the action takes one, so that a
    message that happens to begin with a slash is sent as it is.
    """
    if not text.startswith("/") or "\n" in text.strip():
        return None
    word, _, rest = text[1:].strip().partition(" ")
    action = BY_SLASH.get(word)
    if action is None or (rest and not action.argument):
        return None
    return SlashCommand(action, rest.strip())


def complete_slash(text: str) -> tuple[Action, ...]:
    """The actions that a half-typed slash command could become."""
    if not text.startswith("/") or " " in text or "\n" in text:
        return ()
    return tuple(action for word, action in BY_SLASH.items() if word.startswith(text[1:]))


def groups(actions: Iterable[Action] = ACTIONS) -> dict[str, list[Action]]:
    """The actions by group, in the table's order."""
    grouped: dict[str, list[Action]] = {}
    for action in actions:
        grouped.setdefault(action.group, []).append(action)
    return grouped
