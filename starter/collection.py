"""All the texts that the starter learns from, and how often it meets each kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec

from starter.forms import Forms

HELD_OUT = 100
"""So many stories, the last of the file, are for measuring and never learned from."""


class Mixture(msgspec.Struct, frozen=True):
    """The share of each kind among the texts drawn, the rest being the teacher's."""

    real: float = 0.15
    forms: float = 0.17


@dataclass(frozen=True)
class Document:
    """A text to learn from; after one that is not complete, no end is learned."""

    text: str
    complete: bool = True


class Collection:
    """Draws documents at random; what the teacher goes on writing is taken up at each `refresh`."""

    def __init__(self, teacher: Path, stories: Path | None, mixture: Mixture, random: Random) -> None:
        """Reads the stories at once.

        Args:
            teacher: The folder that `starter.sample` writes.
            stories: A JSON Lines file with a column `text`; None does without.
            mixture: The shares.
            random: Decides all.
        """
        self._teacher = teacher
        self._read: set[str] = set()
        self._random = random
        self._mixture = mixture
        self._real = real_stories(stories)[:-HELD_OUT] if stories else []
        self._sampled: list[Document] = []
        self._whole: list[str] = list(self._real)
        self.forms = Forms(lambda: self._random.choice(self._whole))
        self.refresh()

    @property
    def sampled(self) -> int:
        """How many texts of the teacher's there are."""
        return len(self._sampled)

    def refresh(self) -> None:
        """Take up the files that are new."""
        for file in sorted(self._teacher.glob("*.jsonl")):
            if file.name not in self._read:
                self._read.add(file.name)
                for document in sampled_texts(file):
                    self._sampled.append(document)
                    if document.complete:
                        self._whole.append(document.text)

    def __iter__(self) -> Iterator[Document]:
        """Documents without end, as long as there is anything to draw from."""
        while True:
            yield self.draw()

    def draw(self) -> Document:
        """One document."""
        place = self._random.random()
        if place < self._mixture.forms:
            return Document(self.forms.draw(self._random))
        is_real = place < self._mixture.forms + self._mixture.real or not self._sampled
        if self._real and is_real:
            return Document(self._random.choice(self._real))
        return self._random.choice(self._sampled)


def sampled_texts(file: Path) -> Iterator[Document]:
    """The texts of one file; paragraphs are set apart as the real stories have them, with an empty line."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            text, complete = json.loads(line)
            yield Document(text.replace("\n", "\n\n"), complete)


def real_stories(file: Path) -> list[str]:
    """The column `text` of a JSON Lines file, stripped."""
    with file.open(encoding="utf-8") as lines:
        return [str(json.loads(line)["text"]).strip() for line in lines]
