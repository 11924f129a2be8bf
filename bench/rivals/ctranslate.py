"""CTranslate2; a reply is one call of its generator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.rivals.served import Reply, reply_at_once, serve


class Translator:
    """A generator of CTranslate2 that knows tokens by their numbers."""

    def __init__(self, generator: Any, version: str) -> None:
        self._generator = generator
        self.version = version

    def reply(self, ids: Sequence[int], tokens: int) -> Reply:
        """Time one reply."""
        return reply_at_once(self._generate, ids, tokens)

    def _generate(self, ids: Sequence[int], tokens: int) -> list[int]:
        (result,) = self._generator.generate_batch(
            [[str(token) for token in ids]],
            max_length=tokens,
            min_length=tokens,
            include_prompt_in_result=False,  # so that the prompt is taken in at once
        )
        return [int(token) for token in result.sequences[0]]


def open_model(folder: Path, precision: str, threads: int) -> Translator:
    """Open the folder that lies beside the model."""
    import ctranslate2

    generator = ctranslate2.Generator(
        str(folder / "float32.ctranslate"), device="cpu", compute_type=precision, intra_threads=threads
    )
    return Translator(generator, f"ctranslate2 {ctranslate2.__version__}")


if __name__ == "__main__":
    serve(open_model)
