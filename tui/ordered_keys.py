"""Keys that are typed faster than the program can follow act as if it had followed.

Textual hands a key to the widget that has the focus when the key comes; what an earlier key does to the focus, to a
dialog that it opens or closes, happens later. Here a key waits until the one before it has had its effect.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode

from tui.typist import Typist

PATIENCE_S = 0.3
"""Whatever a key has set off: the next one waits no longer."""
_ROUNDS = 3
_TYPING = "typing"
"""On its way are letters that were typed into a field; no key is called so."""
_STEPS = ("backspace", "delete", "left", "right", "up", "down", "home", "end", "pageup", "pagedown")
"""With Ctrl, Alt or Shift too."""


class OrderedKeys(App[None]):
    """An app whose keys come one after another."""

    def __init__(self) -> None:
        """Begin with no key on its way."""
        super().__init__()
        self._held: deque[events.Key] = deque()
        self._on_its_way = ""
        self._turn = 0
        self._typed_into: DOMNode | None = None
        self.typist = Typist()

    async def on_event(self, event: events.Event) -> None:
        """Hold a key back while another one is on its way."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self.typist.key_came(asyncio.get_running_loop().time(), writes=_writes(event))
        if self._held or (self._on_its_way and event.key != self._on_its_way):
            self._held.append(event)
        elif self._typed_into is not None and self._overtakes(event.key):
            self._held.append(event)
            self._wait_for(self._typed_into, _TYPING)
        else:
            # The same key again, as from a key that is held down, goes the same way and can't overtake.
            await self._hand_on(event)

    async def _hand_on(self, event: events.Key) -> None:
        from textual.widgets import Input, TextArea  # not before the first frame

        target = self.focused or (self.screen if self.screen_stack else None)
        await super().on_event(event)
        if target is None:
            return
        target.call_later(self._tell_when_seen)  # behind the key, in the target's queue
        if event.is_printable and isinstance(target, Input | TextArea):
            self._typed_into = target
        else:
            self._wait_for(target, event.key)

    def _tell_when_seen(self) -> None:
        self.screen.call_after_refresh(self.typist.key_seen)

    def _overtakes(self, key: str) -> bool:
        """Whether a key acts before the letters that were typed ahead of it: it does not go through the field."""
        active = self.screen.active_bindings.get(key) if self.screen_stack else None
        return active is not None and active.binding.priority

    def _wait_for(self, target: DOMNode, key: str) -> None:
        """Hold all other keys back until a key has had its effect."""
        self._typed_into = None
        self._turn += 1
        self._on_its_way = key
        self.set_timer(PATIENCE_S, partial(self._arrived, self._turn))
        self._follow(target, self._turn, _ROUNDS)

    def _follow(self, target: DOMNode, turn: int, rounds: int) -> None:
        """Go the way of a key: up through the queues of all that is above its target.

        At the top it does what it does: often a message to the target, which sends another one on its way up, hence
        several rounds. At last comes what that has made of the screen, or a new screen.
        """
        if rounds:
            self._behind(target, lambda: self._follow(target, turn, rounds - 1))
        else:
            screen = self.screen
            self._behind(screen, lambda: screen.call_after_refresh(self.call_later, self._arrived, turn))

    def _behind(self, node: DOMNode | None, then: Callable[[], object]) -> None:
        """Call back when all is done that waits in the queues of a node and of all that is above it."""
        while node is not None and node is not self:
            if node.call_later(partial(self._behind, node.parent, then)):
                return
            node = node.parent  # this one is about to go
        self.call_later(then)

    async def _arrived(self, turn: int) -> None:
        if turn != self._turn:
            return
        self._on_its_way = ""
        while self._held and not self._on_its_way:
            await self._hand_on(self._held.popleft())


def typist_of(app: App[Any]) -> Typist:
    """Who types in an app; nobody where its keys are not ordered."""
    return app.typist if isinstance(app, OrderedKeys) else Typist()


def _writes(key: events.Key) -> bool:
    """Whether a key is one of many: a letter, or a step of the cursor."""
    return key.is_printable or key.key.rpartition("+")[2] in _STEPS
