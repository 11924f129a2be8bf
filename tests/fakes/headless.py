"""Textual without an audience: the same program, without the work and the waits that only somebody watching needs.

Three things are left out, which together are most of what a test of a screen costs:

- Frames. Where nobody looks, a frame is laid out and counted as painted, but its cells are not computed. What a test
  looks at (`render_strips`, a screenshot) is computed as ever.
- Parsing the same style sheets anew for each program.
- Waiting for an idle processor after each key: `settled` waits for what is really there to be done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import pytest
import textual.app
import textual.constants
import textual.pilot
from textual._compositor import Compositor
from textual._context import active_app
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.message_pump import MessagePump

_ROUNDS = 3
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


async def settled(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until no widget has a message left and nothing is left to be laid out; in place of `wait_for_idle`."""
    deadline = time.monotonic() + max_sleep
    app = active_app.get()
    quiet = 0
    while quiet < _ROUNDS and time.monotonic() < deadline:
        await asyncio.sleep(0)
        quiet += 1
        if _busy((app, *app._registry)):
            quiet = 0
        elif app.screen_stack and _unpainted(app) and not app._batch_count:
            app.screen._on_timer_update()
            quiet = 0


def _unpainted(app: App[Any]) -> bool:
    screen = app.screen
    waiting = (
        screen._layout_required,
        screen._scroll_required,
        screen._repaint_required,
        screen._recompose_required,
        screen._dirty_widgets,
        screen._callbacks,
    )
    return screen.is_current and any(waiting)


def _busy(pumps: Iterable[MessagePump]) -> bool:
    return any(pump._running and any((pump._message_queue.qsize(), pump._next_callbacks)) for pump in pumps)


def without_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run Textual so until the end of a test."""
    parse_rules = Stylesheet._parse_rules
    render = Compositor.render_update

    def parse_once(self: Stylesheet, css: str, read_from: Any, *rest: Any, **named: Any) -> list[RuleSet]:
        key = (css, read_from, *rest, *named.items(), *self._variables.items())
        if key not in _parsed:
            _parsed[key] = parse_rules(self, css, read_from, *rest, **named)
        return _parsed[key]

    def count_as_painted(self: Compositor, *, full: bool = False, **how: Any) -> Any:
        if full:  # a screenshot
            return render(self, full=True, **how)
        self._dirty_regions.clear()
        return None

    monkeypatch.setattr(Stylesheet, "_parse_rules", parse_once)
    monkeypatch.setattr(textual.app, "wait_for_idle", settled)
    monkeypatch.setattr(textual.pilot, "wait_for_idle", settled)
    monkeypatch.setattr(textual.constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr(Compositor, "render_update", count_as_painted)
