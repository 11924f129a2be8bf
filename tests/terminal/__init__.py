"""A real pseudo-terminal for tests: start a program, press keys, read the screen, inspect the bytes."""

from __future__ import annotations

from tests.terminal.driver import Terminal
from tests.terminal.escapes import HOSTILE, forbidden_bytes

__all__ = ["HOSTILE", "Terminal", "forbidden_bytes"]
