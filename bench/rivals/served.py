"""A child process that holds one model: it reads prompts from its standard input and answers with times.

One JSON object a line. First it says what it is and how much memory it took to open the model, or that it can't be
here; then each `{"ids": [...], "tokens": N}` is answered by the seconds to the first token, those of the N after it,
all the tokens, and the most memory it has held since the model was open. Every prompt is new to it: nothing is kept of
the one before. Tokens are the likeliest ones, and a reply does not end by itself.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO, runtime_checkable

KIB = 1024
_CLOCK_S = 1e-6
"""Less than this is noise of the two times that are taken from one another."""
_RESET_PEAK = "5"


class Reply(NamedTuple):
    """What came, and when."""

    first_s: float
    rest_s: float
    tokens: list[int]


class Held(Protocol):
    """A model, ready."""

    version: str

    def reply(self, ids: Sequence[int], tokens: int) -> Reply:
        """Take in a prompt as if it were the first; give its first token and so many after it."""


class Stepping(Protocol):
    """A model that is asked for one token after the other."""

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget what was, take in a prompt and choose the token after it."""

    def step(self, token: int) -> int:
        """Take in one more token and choose the next."""


@runtime_checkable
class Speaking(Protocol):
    """A model that brings its own tokenizer."""

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""


def reply_in_steps(model: Stepping, ids: Sequence[int], tokens: int) -> Reply:
    """Time a model that steps."""
    started_s = time.perf_counter()
    chosen = [model.prefill(ids)]
    first_s = time.perf_counter()
    for _ in range(tokens):
        chosen.append(model.step(chosen[-1]))
    return Reply(first_s - started_s, time.perf_counter() - first_s, chosen)


def reply_at_once(generate: Callable[[Sequence[int], int], list[int]], ids: Sequence[int], tokens: int) -> Reply:
    """Time one that gives whole replies only: once with one token, and once with all."""
    started_s = time.perf_counter()
    first = generate(ids, 1)
    first_s = time.perf_counter() - started_s
    if tokens == 0:
        return Reply(first_s, 0.0, first)
    started_s = time.perf_counter()
    chosen = generate(ids, tokens + 1)
    return Reply(first_s, max(time.perf_counter() - started_s - first_s, _CLOCK_S), chosen)


def most_memory_bytes() -> int:
    """The most memory that this process has held since its start or `forget_memory`, with what it has mapped."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * KIB
    return 0


def forget_memory() -> None:
    """Let the most memory count from now on, where Linux lets it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK, encoding="ascii")


def serve(open_model: Callable[[Path, str, int], Held]) -> None:
    """Be such a child.

    Args:
        open_model: Given the model's folder, the precision and the number of threads.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("precision")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prompt", help="print the token that follows this text, and end")
    options = parser.parse_args()
    answers = _private_output()
    try:
        began_s = time.perf_counter()
        held = open_model(options.model, options.precision, options.threads)
    except ImportError as error:
        if options.prompt is not None:
            raise
        _say(answers, {"absent": f"{error.name or error} is not installed"})
        return
    if options.prompt is not None:
        print(_continued(held, options.model, options.prompt), file=answers, flush=True)
        return
    opened_s = time.perf_counter() - began_s
    _say(answers, {"version": held.version, "opened_s": opened_s, "memory": most_memory_bytes()})
    forget_memory()
    for line in sys.stdin:
        asked = json.loads(line)
        reply = held.reply(asked["ids"], asked["tokens"])
        _say(answers, {**reply._asdict(), "memory": most_memory_bytes()})


def _continued(held: Held, folder: Path, text: str) -> str:
    """The text of the token after a prompt, with the model's own tokenizer where it has one."""
    if isinstance(held, Speaking):
        return held.decode(held.reply(held.encode(text), 0).tokens)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    continued: str = tokenizer.decode(held.reply(tokenizer.encode(text).ids, 0).tokens)
    return continued


def _private_output() -> TextIO:
    """What libraries print goes to standard error, so that it can't get between the answers."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()
