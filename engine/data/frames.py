"""Templates that only put something before and behind a message: found once, then filled without rendering.

Rendering takes up to a millisecond, which makes a quarter of an hour of a million rows.
"""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import TemplateFault
from engine.protocol import ModelInfo, Prompt, Template, Turn
from engine.templates import render
from engine.templates.rendering import compile_body

_PROBE = "\ue000"
"""Stands for a message; a private character, which no template has a use for."""
_BLANK = "\u2003"
"""A blank that no template puts beside a message by itself."""
_MAX_BODY_CHARACTERS = 20_000
_COUNTS = frozenset({"first", "last", "index", "index0", "revindex", "revindex0", "length"})
"""What a loop tells beside its neighbours."""


class Frame(msgspec.Struct, frozen=True):
    """What stands around a message."""

    before: str
    behind: str
    trims: bool
    """The message loses blanks at both ends."""

    def around(self, message: str) -> str:
        """The rendered prompt."""
        return self.before + (message.strip() if self.trims else message) + self.behind


def find_frame(template: Template, model: ModelInfo | None, variables: dict[str, str]) -> Frame | None:
    """Find the frame of a template; None where what it writes may depend on the message in any other way."""
    if template.uses_chat_template or len(template.body) > _MAX_BODY_CHARACTERS:
        return None
    try:
        compile_body(template.body)
        uses = _Uses(template.body)
        if not uses.plain:
            return None
        turn = Turn(role="user", text=_BLANK + _PROBE + _BLANK)
        text = render(Prompt(template=template, turns=(turn,), variables=variables), model)
    except TemplateFault:
        return None
    if text.count(_PROBE) != 1:
        return None
    trims = _BLANK + _PROBE + _BLANK not in text
    before, behind = text.split(_PROBE if trims else _BLANK + _PROBE + _BLANK)
    return None if _BLANK in before + behind else Frame(before, behind, trims)


class _Uses:
    """How a body uses the message."""

    def __init__(self, body: str) -> None:
        from engine.templates.budget import Budget
        from engine.templates.sandbox import Sandbox

        tree = Sandbox(Budget(lambda: 0.0)).parse(body)
        self._outputs: set[int] = set()
        """Nodes that are written as they are, or trimmed."""
        self._allowed: set[int] = set()
        self._turns: set[str] = set()
        """Names that loops give to a turn."""
        self._note(tree)
        self.plain = self._is_plain(tree)

    def _note(self, tree: Any) -> None:
        from jinja2 import nodes

        for output in tree.find_all(nodes.Output):
            for node in output.nodes:
                self._outputs.add(id(_untrimmed(node)))
        for loop in tree.find_all(nodes.For):
            over_turns = isinstance(loop.iter, nodes.Name) and loop.iter.name == "turns"
            if over_turns and isinstance(loop.target, nodes.Name) and loop.test is None and not loop.recursive:
                self._allowed.add(id(loop.iter))
                self._turns.add(loop.target.name)
        for access in tree.find_all(nodes.Getattr):
            of_turn = isinstance(access.node, nodes.Name) and access.node.name in self._turns
            if of_turn and (access.attr == "role" or (access.attr == "text" and id(access) in self._outputs)):
                self._allowed.add(id(access.node))

    def _is_plain(self, tree: Any) -> bool:
        from jinja2 import nodes

        # Each of these takes what was written and may change it.
        if any(True for _ in tree.find_all((nodes.FilterBlock, nodes.AssignBlock, nodes.Macro, nodes.CallBlock))):
            return False
        for access in tree.find_all(nodes.Getattr):
            if isinstance(access.node, nodes.Name) and access.node.name == "loop" and access.attr not in _COUNTS:
                return False
        for name in tree.find_all(nodes.Name):
            if name.ctx == "load" and name.name == "message" and id(name) not in self._outputs:
                return False
            if name.ctx == "load" and name.name in {"turns", *self._turns} and id(name) not in self._allowed:
                return False
        return True


def _untrimmed(node: Any) -> Any:
    """What a trim without arguments is applied to, else the node itself."""
    from jinja2 import nodes

    if isinstance(node, nodes.Filter) and node.name == "trim" and not node.args and not node.kwargs:
        return node.node
    return node
