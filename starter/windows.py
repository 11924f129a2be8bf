"""Documents packed into windows, each of which begins where a document begins."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from tokenizers import Tokenizer

from starter.collection import Document

END_ID = 0
NOT_LEARNED = -100


class Packer:
    """Fills rows of a window; the document that a row cuts off begins the next one."""

    def __init__(self, tokenizer: Tokenizer, documents: Iterator[Document], window: int) -> None:
        """``documents`` must not run out; ``window`` in tokens."""
        self._tokenizer = tokenizer
        self._documents = documents
        self._window = window
        self._cut: Document | None = None

    def batch(self, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and the tokens that follow them, both ``(rows, window)``; ``NOT_LEARNED`` where none is known."""
        filled = [self._row() for _ in range(rows)]
        ids = torch.tensor([row for row, _ in filled])
        followers = ids[:, 1:].clone()
        for row, (_, unknown) in enumerate(filled):
            followers[row, unknown] = NOT_LEARNED
        return ids[:, :-1], followers

    def _row(self) -> tuple[list[int], list[int]]:
        """One token more than a window, and at which of the places the token that follows says nothing."""
        ids = [END_ID]
        unknown: list[int] = []
        while len(ids) <= self._window:
            begins_row = len(ids) == 1
            document, self._cut = self._cut or next(self._documents), None
            ids += self._tokenizer.encode(document.text).ids
            ids.append(END_ID)
            if len(ids) > self._window + 1:
                # Positions are learned: one that is longer than a window is not tried again.
                self._cut = None if begins_row else document
            elif not document.complete:
                unknown.append(len(ids) - 2)
        return ids[: self._window + 1], unknown
