"""Teaching a model, and the run that is under way."""

from __future__ import annotations

from tui.commands.action import Action

TRAINING: tuple[Action, ...] = (
    Action(
        id="tune",
        title="Teach a model",
        help="Fine-tune a model on data of your own: pick both, and the rest is set to what usually works.",
        keys="f9",
        group="Training",
        slash="tune",
    ),
    Action(
        id="data",
        title="Look at data",
        help="What is in a data set, row by row and as a whole, and what a model would see of it.",
        keys="f3",
        group="Training",
        slash="data",
    ),
    Action(
        id="training",
        title="Watch the training",
        help="The run on the whole screen: its curve, its figures, and what it says at each step.",
        keys="f7",
        group="Training",
        slash="training",
    ),
    Action(
        id="runs",
        title="See all runs",
        help="Every training run: open, rename, go on, repeat with a change, or delete it.",
        keys="f8",
        group="Training",
        slash="runs",
        argument="[NAME]",
    ),
    Action(
        id="pause_run",
        title="Pause the training",
        help="Let the run save its state and end its process; going on continues exactly.",
        group="Training",
        slash="pause",
    ),
    Action(
        id="resume_run",
        title="Go on with the training",
        help="Continue the run after a pause, a stop, a failure or a crash, from its newest whole checkpoint.",
        group="Training",
        slash="resume",
    ),
    Action(
        id="save_run",
        title="Save a checkpoint now",
        help="Let the run save a checkpoint after the step it is at, and go on.",
        group="Training",
        slash="checkpoint",
    ),
    Action(
        id="stop_run",
        title="Stop the training",
        help="End the run early and keep its work as the result.",
        group="Training",
        slash="finish",
    ),
    Action(
        id="talk_to_run",
        title="Talk to what the training made",
        help="Load the result of the run, or its best checkpoint so far, into the chat.",
        group="Training",
        slash="try",
    ),
    Action(
        id="delete_run",
        title="Delete the run",
        help="Delete the run in the panel with all of its checkpoints, after a question.",
        group="Training",
        slash="discard",
    ),
)
