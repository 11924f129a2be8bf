"""Attention that is computed text by text, where several lie side by side in a pack.

transformers masks packed texts off from one another, and torch then computes all of a pack's T x T scores, most of
which are thrown away, in a kernel that is slow on a CPU. Here each text gets matrix products of its own size: 50 ms in
place of 170, forward and backward, for a layer of GPT-2 and 2,048 tokens. It is a way of attending that any model of
transformers can be told to use; where the mask is another than that of packed, causal texts (a sliding window,
padding), torch's own attention is taken.

Notation: B packs of T positions, H heads for queries and K for keys and values, D numbers a head, n tokens of a text.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import AttentionInterface

NAME = "tunesmith-segments"
_LONGEST = 1024
"""The probabilities of a longer text would take too much memory: they are kept for the backward pass."""
_QUERIES_AT_ONCE = 128
"""Their scores stay in the processor's cache, and keys that come after them are left out: half the time at 400."""


class Segment(msgspec.Struct, frozen=True):
    """A text in a pack; or, alone, several texts of one token each."""

    pack: int
    start: int
    size: int
    alone: bool = False
    """Every token sees itself only: its output is its value."""


def attend_by_segments(model: Any) -> bool:
    """Tell a model to attend text by text.

    Returns:
        False, and nothing is changed, where the model does not let itself be told, or is not on a CPU.
    """
    if getattr(model.config, "_attn_implementation", None) != "sdpa" or model.device.type != "cpu":
        return False
    AttentionInterface.register(NAME, segmented_attention)
    AttentionMaskInterface.register(NAME, segmented_mask)
    try:
        model.set_attn_implementation(NAME)
    except (ValueError, KeyError, ImportError):
        return False
    return bool(model.config._attn_implementation == NAME)


def attend_as_before(model: Any) -> None:
    """The reverse of `attend_by_segments`."""
    if getattr(model.config, "_attn_implementation", None) == NAME:
        model.set_attn_implementation("sdpa")


def segmented_mask(*args: Any, **kwargs: Any) -> torch.Tensor | None:
    """Make the mask of torch's attention, and note on it which texts it keeps apart, where it does just that."""
    mask = sdpa_mask(*args, **kwargs)
    if isinstance(mask, torch.Tensor):
        mask.segments = find_segments(mask)  # type: ignore[attr-defined]
    return mask


def find_segments(mask: torch.Tensor) -> tuple[Segment, ...] | None:
    """Find the texts that a mask keeps apart.

    Args:
        mask: What each position sees, `(B, 1, T, T)`.

    Returns:
        None where the mask says anything else than "each token sees those of its own text up to itself".
    """
    if mask.dtype != torch.bool or mask.dim() != 4 or mask.shape[1] != 1 or mask.shape[2] != mask.shape[3]:
        return None
    seen = mask[:, 0]
    place = torch.arange(seen.shape[1], device=seen.device)
    first = seen.to(torch.uint8).argmax(2)  # (B, T)
    is_first = first == place
    start = torch.where(is_first, place, 0).cummax(1).values
    # As many as there are between its first and itself, and itself among them: then it sees all of these.
    is_whole = (first == start) & (seen.sum(2) == place - first + 1) & seen.diagonal(dim1=1, dim2=2)
    if not bool(is_whole.all()):
        return None
    found: list[Segment] = []
    for pack, row in enumerate(is_first):
        starts = row.nonzero().view(-1).tolist()
        for begin, end in zip(starts, [*starts[1:], len(row)], strict=True):
            last = found[-1] if found else None
            if end - begin == 1 and last is not None and last.pack == pack and last.alone:
                found[-1] = Segment(pack, last.start, last.size + 1, True)
            else:
                found.append(Segment(pack, begin, end - begin, end - begin == 1))
    return tuple(found)


