"""A tokenizer as transformers made it of a model's files, kept so that transformers need not be imported the next time.

Importing transformers and its way of reading a tokenizer take seconds; what comes out is a tokenizer of the library
`tokenizers` and a handful of facts. Both are kept, under a key of all files that they were made of.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine import __version__
from engine.atomic import write_atomically
from engine.inference.description import chat_template
from engine.inference.reading import read_tokenizer

_FORMAT = 2
_FILES = (
    "config.json",
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "chat_template*",
    "*/*.jinja",
)
"""What transformers may make a tokenizer of."""
_MOST_FILES = 32
"""So many are kept, a few megabytes each; those that were used last."""
_LARGEST = 10**15
"""Transformers writes 1e30 for a tokenizer without a longest text."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a tokenizer of transformers knows beside the one of `tokenizers` inside it."""

    bos_token: str | None
    bos_token_id: int | None
    eos_token: str | None
    eos_token_id: int | None
    all_special_ids: list[int]
    chat_template: str
    model_max_length: int
    length: int


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    facts: Facts
    backend: str
    """As `tokenizers` writes it."""


class KeptTokenizer:
    """Answers as the tokenizer of transformers did that it was made of, as far as replies need it."""

    is_fast = True

    def __init__(self, backend: Any, facts: Facts) -> None:
        """Take a tokenizer of `tokenizers`, and the facts about it."""
        backend.no_truncation()
        backend.no_padding()
        self.backend_tokenizer = backend
        self.bos_token, self.bos_token_id = facts.bos_token, facts.bos_token_id
        self.eos_token, self.eos_token_id = facts.eos_token, facts.eos_token_id
        self.all_special_ids = facts.all_special_ids
        self.chat_template = facts.chat_template
        self.model_max_length = facts.model_max_length
        self._length = facts.length

    def __len__(self) -> int:
        return self._length

    def __call__(
        self, text: str | Sequence[str], add_special_tokens: bool = True, **options: Any
    ) -> dict[str, list[Any]]:
        """Turn a text, or several, into ids; options that change no ids are passed over."""
        texts = [text] if isinstance(text, str) else list(text)
        encodings = self.backend_tokenizer.encode_batch(texts, add_special_tokens=add_special_tokens)
        ids = [encoding.ids for encoding in encodings]
        return {"input_ids": ids[0] if isinstance(text, str) else ids}

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False, **options: Any) -> str:
        """Turn ids into text."""
        return str(self.backend_tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens))

    def get_vocab(self) -> dict[str, int]:
        """All tokens, with those that were added."""
        vocabulary: dict[str, int] = self.backend_tokenizer.get_vocab(with_added_tokens=True)
        return vocabulary

    @property
    def added_tokens_decoder(self) -> dict[int, Any]:
        """The tokens that were added, by their ids."""
        added: dict[int, Any] = self.backend_tokenizer.get_added_tokens_decoder()
        return added

    def convert_ids_to_tokens(self, ids: int | Sequence[int]) -> Any:
        """The token of an id, or of each."""
        if isinstance(ids, int):
            return self.backend_tokenizer.id_to_token(ids)
        return [self.backend_tokenizer.id_to_token(token) for token in ids]


def open_tokenizer(folder: Path, name: str, kept: Path, import_libraries: Callable[[], None]) -> Any:
    """Read a model's tokenizer: the kept one, or by transformers, to be kept.

    Args:
        folder: Of the model.
        name: What to call it in words.
        kept: The folder of kept tokenizers.
        import_libraries: Called before transformers is needed.

    Raises:
        LoadFailed: It is missing, or can't be made of the files that are there.
    """
    file = kept / f"{_key(folder)}.json"
    found = _read(file)
    if found is not None:
        return found
    import_libraries()
    tokenizer = read_tokenizer(folder, name)
    if (content := _content(tokenizer)) is not None:
        with contextlib.suppress(OSError):  # a full disk costs the next start a few seconds
            write_atomically(file, content)
            _let_old_ones_go(kept)
    return tokenizer


def _key(folder: Path) -> str:
    """Of what is in the files, which checkpoints of a run share, and of the libraries that read them."""
    from importlib.metadata import version

    digest = hashlib.sha256(f"{_FORMAT} {__version__} {version('transformers')} {version('tokenizers')}".encode())
    for file in sorted({file for pattern in _FILES for file in folder.glob(pattern) if file.is_file()}):
        content = file.read_bytes()
        digest.update(f"\n{file.relative_to(folder)} {len(content)}\n".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()[:32]


def _let_old_ones_go(kept: Path) -> None:
    files = sorted(kept.glob("*.json"), key=lambda file: -file.stat().st_mtime)
    for file in files[_MOST_FILES:]:
        file.unlink(missing_ok=True)


def _read(file: Path) -> KeptTokenizer | None:
    from tokenizers import Tokenizer

    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
        tokenizer = KeptTokenizer(Tokenizer.from_str(kept.backend), kept.facts)
    except Exception:  # torn, or of another version of the library, which raises what it likes
        return None
    with contextlib.suppress(OSError):  # the time of its last use; a folder may be for reading alone
        os.utime(file)
    return tokenizer


def _content(tokenizer: Any) -> bytes | None:
    """What is to be kept; None where it would not answer alike."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or not tokenizer.is_fast or getattr(tokenizer, "clean_up_tokenization_spaces", False):
        return None
    if getattr(tokenizer, "split_special_tokens", False):
        return None
    facts = Facts(
        bos_token=tokenizer.bos_token,
        bos_token_id=tokenizer.bos_token_id,
        eos_token=tokenizer.eos_token,
        eos_token_id=tokenizer.eos_token_id,
        all_special_ids=list(tokenizer.all_special_ids),
        chat_template=chat_template(tokenizer),
        model_max_length=int(min(tokenizer.model_max_length, _LARGEST)),
        length=len(tokenizer),
    )
    return msgspec.json.encode(_Kept(facts=facts, backend=backend.to_str()))
