"""Markdown cut into blocks that can be rendered each for itself, while it is still being written.

A block is finished once nothing that follows can change it: a fence with its last line, a heading with its own, a list
item where the next one begins, anything else with the first blank line behind it that is not inside a list. Every
line is looked at once, so that what an added word costs does not grow with the text.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_RULE = re.compile(r" {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$")


def is_item(block: str) -> bool:
    """Does a block, or a line, begin an item of a list."""
    return bool(_ITEM.match(block)) and not _RULE.match(block.partition("\n")[0])


class BlockCutter:
    """Finds where the blocks of a growing text end."""

    def __init__(self) -> None:
        self._read = 0
        self._begin = 0
        self._fence = ""
        self._in_item = False
        self._blank = False

    @property
    def done(self) -> int:
        """How many characters belong to finished blocks."""
        return self._begin

    def finished(self, text: str) -> list[str]:
        """The blocks that are finished now and were not before.

        Args:
            text: All of the text, of which what was there at the call before must not have changed.

        Returns:
            Blocks that, joined with all that came before and `text[done:]`, are the text.
        """
        blocks: list[str] = []
        while (end := text.find("\n", self._read) + 1) > 0:
            line = text[self._read : end - 1]
            if self._ends_before(line):
                self._cut(text, self._read, blocks)
            closes = self._look_at(line)
            self._read = end
            if closes:
                self._cut(text, end, blocks)
        return blocks

    def _cut(self, text: str, end: int, blocks: list[str]) -> None:
        if end > self._begin:
            blocks.append(text[self._begin : end])
        self._begin, self._in_item, self._blank = end, False, False

    def _ends_before(self, line: str) -> bool:
        """Does the open block end where this line begins."""
        if self._fence or self._read == self._begin or not line.strip():
            return False
        if _HEADING.match(line) or (is_item(line) and self._may_begin_item(line)):
            return True
        if self._in_item:
            return self._blank and not line.startswith((" ", "\t"))
        return bool(_FENCE.match(line))

    def _may_begin_item(self, line: str) -> bool:
        """An item nested in another belongs to it; a stray number does not end a paragraph."""
        if self._in_item:
            return not line.startswith("  ")
        return not line.lstrip()[0].isdigit() or line.lstrip().startswith(("1.", "1)"))

    def _look_at(self, line: str) -> bool:
        """Take a line into the open block; does it close it."""
        if self._fence:
            bare = line.strip()
            if bare.startswith(self._fence) and not bare.strip(self._fence[0]):
                self._fence = ""
                return not self._in_item
            return False
        if not line.strip():
            self._blank = True
            return not self._in_item
        if self._read == self._begin:
            self._in_item = is_item(line)
        self._blank = False
        if fence := _FENCE.match(line):
            self._fence = fence.group(1)
        return not self._in_item and not self._fence and bool(_HEADING.match(line))
