"""The chat: one screen, and what it can be asked to do."""

from __future__ import annotations

from tui.screens.chat.screen import ChatScreen

__all__ = ["ChatScreen"]
