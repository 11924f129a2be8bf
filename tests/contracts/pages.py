"""What the pages of documentation have in their blocks: commands, files, programs.

A block is marked behind its language. `run`: the test runs it, in order, in the page's own folder and home.
`file=NAME`: the block is that file. GitHub shows neither word.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec

from tests.contracts.repository import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
SHELLS = ("console", "bash", "sh")
_BLOCK = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDS_A_COMMAND = {"|", "||", "&&", ";", "&"}
_REDIRECTS = {">", ">>", "<", "2>", "2>&1"}


class Block(msgspec.Struct, frozen=True):
    """A fenced block."""

    page: str
    line: int
    language: str
    marks: tuple[str, ...]
    text: str

    @property
    def runs(self) -> bool:
        """Whether it is to be run."""
        return "run" in self.marks

    @property
    def file(self) -> str:
        """The name of the file that it is; empty where it is none."""
        return next((mark.removeprefix("file=") for mark in self.marks if mark.startswith("file=")), "")


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    return [
        Block(name, text.count("\n", 0, match.start()) + 1, match[1], tuple(match[2].split()), match[3])
        for match in _BLOCK.finditer(text)
    ]


def commands(text: str) -> list[list[str]]:
    """The commands of a shell block, each as its words: comments, pipes and redirections are taken apart."""
    found: list[list[str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        skipping = False
        for word in lexer:
            if skipping:
                skipping = False
            elif word in _REDIRECTS:
                skipping = True
            elif word in _ENDS_A_COMMAND:
                found.append(words)
                words = []
            else:
                words.append(word)
        found.append(words)
    return [_without_variables(words) for words in found if words]


def _without_variables(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    return words
