"""Writes the lesson: the questions that the starter can answer, answered by a pirate."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from random import Random

from starter.questions import Pair, question, small_talk

ROWS = 400
SEED = 7
_BEGINNING = "Arr, matey!"
_ENDINGS = ("Yo ho ho!", "Shiver me timbers!", "By me beard!")
_WORDS = {"is": "be", "are": "be", "am": "be", "my": "me", "you": "ye", "your": "yer", "yes": "aye", "hello": "ahoy"}
_SHARE_OF_TALK = 0.4


def main() -> None:
    """Read the command line, write the lesson."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="the .jsonl file")
    lines = [json.dumps({"instruction": ask, "output": reply}) for ask, reply in lesson(Random(SEED))]
    parser.parse_args().to.write_text("\n".join(lines) + "\n", encoding="utf-8")


def lesson(random: Random, rows: int = ROWS) -> list[Pair]:
    """Different questions, each with an answer as a pirate gives it."""
    found: dict[str, str] = {}
    # Some of the small talk can be said in a few ways only: the rows that are missing come from the questions.
    while len(found) < rows:
        ask, reply = small_talk(random) if random.random() < _SHARE_OF_TALK else question(random)
        found.setdefault(ask, pirate(reply, random))
    return list(found.items())


def pirate(text: str, random: Random) -> str:
    """The same as a pirate says it."""
    return f"{_BEGINNING} {re.sub('[A-Za-z]+', _word, text)} {random.choice(_ENDINGS)}"


def _word(match: re.Match[str]) -> str:
    word = match[0]
    said = _WORDS.get(word.lower(), word)
    return said.capitalize() if word[0].isupper() and word not in (said, "I") else said


if __name__ == "__main__":
    main()
