"""What an empty message means to a template."""

from __future__ import annotations

import msgspec

from engine.errors import Misuse
from engine.protocol import Prompt, Turn
from engine.templates.rendering import render


def begins_from_nothing(prompt: Prompt) -> bool:
    """Whether the model would see no text at all; it then begins with its beginning-of-text token alone.

    Raises:
        Misuse: The message is empty, and the template puts words around it, which would ask about nothing.
        TemplateFault: The template can't be rendered.
    """
    message = prompt.turns[-1].text
    if message.strip():
        return False
    own = prompt.template.uses_chat_template
    if not own and not render(prompt).strip():
        return True
    if own or _with(prompt, "x") != _with(prompt, ""):
        raise Misuse(
            f'The prompt is empty, and the template "{prompt.template.name}" is about what it says',
            "Say something, or take the template plain, with which the model begins from nothing",
        )
    return False


def _with(prompt: Prompt, message: str) -> str:
    turns = (*prompt.turns[:-1], Turn(role="user", text=message))
    return render(msgspec.structs.replace(prompt, turns=turns))
