"""What is shown and where the cursor is, and what works everywhere."""

from __future__ import annotations

from tui.commands.action import Action

SCREEN: tuple[Action, ...] = (
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
        id="focus_conversations",
        title="Go to the conversations",
        help="Put the cursor into the list on the left; letters that are typed there go to the composer.",
        keys="alt+g",
        group="Conversations",
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
