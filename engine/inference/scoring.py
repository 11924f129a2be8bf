"""How likely a model finds given continuations of prompts: the one measure of label words, wherever they count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from engine.likelihood import TokenScores


@torch.no_grad()
def score_continuations(
    model: Any, prompt: Sequence[int], continuations: Sequence[Sequence[int]], *, prefix: torch.Tensor | None = None
) -> list[TokenScores]:
    """Compute log p of each token of each continuation, in nats: the prompt passes through the model once.

    Args:
        model: A causal language model of transformers that keeps keys and values, in evaluation mode.
        prompt: At least one id.
        continuations: At least one id each.
        prefix: Vectors to put before the prompt, `(P, D)`: a soft prompt.

    Returns:
        K of them, whose characters are not counted here.
    """
    device = next(model.parameters()).device
    ids = torch.tensor([list(prompt)], device=device)
    inputs: dict[str, Any] = {"input_ids": ids}
    if prefix is not None:
        embedded = model.get_input_embeddings()(ids)
        inputs = {"inputs_embeds": torch.cat((prefix[None].to(embedded.dtype), embedded), 1)}
    seen = model(**inputs, use_cache=True)
    first = seen.logits[0, -1].float().log_softmax(0)  # (V,)
    scores = [[float(first[continuation[0]])] for continuation in continuations]
    longest = max(map(len, continuations)) - 1
    if longest > 0:
        # Padding stands on the right, where nothing that counts can see it.
        rows = [[*continuation[:-1], *[0] * (longest + 1 - len(continuation))] for continuation in continuations]
        cache = seen.past_key_values
        cache.batch_repeat_interleave(len(rows))
        logits = model(input_ids=torch.tensor(rows, device=device), past_key_values=cache, use_cache=True).logits
        following = logits.float().log_softmax(-1)  # (K, longest, V)
        for row, continuation in enumerate(continuations):
            scores[row] += [float(following[row, place, token]) for place, token in enumerate(continuation[1:])]
    return [
        TokenScores(ids=tuple(continuation), logprobs=tuple(row), characters=0)
        for continuation, row in zip(continuations, scores, strict=True)
    ]
