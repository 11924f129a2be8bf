"""The same few prompts at every evaluation, with the same seed: watch it learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import torch

from engine.training.rows import IGNORED, Rows

_PROBES = 3
_LOOKED_AT = 64
_PROMPT_TOKENS = 16
_LONGEST_PROMPT_TOKENS = 256


class Probe(msgspec.Struct, frozen=True):
    """A prompt."""

    prompt: str
    ids: tuple[int, ...]


def choose_probes(prompts: Sequence[str], rows: Rows, tokenizer: Any) -> tuple[Probe, ...]:
    """Take the prompts of the plan, or those of a few held-out rows: what is masked, or the first words.

    Of the first rows those come before others whose prompts are short enough to be asked whole, and of these the ones
    with labels that differ. A prompt that is too long loses words from its middle: how it ends says what is asked.
    """
    if prompts:
        return tuple(Probe(prompt, tuple(tokenizer(prompt)["input_ids"])) for prompt in prompts)
    candidates = [
        (_prompt_of(rows[index]), rows[index].get("label", -1)) for index in range(min(_LOOKED_AT, len(rows)))
    ]
    seen: Counter[int] = Counter()
    ranked = []
    for place, (ids, label) in enumerate(candidates):
        is_long = len(ids) > _LONGEST_PROMPT_TOKENS
        ranked.append((is_long, seen[label], place))
        seen[label] += not is_long
    chosen = [_shortened(candidates[place][0]) for _, _, place in sorted(ranked)[:_PROBES]]
    return tuple(Probe(tokenizer.decode(ids, skip_special_tokens=True), ids) for ids in chosen)


def _prompt_of(row: Any) -> tuple[int, ...]:
    masked = next((place for place, label in enumerate(row["labels"]) if label != IGNORED), 0)
    length = masked if 1 < masked < len(row["input_ids"]) else _PROMPT_TOKENS
    return tuple(row["input_ids"][:length])


def _shortened(ids: tuple[int, ...]) -> tuple[int, ...]:
    if len(ids) <= _LONGEST_PROMPT_TOKENS:
        return ids
    begin = _LONGEST_PROMPT_TOKENS // 2
    return ids[:begin] + ids[begin - _LONGEST_PROMPT_TOKENS :]


def answer(model: Any, tokenizer: Any, probe: Probe, max_new_tokens: int, seed: int) -> str:
    """Let a model go on from a prompt; moves torch's random numbers.

    Args:
        model: In evaluation mode.
        tokenizer: Its.
        probe: The prompt.
        max_new_tokens: How far at most; a prompt that leaves no room for it in the window loses its beginning.
        seed: The same one gives the same text with the same weights.
    """
    torch.manual_seed(seed)
    window = room_of(model)
    length = max(1, min(max_new_tokens, window // 2))
    ids = torch.tensor(
        [probe.ids[-(window - length) :] or (tokenizer.bos_token_id or 0,)], device=next(model.parameters()).device
    )
    end = tokenizer.eos_token_id
    written = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=length,
        do_sample=True,
        temperature=0.8,
        top_k=50,
        top_p=0.95,
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end,
        eos_token_id=end,
        use_cache=True,
    )[0]
    return continuation(tokenizer, ids[0].tolist(), written[ids.shape[1] :].tolist())


def continuation(tokenizer: Any, prompt: Sequence[int], written: Sequence[int]) -> str:
    """The text of new tokens behind their prompt; decoded alone, some tokenizers drop the space that it begins with."""
    before = str(tokenizer.decode(prompt, skip_special_tokens=True))
    whole = str(tokenizer.decode([*prompt, *written], skip_special_tokens=True))
    if whole.startswith(before):
        return whole[len(before) :]
    return str(tokenizer.decode(written, skip_special_tokens=True))


def room_of(model: Any) -> int:
    """How many tokens fit into a model's window, behind a soft prompt where there is one."""
    config = model.config.get_text_config()
    virtual = getattr(getattr(model, "active_peft_config", None), "num_virtual_tokens", None) or 0
    return int(getattr(config, "max_position_embeddings", None) or 1_000_000) - virtual
