"""From a prompt to the ids that the model sees, fitted into its window."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.inference.beginning import begun
from engine.inference.loading import LoadedModel
from engine.protocol import Prompt
from engine.templates import fit

_LEAST_SHARE = 16
"""Of the window: what a reply to the last message alone, or the rest of one that is continued, has at the least."""
_MOST_PIECES = 4096
_LONGEST_CHARACTER = 8
"""In tokens: a byte-level vocabulary needs at most four for one, and more is no character."""


class EncodedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """What the model sees."""

    text: str
    ids: tuple[int, ...]
    """At least one."""
    dropped_turns: int


def reply_room_tokens(context_tokens: int, max_new_tokens: int) -> int:
    """How much of the window is kept free for a reply: what it may have, but at most a quarter, for the talk's sake."""
    return max(1, min(max_new_tokens, context_tokens // 4))


def encode_prompt(loaded: LoadedModel, prompt: Prompt, max_new_tokens: int) -> EncodedPrompt:
    """Render a prompt, drop the oldest turns that don't fit beside the reply, and turn it into ids.

    Raises:
        ContextOverflow: Even the last message alone is too long.
        TemplateFault: The template can't be rendered.
    """
    with_bos = loaded.adds_bos and not prompt.template.uses_chat_template
    window = loaded.info.context_tokens
    fitted = fit(
        prompt,
        count=lambda text: len(encode_text(loaded, text, with_bos)),
        limit_tokens=window - reply_room_tokens(window, max_new_tokens),
        most_tokens=window - max(1, min(max_new_tokens, window // _LEAST_SHARE)),
        model=loaded.info,
    )
    ids = encode_text(loaded, fitted.text, with_bos)
    return EncodedPrompt(text=fitted.text, ids=tuple(ids), dropped_turns=fitted.dropped_turns)


def encode_text(loaded: LoadedModel, text: str, with_bos: bool) -> list[int]:
    """Turn text into ids, of which there is at least one.

    Args:
        loaded: The model.
        text: What it is to see.
        with_bos: Put the beginning-of-text token in front, unless the text begins with it. Chat templates write their
            own. An end-of-text token is never put behind: the text is to be continued.
    """
    tokenizer = loaded.tokenizer
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    with loaded.encoding:
        ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    if with_bos:
        ids = begun(ids, bos)
    if ids:
        return ids
    # A model needs something to begin with.
    return [next((token for token in (bos, eos) if token is not None), 0)]


def beginning_of(loaded: LoadedModel, prompt: EncodedPrompt) -> str:
    """The text of the token that was put in front of a prompt's own; empty where none was."""
    with loaded.encoding:
        own: list[int] = loaded.tokenizer(prompt.text, add_special_tokens=False)["input_ids"]
        put_in_front = prompt.ids[: len(prompt.ids) - len(own)]
        return str(loaded.tokenizer.decode(put_in_front)) if put_in_front else ""


def pieces_of(loaded: LoadedModel, prompt: EncodedPrompt) -> tuple[str, ...]:
    """The text of each token, with the blank that belongs to it; of the first few thousand.

    Of the tokens that make one character together, the last has its text and the others have none.
    """
    pieces: list[str] = []
    waiting: list[int] = []
    with loaded.encoding:
        for token in prompt.ids[:_MOST_PIECES]:
            waiting.append(token)
            text = _text_of(loaded.tokenizer, waiting)
            is_part = text.endswith("\ufffd") and len(waiting) < _LONGEST_CHARACTER
            pieces.append("" if is_part else text)
            waiting = waiting if is_part else []
        if waiting:
            pieces[-1] = _text_of(loaded.tokenizer, waiting)
    return tuple(pieces)


def _text_of(tokenizer: Any, ids: list[int]) -> str:
    """Some tokens' text; decoders of SentencePiece take the blank from the start of a text."""
    text: str = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    word = tokenizer.convert_ids_to_tokens(ids[0])
    has_blank = isinstance(word, str) and word.startswith("\u2581") and not text.startswith(" ")
    return f" {text}" if has_blank else text