def segmented_attention(  # noqa: PLR0917 - as transformers calls it
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend, in the way that transformers calls one.

    Args:
        module: The layer's attention.
        query: `(B, H, T, D)`.
        key: `(B, K, T, D)`.
        value: As the key.
        attention_mask: Of `segmented_mask`.
        dropout: With any, torch's own attention is taken.
        scaling: Of the scores; None divides by the root of D.
        kwargs: What torch's own attention may want.
    """
    segments = _segments(module, query, key, attention_mask, kwargs)
    if segments is None or dropout or key.shape[-1] != value.shape[-1] or max(s.size for s in segments) > _LONGEST:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
    kind = query.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else value.dtype
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    arguments = (query.to(dtype), key.to(dtype), value.to(dtype), scale, segments)
    with torch.autocast(kind, enabled=False):
        return _Segmented.apply(*arguments), None  # type: ignore[no-untyped-call]


def _segments(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    mask: torch.Tensor | None,
    kwargs: dict[str, Any],
) -> tuple[Segment, ...] | None:
    if query.shape[2] != key.shape[2] or any(kwargs.get(one) is not None for one in ("position_bias", "softcap")):
        return None
    if mask is not None:
        return getattr(mask, "segments", None)
    is_causal = kwargs.get("is_causal")
    if not (getattr(module, "is_causal", True) if is_causal is None else is_causal):
        return None
    return tuple(Segment(pack, 0, query.shape[2]) for pack in range(query.shape[0]))


class _Segmented(torch.autograd.Function):
    """softmax(scale * Q K' + causal) V for each text by itself; the output is `(B, T, H, D)`."""

    @staticmethod
    def forward(  # noqa: PLR0917 - torch passes by position
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        scale: float,
        segments: tuple[Segment, ...],
    ) -> torch.Tensor:
        packs, heads, columns, width = query.shape
        groups = key.shape[1]
        out = query.new_empty(packs, columns, heads, width)
        longest = max(one.size for one in segments)
        future = query.new_full((longest, longest), -math.inf).triu(1)
        kept: list[torch.Tensor] = []
        for one in segments:
            part = out[one.pack, one.start : one.start + one.size]  # (n, H, D)
            values = _text(value, one)
            if one.alone:
                part.view(one.size, groups, -1, width).copy_(values.transpose(0, 1).unsqueeze(2))
                continue
            queries, keys = _text(query, one), _text(key, one)
            for start, end in _blocks(one.size):
                seen = future[start:end, :end].repeat(heads // groups, 1).expand(groups, -1, -1)
                asking = _block(queries, groups, start, end)
                scores = torch.baddbmm(seen, asking, keys[:, :end].transpose(1, 2), alpha=scale)
                chances = torch.softmax(scores, 2)  # (K, H/K * block, end)
                mixed = torch.bmm(chances, values[:, :end])
                part[start:end].copy_(mixed.view(heads, end - start, width).transpose(0, 1))
                kept.append(chances)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.scale, ctx.segments = scale, segments
        return out

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, *kept = ctx.saved_tensors
        grad = grads[0].transpose(1, 2)  # (B, H, T, D)
        groups = key.shape[1]
        to_query, to_key, to_value = _like(query), _like(key), _like(value)
        chances_of = iter(kept)
        for one in ctx.segments:
            place = (one.pack, slice(None), slice(one.start, one.start + one.size))
            if one.alone:
                to_query[place] = 0
                to_key[place] = 0
                to_value[place] = grad[place].view(groups, -1, one.size, grad.shape[-1]).sum(1)
                continue
            error, queries, keys, values = (_text(each, one) for each in (grad, query, key, value))
            to_keys, to_values = (torch.zeros_like(each, dtype=torch.float32) for each in (keys, values))
            for start, end in _blocks(one.size):
                chances, asking, wrong = next(chances_of), *(_block(x, groups, start, end) for x in (queries, error))
                to_values[:, :end] += torch.bmm(chances.transpose(1, 2), wrong)
                to_chances = torch.bmm(wrong, values[:, :end].transpose(1, 2))
                to_scores = torch._softmax_backward_data(to_chances, chances, 2, chances.dtype).mul_(ctx.scale)
                asked = (one.pack, slice(None), slice(one.start + start, one.start + end))
                to_query[asked] = torch.bmm(to_scores, keys[:, :end]).view(query.shape[1], end - start, -1)
                to_keys[:, :end] += torch.bmm(to_scores.transpose(1, 2), asking)
            to_key[place], to_value[place] = to_keys, to_values
        return to_query, to_key, to_value, None, None


def _text(states: torch.Tensor, one: Segment) -> torch.Tensor:
    """The rows of a text, `(heads, n, D)`."""
    return states[one.pack, :, one.start : one.start + one.size].contiguous()


def _blocks(size: int) -> list[tuple[int, int]]:
    """Where each block of queries starts and ends; it sees the keys up to its end."""
    return [(start, min(start + _QUERIES_AT_ONCE, size)) for start in range(0, size, _QUERIES_AT_ONCE)]


def _block(rows: torch.Tensor, groups: int, start: int, end: int) -> torch.Tensor:
    """Some of a text's rows; heads that share keys lie under each other, `(K, H/K * block, D)`."""
    return rows.view(groups, -1, *rows.shape[1:])[:, :, start:end].reshape(groups, -1, rows.shape[-1])


def _like(states: torch.Tensor) -> torch.Tensor:
    """Room for gradients, laid out as the projections want them: position by position."""
    packs, heads, columns, width = states.shape
    return states.new_empty(packs, columns, heads, width).transpose(1, 2)
