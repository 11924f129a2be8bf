"""llama.cpp through its C interface, as llama-cpp-python binds it: no Python between the arithmetic but one call."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.rivals.served import Reply, reply_in_steps, serve

_PIECE_BYTES = 256


class Llama:
    """A context of llama.cpp, choosing the likeliest token."""

    def __init__(self, library: Any, context: Any, words: Any, version: str) -> None:
        self._library, self._context, self._words = library, context, words
        self._vocabulary = library.llama_vocab_n_tokens(words)
        self.version = version

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget what was, take in a prompt and choose the token after it."""
        self._library.llama_memory_clear(self._library.llama_get_memory(self._context), True)
        return self._decode(ids)

    def step(self, token: int) -> int:
        """Take in one more token and choose the next."""
        return self._decode([token])

    def reply(self, ids: Sequence[int], tokens: int) -> Reply:
        """Time one reply."""
        return reply_in_steps(self, ids, tokens)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        said = text.encode()
        room = (self._library.llama_token * (len(said) + 1))()
        count = self._library.llama_tokenize(self._words, said, len(said), room, len(room), False, False)
        return list(room[:count])

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        pieces = b""
        for token in tokens:
            size = self._library.llama_token_to_piece(self._words, token, buffer, len(buffer), 0, False)
            pieces += buffer.raw[:size]
        return pieces.decode("utf-8", "replace")

    def _decode(self, ids: Sequence[int]) -> int:
        array = (self._library.llama_token * len(ids))(*ids)
        batch = self._library.llama_batch_get_one(array, len(ids))  # logits for the last one alone
        if code := self._library.llama_decode(self._context, batch):
            raise RuntimeError(f"llama_decode gave {code}")
        logits = self._library.llama_get_logits_ith(self._context, -1)
        return int(np.ctypeslib.as_array(logits, (self._vocabulary,)).argmax())


def open_model(folder: Path, precision: str, threads: int) -> Llama:
    """Open the GGUF file that lies beside the model.

    Raises:
        RuntimeError: llama.cpp does not take it; it says why on standard error.
    """
    import llama_cpp

    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_load_model_from_file(
        str(folder / f"{precision}.gguf").encode(), llama_cpp.llama_model_default_params()
    )
    if not model:
        raise RuntimeError("llama.cpp does not open the file")
    window = llama_cpp.llama_model_n_ctx_train(model)
    wanted = llama_cpp.llama_context_default_params()
    wanted.n_ctx = wanted.n_batch = window
    wanted.n_threads = wanted.n_threads_batch = threads
    context = llama_cpp.llama_new_context_with_model(model, wanted)
    if not context:
        raise RuntimeError("llama.cpp makes no context")
    return Llama(
        llama_cpp, context, llama_cpp.llama_model_get_vocab(model), f"llama-cpp-python {llama_cpp.__version__}"
    )


if __name__ == "__main__":
    serve(open_model)
