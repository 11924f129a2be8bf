"""The one table of actions: key bindings, the palette, the help screen and slash commands all come from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from textual.binding import Binding

Scope = Literal["app", "chat", "composer", "transcript", "conversations", "run", "lab", "studio"]
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
        keys="delete",
        scope="conversations",
        group="Conversations",
        footer="Delete",
    ),
    Action(
        id="list_undo",
        title="Undo the last deletion",
        help="Bring back the conversation that was deleted last.",
        keys="ctrl+z",
        scope="conversations",
        group="Conversations",
        footer="Undo",
    ),
    Action(
        id="list_rename",
        title="Rename the conversation under the cursor",
        help="Give it another title.",
        keys="f2",
        scope="conversations",
        group="Conversations",
        footer="Rename",
    ),
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
    ),
    Action(
        id="run_earlier",
        title="Cursor to the left",
        help="Move the cursor along the curve, and with it the replies, towards the beginning.",
        keys="left,h",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_later",
        title="Cursor to the right",
        help="Move the cursor along the curve, and with it the replies, towards the end.",
        keys="right",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_evaluation_before",
        title="Evaluation before",
        help="Jump to the evaluation before the cursor, and read what the model said then.",
        keys="shift+left,comma",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_evaluation_after",
        title="Evaluation after",
        help="Jump to the evaluation after the cursor, and read what the model said then.",
        keys="shift+right,full_stop",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_first",
        title="Beginning of the curve",
        help="Put the cursor on the first step.",
        keys="home",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_last",
        title="Follow the end of the curve",
        help="Take the cursor away: values and replies are those of the newest step again.",
        keys="end",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_up",
        title="Scroll up",
        help="Scroll the replies, or the details where those are shown.",
        keys="up,pageup",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_down",
        title="Scroll down",
        help="Scroll the replies, or the details where those are shown.",
        keys="down,pagedown",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_scale",
        title="Linear or logarithmic",
        help="Switch how the loss is scaled.",
        keys="l",
        scope="run",
        group="On the training screen",
        footer="Log",
    ),
    Action(
        id="run_smoothing",
        title="Smoothing",
        help="Draw the course of the loss more or less smoothly, or as it was measured.",
        keys="m",
        scope="run",
        group="On the training screen",
        footer="Smooth",
    ),
    Action(
        id="run_whole",
        title="Whole run or last steps",
        help="Switch between all of the history and the last steps one by one.",
        keys="v",
        scope="run",
        group="On the training screen",
        footer="Range",
    ),
    Action(
        id="run_next_checkpoint",
        title="Next checkpoint",
        help="Choose the next checkpoint in the strip.",
        keys="tab,right_square_bracket",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_previous_checkpoint",
        title="Checkpoint before",
        help="Choose the checkpoint before in the strip.",
        keys="shift+tab,left_square_bracket",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_talk",
        title="Talk to the chosen checkpoint",
        help="Load the chosen checkpoint into the chat, also while the training goes on.",
        keys="enter",
        scope="run",
        group="On the training screen",
        footer="Talk",
    ),
    Action(
        id="run_pause",
        title="Pause or go on",
        help="Pause the run that is being trained, or go on with one that stands still.",
        keys="p,space",
        scope="run",
        group="On the training screen",
        footer="Pause",
    ),
    Action(
        id="run_save",
        title="Save now",
        help="Save a checkpoint after the step that the run is at.",
        keys="s",
        scope="run",
        group="On the training screen",
        footer="Save",
    ),
    Action(
        id="run_stop",
        title="Stop",
        help="End the run early and keep its work as the result.",
        keys="x",
        scope="run",
        group="On the training screen",
        footer="Stop",
    ),
    Action(
        id="run_delete",
        title="Delete",
        help="Delete the run with all of its checkpoints, after a question.",
        keys="delete,d",
        scope="run",
        group="On the training screen",
    ),
    Action(
        id="run_details",
        title="Replies or details",
        help="Where there is no room for both, switch between the replies and what the run is.",
        keys="f,i",
        scope="run",
        group="On the training screen",
        footer="Details",
    ),
    Action(
        id="run_close",
        title="Back to the chat",
        help="Take the cursor away, then close the training screen; the run goes on.",
        keys="escape,q,f7",
        scope="run",
        group="On the training screen",
        footer="Back",
    ),
    Action(
        id="lab_run",
        title="Run, pause or go on",
        help="Compute the cells that are missing, or stop doing so; what is finished is kept.",
        keys="r,space,p",
        scope="lab",
        group="In the lab",
        footer="Run",
    ),
    Action(
        id="lab_open_cell",
        title="Read the cell",
        help="The prompt, the whole reply and the scores of the cell; on an input, change it.",
        keys="enter",
        scope="lab",
        group="In the lab",
        footer="Read",
    ),
    Action(
        id="lab_add_row",
        title="Type a row",
        help="Add an input, with what would be right where that is known.",
        keys="a",
        scope="lab",
        group="In the lab",
        footer="Row",
    ),
    Action(
        id="lab_file",
        title="Rows of a file",
        help="Take inputs, references and labels from a JSONL, CSV or TXT file.",
        keys="f",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_add_column",
        title="Add a column",
        help="Add a variation: a template, a model and its sampling.",
        keys="c",
        scope="lab",
        group="In the lab",
        footer="Column",
    ),
    Action(
        id="lab_copy_column",
        title="Copy the column",
        help="Add a copy of the column under the cursor, to change something in it.",
        keys="d",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_edit",
        title="Change",
        help="Change the column under the cursor, or the row where the cursor is on its input.",
        keys="e",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_remove",
        title="Remove",
        help="Take the column away, or the row where the cursor is on its input.",
        keys="delete,backspace",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_undo",
        title="Undo",
        help="Take the last change of rows or columns back.",
        keys="ctrl+z",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_setup",
        title="Set up scores",
        help="The lab's name, scores, labels and their words, seed, and the rows of a file.",
        keys="s",
        scope="lab",
        group="In the lab",
        footer="Scores",
    ),
    Action(
        id="lab_studio",
        title="Write on the template",
        help="Open the column's template in the studio; what is changed there comes as a column beside it.",
        keys="t",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_winner",
        title="Use the winner",
        help="Chat with the best column: its template, sampling and model.",
        keys="w",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_use",
        title="Use this column",
        help="Chat with the template, sampling and model of the column under the cursor.",
        keys="u",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_export",
        title="Export the table",
        help="Write it to a CSV, JSON or Markdown file.",
        keys="x",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_save",
        title="Save as a spec file",
        help="Write what is compared as a TOML file, which `tunesmith lab run` takes too.",
        keys="ctrl+s",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_open",
        title="Open a lab",
        help="Open a lab from before, or a spec file.",
        keys="o",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_new",
        title="Start a new lab",
        help="Begin another lab; the one before stays in the list.",
        keys="n",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_up",
        title="Row above",
        help="Move the cursor to the row above.",
        keys="up,k",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_down",
        title="Row below",
        help="Move the cursor to the row below.",
        keys="down,j",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_left",
        title="Column to the left",
        help="Move the cursor to the left, as far as the inputs.",
        keys="left,h",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_right",
        title="Column to the right",
        help="Move the cursor to the right.",
        keys="right,l",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_page_up",
        title="Page up",
        help="Move the cursor up by as many rows as are in sight.",
        keys="pageup",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_page_down",
        title="Page down",
        help="Move the cursor down by as many rows as are in sight.",
        keys="pagedown",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_first",
        title="First row",
        help="Go to the first row.",
        keys="home",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_last",
        title="Last row",
        help="Go to the last row.",
        keys="end",
        scope="lab",
        group="In the lab",
    ),
    Action(
        id="lab_close",
        title="Back to the chat",
        help="Leave the lab, which goes on computing.",
        keys="escape,q,alt+l",
        scope="lab",
        group="In the lab",
        footer="Back",
    ),
    Action(
        id="studio_run",
        title="Run",
        help="Send what is written to the current model, saved or not; the reply streams below.",
        keys="ctrl+r,f5",
        scope="studio",
        group="In the template studio",
        footer="Run",
    ),
    Action(
        id="studio_save",
        title="Save",
        help="Write the file, unless another program changed it meanwhile.",
        keys="ctrl+s",
        scope="studio",
        group="In the template studio",
        footer="Save",
    ),
    Action(
        id="studio_view",
        title="Text or prompt",
        help="Switch between the text and the prompt; where both are shown, between their fields.",
        keys="f3",
        scope="studio",
        group="In the template studio",
        footer="Prompt",
    ),
    Action(
        id="studio_use",
        title="Use in the chat",
        help="Save the template, and talk with it from now on.",
        keys="f10",
        scope="studio",
        group="In the template studio",
        footer="Use",
    ),
    Action(
        id="studio_compare",
        title="Compare in the lab",
        help="Save the template, and put it beside others in the lab.",
        keys="alt+l",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_close",
        title="Stop, or back to the chat",
        help="Stop the run; where none is under way, go back. What is not saved is kept as a draft.",
        keys="escape",
        scope="studio",
        group="In the template studio",
        footer="Back",
    ),
    Action(
        id="studio_next_finding",
        title="Next fault or warning",
        help="Put the cursor on the line of the next one.",
        keys="f8",
        scope="studio",
        group="In the template studio",
        footer="Next fault",
    ),
    Action(
        id="studio_tokens",
        title="Tell tokens apart",
        help="Show the prompt token by token, or as text.",
        keys="alt+o",
        scope="studio",
        group="In the template studio",
        footer="Tokens",
    ),
    Action(
        id="studio_open",
        title="Open another template",
        help="Choose what to write on; what is not saved is kept as a draft.",
        keys="ctrl+t",
        scope="studio",
        group="In the template studio",
        footer="Open",
    ),
    Action(
        id="studio_pick_model",
        title="Pick a model",
        help="Choose the model that counts and runs; it is the chat's too.",
        keys="ctrl+o",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_new",
        title="New template",
        help="Make one from a skeleton.",
        keys="ctrl+n",
        scope="studio",
        group="In the template studio",
        footer="New",
    ),
    Action(
        id="studio_duplicate",
        title="Duplicate",
        help="Copy what is written under another name; shipped templates are changed this way.",
        keys="f9",
        scope="studio",
        group="In the template studio",
        footer="Copy",
    ),
    Action(
        id="studio_rename",
        title="Rename",
        help="Give the template and its file another name.",
        keys="f2",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_delete",
        title="Delete the template",
        help="Take it out of the list; it can be undone.",
        keys="alt+d",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_undo_delete",
        title="Undo the last deletion",
        help="Bring back the template that was deleted last.",
        keys="alt+z",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_import",
        title="Import",
        help="Take in a template file from anywhere.",
        keys="alt+i",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_export",
        title="Export",
        help="Write the template to a file somewhere else.",
        keys="f4",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_discard",
        title="Go back to the saved text",
        help="Give up what was typed since the last save, after a question.",
        keys="alt+u",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_reload",
        title="Take the other program's text",
        help="Where another program changed the file: take over its text.",
        keys="alt+r",
        scope="studio",
        group="In the template studio",
    ),
    Action(
        id="studio_keep_mine",
        title="Keep your own text",
        help="Where another program changed the file: let the next save overwrite that.",
        keys="alt+k",
        scope="studio",
        group="In the template studio",
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
        id="focus_conversations",
        title="Go to the conversations",
        help="Put the cursor into the list on the left; letters that are typed there go to the composer.",
        keys="alt+b",
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

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}
BY_SLASH: Mapping[str, Action] = {action.slash: action for action in ACTIONS if action.slash}


_LAST = frozenset({"stop", "studio_close"})
"""Escape means something in most fields, and this only where it does not."""


def bindings(scope: Scope) -> list[Binding]:
    """The bindings of one scope, in the table's order. Those of the app win over the focused widget's own."""
    return [
        Binding(
            action.keys,
            action.id,
            action.footer or action.title,
            show=bool(action.footer),
            priority=scope in {"app", "chat", "studio"} and action.id not in _LAST,
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
