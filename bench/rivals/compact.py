"""Tunesmith's compact decoder, opened from a model's files as the program opens it: without transformers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.rivals.served import Reply, reply_in_steps, serve


class Compact:
    """The decoder, choosing the likeliest token."""

    def __init__(self, decoder: Any, version: str) -> None:
        self._decoder = decoder
        self.version = version

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget what was, take in a prompt and choose the token after it."""
        self._decoder.forget()
        return int(self._decoder.prefill(ids, lambda: False).argmax())

    def step(self, token: int) -> int:
        """Take in one more token and choose the next."""
        return int(self._decoder.step(token).argmax())

    def reply(self, ids: Sequence[int], tokens: int) -> Reply:
        """Time one reply."""
        return reply_in_steps(self, ids, tokens)


def open_model(folder: Path, precision: str, threads: int) -> Compact:
    """Open the decoder.

    Raises:
        SystemExit: The compact decoder does not know the model.
    """
    import torch

    from engine.inference.compact import STORAGES, from_files

    torch.set_num_threads(threads)
    storage = next(each for each in STORAGES if each == precision)
    files = tuple(sorted(folder.glob("*.safetensors")))
    decoder = from_files(files, json.loads((folder / "config.json").read_text(encoding="utf-8")), storage)
    if decoder is None:
        raise SystemExit(f"The compact decoder does not know the model in {folder}")
    return Compact(decoder, f"torch {torch.__version__}")


if __name__ == "__main__":
    serve(open_model)
