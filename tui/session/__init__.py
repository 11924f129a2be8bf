"""A person's session: what is asked of the model host and the store, and in which order.

The `Desk` holds the one `ChatState`; `Model`, `Prompting`, `Conversations` and `Replies` change it in answer to
the person and to events, and tell the screen. Nothing a person typed is dropped: a message stays in the draft
until the first token of its answer is stored with it.
"""

from __future__ import annotations

from tui.session.desk import Listener
from tui.session.session import Session

__all__ = ["Listener", "Session"]
