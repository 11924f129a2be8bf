"""Files of rows, and small tokenizers of the two great families."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.corpus import DataSpec, Report
from engine.data.inspection import survey
from engine.data.rows import Item
from engine.data.source import open_source

Write = Callable[..., Path]
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = (
    "Once upon a time there was a naïve café owner. She said: hello, world! 1 2 3\n"
    "The quick brown fox jumps over the lazy dog; then it sleeps. 日本語 emoji 😀 ok\n"
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of any name; rows become JSON Lines."""

    def write_file(name: str, content: str | bytes | list[Any]) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write_file


def items(path: Path, skip: int = 0, **spec: Any) -> list[Item]:
    return list(open_source(DataSpec(source=str(path), **spec)).read(skip))


def look(path: Path, **spec: Any) -> Report:
    return survey(DataSpec(source=str(path), **spec))


def byte_level(*, chat: bool = False) -> Any:
    """A tokenizer of GPT-2's kind: a text is the concatenation of its tokens, byte by byte."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator([CORPUS] * 4, vocab_size=340, special_tokens=marks, show_progress=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer,
        eos_token="<|im_end|>" if chat else "<|endoftext|>",
        bos_token="<|endoftext|>",
        additional_special_tokens=marks,
        clean_up_tokenization_spaces=False,
    )
    if chat:
        tokenizer.chat_template = CHATML
    return tokenizer


def sentence_piece() -> Any:
    """A tokenizer of Llama's kind: it begins each text with a blank of its own, and with a mark."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=specials, show_progress=False)
    backend.train_from_iterator([CORPUS] * 4, trainer)
    # The bytes are part of the vocabulary, and no marks.
    saved = json.loads(backend.to_str())
    saved["added_tokens"] = saved["added_tokens"][:3]
    backend = Tokenizer.from_str(json.dumps(saved))
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )
