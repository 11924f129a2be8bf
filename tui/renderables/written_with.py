"""The line that tells which model a conversation was written with, where another one answers now."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from engine.display import visible_line
from tui.renderables.link import link
from tui.state.chat import ChatState, other_model
from tui.state.help import first_key
from tui.state.model import short_name


def written_with(state: ChatState, keys: Mapping[str, str]) -> Content:
    """One line, and a click on its end loads that model; empty where there is nothing to tell.

    Args:
        state: What the screen shows.
        keys: The user's own keys by action, as in config.toml.
    """
    written = other_model(state)
    if not written:
        return Content("")
    name = short_name(written)
    if name == short_name(state.model.ref):  # two of one name: only the whole reference tells them apart
        name = written
    key = first_key("load_written", keys) or "/load"
    return Content.assemble(f"Written with {visible_line(name)} · ", link(f"{key} loads it", "screen.load_written"))
