"""A rival that says numbers; as precision it takes what is to go wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.rivals.served import Reply, reply_at_once, serve


class Fake:
    """Its reply to a prompt is the prompt's length, and then the numbers after it."""

    version = "fake 1"

    def reply(self, ids: Sequence[int], tokens: int) -> Reply:
        return reply_at_once(self._generate, ids, tokens)

    def _generate(self, ids: Sequence[int], tokens: int) -> list[int]:
        print("a library says something")
        if not ids:
            sys.exit("empty prompts are too much for it")
        return list(range(len(ids), len(ids) + tokens))


def open_model(folder: Path, precision: str, threads: int) -> Fake:
    if precision == "library missing":
        import a_library_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401
    if precision == "file broken":
        sys.exit(f"{folder.name} is broken, with {threads} threads")
    return Fake()


if __name__ == "__main__":
    serve(open_model)
