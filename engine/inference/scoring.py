"""How likely a model finds given continuations of prompts: the one measure of label words, wherever they count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import torch

from engine.inference.memory_share import batch_tokens
from engine.inference.prompt_rows import PromptRows, SharedBeginning, can_batch, common_length, in_groups
from engine.likelihood import TokenScores

ROWS = 16
_TOKENS = 4096
"""In one group: many short prompts or few long ones, whose answers come together."""
_LOGITS = 1 << 24
"""Numbers in the logits of one piece of continuations; 64 MB in float32."""


class Asked(msgspec.Struct, frozen=True):
    """A question in tokens."""

    prompt: Sequence[int]
    """At least one."""
    continuations: Sequence[Sequence[int]]
    """Each with at least one token."""


@torch.no_grad()
def score_continuations(
    model: Any,
    questions: Sequence[Asked],
    *,
    prefix: torch.Tensor | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[int, list[TokenScores]]]:
    """Compute log p of each token of each continuation behind its prompt, in nats.

    What all prompts begin with passes through the model once, the rest of each prompt once, many prompts at a time.

    Args:
        model: A causal language model of transformers, in evaluation mode.
        questions: Prompts and continuations.
        prefix: Vectors to put before each prompt, `(P, D)`: a soft prompt.
        cancelled: Asked between pieces of work; true ends the iterator.

    Yields:
        The place of a question, not in order, and the scores of its continuations, whose characters are not counted.
    """
    if not questions:
        return
    if not can_batch(model):
        yield from _one_by_one(model, questions, prefix, cancelled)
        return
    common = common_length([question.prompt for question in questions])
    shared = SharedBeginning(model, questions[0].prompt[:common], vectors=prefix)
    lengths = [len(question.prompt) + max(map(len, question.continuations)) for question in questions]
    tokens = min(_TOKENS, batch_tokens(model))
    for group in in_groups(lengths, rows=ROWS, tokens=tokens):
        some = [questions[place] for place in group]
        scores = _score_group(shared, common, some, tokens, cancelled)
        if scores is None:
            return
        yield from zip(group, scores, strict=True)


def _score_group(
    shared: SharedBeginning, common: int, questions: Sequence[Asked], tokens: int, cancelled: Callable[[], bool]
) -> list[list[TokenScores]] | None:
    rows = PromptRows(shared, [question.prompt[common:] for question in questions])
    logits = rows.prefill(cancelled)
    if logits is None:
        return None
    first = logits.float().log_softmax(-1)  # (B, V)
    scores = [[[float(first[row, ids[0]])] for ids in each.continuations] for row, each in enumerate(questions)]
    longer = [
        (row, place)
        for row, question in enumerate(questions)
        for place, ids in enumerate(question.continuations)
        if len(ids) > 1
    ]
    for some in _chunks(longer, max(1, tokens // rows.length)):
        continuations = [questions[row].continuations[place] for row, place in some]
        found = _following(rows.picked([row for row, _ in some]), continuations, first.shape[1])
        for (row, place), more in zip(some, found, strict=True):
            scores[row][place] += more
    return [
        [_scored(ids, numbers) for ids, numbers in zip(question.continuations, some, strict=True)]
        for question, some in zip(questions, scores, strict=True)
    ]


def _following(rows: PromptRows, continuations: Sequence[Sequence[int]], vocabulary: int) -> list[list[float]]:
    """The log-probabilities of all tokens but the first of each row's continuation."""
    longest = max(map(len, continuations))
    # Filling up stands on the right, where nothing that counts can see it.
    filled = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in continuations])  # (R, longest)
    at_once = max(1, _LOGITS // (len(continuations) * vocabulary))
    pieces = []
    for start in range(0, longest - 1, at_once):
        stop = min(start + at_once, longest - 1)
        logits = rows.extend(filled[:, start:stop]).float()
        wanted = filled[:, start + 1 : stop + 1, None].to(logits.device)
        pieces.append((logits.gather(2, wanted)[..., 0] - logits.logsumexp(2)).cpu())
    numbers = torch.cat(pieces, 1).tolist()
    return [row[: len(ids) - 1] for row, ids in zip(numbers, continuations, strict=True)]


def _chunks(places: Sequence[tuple[int, int]], size: int) -> Iterator[Sequence[tuple[int, int]]]:
    for first in range(0, len(places), size):
        yield places[first : first + size]


def _one_by_one(
    model: Any, questions: Sequence[Asked], prefix: torch.Tensor | None, cancelled: Callable[[], bool]
) -> Iterator[tuple[int, list[TokenScores]]]:
    """For models that keep no keys and values, or not all of them: every continuation with its whole prompt."""
    device = next(model.parameters()).device
    for place, question in enumerate(questions):
        found = []
        for ids in question.continuations:
            if cancelled():
                return
            whole = torch.tensor([[*question.prompt, *ids]], device=device)
            inputs: dict[str, Any] = {"input_ids": whole}
            if prefix is not None:
                embedded = model.get_input_embeddings()(whole)
                inputs = {"inputs_embeds": torch.cat((prefix[None].to(embedded.dtype), embedded), 1)}
            logits = model(**inputs, use_cache=False).logits[0, -len(ids) - 1 : -1].float().log_softmax(-1)
            found.append(_scored(ids, [float(logits[index, token]) for index, token in enumerate(ids)]))
        yield place, found


def _scored(ids: Sequence[int], logprobs: Sequence[float]) -> TokenScores:
    return TokenScores(ids=tuple(ids), logprobs=tuple(logprobs), characters=0)
