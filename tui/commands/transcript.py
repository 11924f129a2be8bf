"""What can be done with the turn under the cursor."""

from __future__ import annotations

from tui.commands.action import Action

TRANSCRIPT: tuple[Action, ...] = (
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
)
