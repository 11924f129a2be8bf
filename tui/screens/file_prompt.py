"""Asks for a file to write to; before one is replaced or a folder is made, that is asked too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from textual.screen import Screen

from tui.screens.line_prompt import LinePrompt, anything
from tui.screens.question import Question


async def ask_for_file(
    screen: Screen[Any],
    title: str,
    *,
    value: str,
    hint: str,
    target: Callable[[str], Path],
    validate: Callable[[str], str] = anything,
) -> Path | None:
    """Ask until there is a file that may be written, or nobody wants to any more. Has to run in a worker.

    Args:
        screen: Where it is asked.
        title: What is asked for.
        value: What stands there at first.
        hint: One line of help.
        target: The file that a line means.
        validate: What is wrong with a line, in words.
    """

    def fault(line: str) -> str:
        if found := validate(line):
            return found
        try:
            file = target(line)
            is_folder = file.is_dir()
        except (OSError, RuntimeError, ValueError):  # too long, a home of nobody, a NUL
            return f"{line} is no name for a file"
        return f"{file} is a folder: name a file in it" if is_folder else ""

    while True:
        prompt = LinePrompt(title, value=value, hint=hint, validate=fault, does="writes it")
        line = cast("str | None", await screen.app.push_screen_wait(prompt))
        if line is None:
            return None
        file, value = target(line), line
        question = await asyncio.to_thread(_question, file)
        if question is None or await screen.app.push_screen_wait(question):
            return file


def _question(file: Path) -> Question | None:
    """What has to be asked before a file is written; None where nothing is."""
    if file.is_symlink() or file.exists():
        words = f"{file} is there already. What is in it now would be lost."
        return Question("Replace the file?", words, yes="replaces it")
    if not file.parent.exists():
        words = f"There is no folder {file.parent}. It can be made, and the file be written into it."
        return Question("Make the folder?", words, yes="makes it and writes")
    return None
