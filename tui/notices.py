"""Words in passing, of which a newer one takes the place of an older one: five of them would hide the screen."""

from __future__ import annotations

from textual.dom import DOMNode
from textual.notifications import Notification

from engine.display import visible

INFORMATION_S = 5.0
ERROR_S = 12.0
_LETTERS_PER_S = 15
"""What is read without haste; a longer notice stands for longer."""


def say_instead(node: DOMNode, text: str, *, error: bool = False) -> None:
    """Say something in place of what was said before; a word never takes the place of an error, which has to be read.

    Args:
        node: Any part of the program.
        text: What is said; never read as markup.
        error: Something could not be done.
    """
    app = node.app
    for old in list(app._notifications):
        if not old.title and (error or old.severity == "information"):
            app._unnotify(old, refresh=False)
    # Textual's own `notify` comes by a message, so that two of one moment would both stand there.
    app._notifications.add(
        Notification(
            visible(text),
            severity="error" if error else "information",
            timeout=max(ERROR_S if error else INFORMATION_S, len(text) / _LETTERS_PER_S),
            markup=False,
        )
    )
    app._refresh_notifications()
