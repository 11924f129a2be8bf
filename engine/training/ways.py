"""Finds the quickest way through a model that gives what the model itself gives to each row alone.

Tried, not believed: an architecture may know no positions, or make its mask without them, and then rows that lie side
by side see one another. The loss alone tells little of that where a model has learned nothing yet, so that states are
compared too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from engine.training.learner import Learner, Way
from engine.training.rows import Pack
from engine.training.segments import attend_as_before, attend_by_segments

_ATTEMPTS: tuple[tuple[Way, bool], ...] = (("packed", True), ("packed", False), ("own-head", True), ("own-head", False))
"""Ways to put rows side by side, and whether attention is computed text by text; the quickest first."""
_AGREEMENT = 1e-4
"""Of losses, relative, and of states, of the largest; in float32. Right ones are off by 1e-6 and less."""


@torch.no_grad()
def choose_way(learner: Learner, rows: Sequence[Any], *, packing: bool) -> Way:
    """Find it.

    Args:
        learner: Its `way`, and how its model attends, are set to what was found.
        rows: Two or three, of different lengths, and not long.
        packing: Whether rows may be packed at all.
    """
    was_training, autocast = learner.training, learner.autocast
    learner.eval()
    learner.autocast = None
    try:
        attend_as_before(learner.base)
        if packing and _packs(learner, rows):
            return learner.way
        learner.way = "padded"
        return "padded"
    finally:
        learner.autocast = autocast
        learner.train(was_training)


def _packs(learner: Learner, rows: Sequence[Any]) -> bool:
    """Whether there is a way to pack; it is set then."""
    alone = [_pass(learner, "padded", [[row]]) for row in rows]
    loss = sum(each for each, _ in alone) + alone[0][0]
    states = torch.cat([each[0] for _, each in alone])
    together: list[Pack] = [list(rows), list(rows[:1])]  # the second is filled up
    for way, by_segments in _ATTEMPTS:
        if by_segments and not attend_by_segments(learner.base):
            continue
        try:
            found, seen = _pass(learner, way, together)
        except (TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError, IndexError):
            pass  # an architecture that does not work this way
        else:
            if _agrees(found, loss, 1.0) and _agrees(seen[0][: len(states)], states, 0.0):
                return True
        attend_as_before(learner.base)
    return False


def _pass(learner: Learner, way: Way, packs: Sequence[Pack]) -> tuple[float, torch.Tensor]:
    """The loss, and the last layer's states, `(B, T, D)`."""
    caught: list[torch.Tensor] = []
    learner.way = way
    device = next(learner.parameters()).device
    base = learner.base
    hooks = (
        base.base_model.register_forward_hook(lambda module, inputs, output: caught.append(output[0])),
        # Of OPT the whole calls a part of its base model, and not the base model.
        base.get_output_embeddings().register_forward_pre_hook(lambda module, inputs: caught.append(inputs[0])),
    )
    try:
        loss = float(learner(**{name: tensor.to(device) for name, tensor in learner.collate(packs).items()}))
    finally:
        for hook in hooks:
            hook.remove()
    return loss, caught[0]


def _agrees(found: Any, expected: Any, least: float) -> bool:
    one, other = torch.as_tensor(found), torch.as_tensor(expected)
    bound = _AGREEMENT * max(least, float(other.abs().max()))
    return one.shape == other.shape and float((one - other).abs().max()) <= bound
