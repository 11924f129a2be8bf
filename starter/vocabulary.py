"""The starter's tokenizer: a byte-level BPE of its own."""

from __future__ import annotations

from collections.abc import Iterator

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from starter.forms import END

SIZE = 2048
"""Larger ones pack more text into a window, and leave fewer examples for each token."""


def train_tokenizer(texts: Iterator[str], *, size: int = SIZE) -> Tokenizer:
    """Learn merges from texts; token 0 ends a text, and any text can be written, byte by byte if need be."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=[END],
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
