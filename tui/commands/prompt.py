"""Which model answers, and how it is asked."""

from __future__ import annotations

from tui.commands.action import Action

PROMPT: tuple[Action, ...] = (
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
        id="load_written",
        title="Load the conversation's model",
        help="Load the model that answered last in the open conversation, where another one answers now.",
        keys="alt+o",
        group="Model and prompt",
        slash="load",
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
        id="unload_model",
        title="Unload the model",
        help="Give the model's memory back, to a training run for example; the next message loads it again.",
        group="Model and prompt",
        slash="unload",
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
        id="studio",
        title="Write templates",
        help="The template studio: write a prompt template, see what the model will see, and try it.",
        keys="alt+t",
        group="Model and prompt",
        slash="studio",
        argument="[NAME]",
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
        id="lab",
        title="Compare prompts in the lab",
        help="Put the same inputs to several templates, models or settings, side by side, with scores.",
        keys="alt+l",
        group="Model and prompt",
        slash="lab",
        argument="[NAME]",
    ),
)
