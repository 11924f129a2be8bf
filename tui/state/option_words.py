"""The engine's words for the screen: where they name an option of the command line, the field of that name."""

from __future__ import annotations

import re

from engine.display import visible_line
from engine.errors import TunesmithError

_OPTIONS = {
    "text-column": "“Text”",
    "prompt-column": "“Prompt”",
    "input-column": "“Input”",
    "completion-column": "“Completion”",
    "label-column": "“Label”",
    "messages-column": "“Messages”",
    "label-words": "“Label words”",
    "skip-faulty": "“Faulty rows”",
    "max-length": "“Longest row”",
    "max-rows": "“Rows”",
    "text-rows": "“A row is”",
    "loss-on": "“Learned”",
    "eval-fraction": "“Held out”",
    "shape": "“Shape”",
    "split": "“Split”",
    "config": "“Configuration”",
    "streaming": "“Streaming”",
    "name": "“Name of the run”",
    "model": "“Model”",
    "data": "“Data”",
    "template": "“Template”",
    "method": "“Method”",
    "batch-tokens": "“Batch”",
    "pack-tokens": "“Tokens at once”",
    "gradient-checkpointing": "“Less memory”",
    "learning-rate": "“Learning rate”",
    "evaluate-every": "“Evaluate every”",
}
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


def on_screen(error: TunesmithError) -> str:
    """An error in the words of the screen: where it names an option of the command line, the field of that name."""
    return option_words(str(error))


def option_words(text: str) -> str:
    """The engine's words, with the names of fields where they name options of the command line."""
    return visible_line(_OPTION.sub(lambda match: _OPTIONS.get(match[1], match[0]), text))
