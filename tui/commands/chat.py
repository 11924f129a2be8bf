"""What can be asked for while one talks: of the composer, and of the reply."""

from __future__ import annotations

from tui.commands.action import Action

CHAT: tuple[Action, ...] = (
    Action(
        id="send",
        title="Send the message",
        help="Send what is in the composer to the model; an empty composer sends nothing.",
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
        help="Walk to the version made before: of the selected turn, or of the last that has several.",
        keys="alt+left",
    ),
    Action(
        id="newer_version",
        title="Show the version after",
        help="Walk to the version made after: of the selected turn, or of the last that has several.",
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
)
