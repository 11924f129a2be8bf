"""Trains the starter; stopped at any time, it goes on from its last checkpoint.

The learning rate rises, stays, and falls towards the last step. As long as it stays, the last step need not be known:
start with a far one, and start again with a near one when the time is up.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from random import Random

import msgspec
import torch
from tokenizers import Tokenizer
from torch.optim import AdamW, Muon, Optimizer
from transformers import GPT2LMHeadModel

from starter.collection import HELD_OUT, Collection, Mixture, real_stories
from starter.evaluate import bits_per_character
from starter.network import WINDOW, mean_loss, new_network
from starter.vocabulary import train_tokenizer
from starter.windows import END_ID, Packer

SEED = 20
TEXTS_FOR_TOKENIZER = 6000
_REFRESHED_EVERY = 20
_SHARE_SEEN_BY_TOKENIZER = Mixture(real=0.3, forms=0.3)


class Schedule(msgspec.Struct, frozen=True):
    """Steps and learning rates."""

    steps: int
    warm_up: int = 80
    falling: float = 0.35
    """The share of the steps, the last ones, over which the rates fall to nothing."""
    matrices: float = 3.6e-3
    others: float = 3e-3
    rows: int = 8

    def factor(self, step: int) -> float:
        """By what the rates are multiplied at a step, the first being 0."""
        left = (self.steps - step) / max(1.0, self.falling * self.steps)
        return min(1.0, (step + 1) / self.warm_up, left)


class Session:
    """A network, its optimisers and the step they are at."""

    def __init__(self, folder: Path, schedule: Schedule) -> None:
        """Goes on from ``folder/checkpoint.pt`` where there is one."""
        self.schedule = schedule
        self._file = folder / "checkpoint.pt"
        self.network: GPT2LMHeadModel = new_network(SEED)
        matrices = [each for each in self.network.transformer.h.parameters() if each.ndim == 2]
        taken = set(map(id, matrices))
        others = [each for each in self.network.parameters() if id(each) not in taken]
        # Orthogonal updates for the matrices within the layers learn more from each token than AdamW's.
        self._optimisers: tuple[tuple[Optimizer, float], ...] = (
            (
                Muon(matrices, lr=schedule.matrices, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
                schedule.matrices,
            ),
            (AdamW(others, lr=schedule.others, betas=(0.9, 0.98), weight_decay=0.0, fused=True), schedule.others),
        )
        self.step = 0
        if self._file.exists():
            state = torch.load(self._file, weights_only=True)
            self.step = state["step"]
            self.network.load_state_dict(state["network"])
            for (optimiser, _), saved in zip(self._optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(saved)

    def learn(self, ids: torch.Tensor, followers: torch.Tensor) -> float:
        """One step; the loss in nats per token."""
        factor = self.schedule.factor(self.step)
        for optimiser, rate in self._optimisers:
            optimiser.param_groups[0]["lr"] = rate * factor
            optimiser.zero_grad(set_to_none=True)
        loss = mean_loss(self.network, ids, followers)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser, _ in self._optimisers:
            optimiser.step()
        self.step += 1
        return loss.item()

    def save(self) -> None:
        """Write all that is needed to go on."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser, _ in self._optimisers],
        }
        beside = self._file.with_suffix(".new")
        torch.save(state, beside)
        beside.replace(self._file)


def main() -> None:
    """Read the command line, train to the last step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", type=Path, required=True, help="the folder that starter.sample wrote")
    parser.add_argument("--stories", type=Path, required=True, help="JSON Lines with a column text")
    parser.add_argument("--out", type=Path, required=True, help="where the checkpoint and the tokenizer are kept")
    parser.add_argument("--steps", type=int, default=2800)
    parser.add_argument("--forms", type=float, default=Mixture().forms, help="the share of texts in one of the forms")
    parser.add_argument("--every", type=int, default=50, help="so often it measures and saves")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    session = Session(chosen.out, Schedule(chosen.steps))
    # The order depends on where it went on: a repeated run with other stops sees other texts.
    mixture = Mixture(forms=chosen.forms)
    collection = Collection(chosen.teacher, chosen.stories, mixture, Random(f"{SEED} {session.step}"))
    tokenizer = _tokenizer(chosen.out / "tokenizer.json", chosen.teacher, chosen.stories)
    packer = Packer(tokenizer, iter(collection), WINDOW)
    held_out = real_stories(chosen.stories)[-HELD_OUT:]
    began, tokens = time.monotonic(), 0
    while session.step < chosen.steps:
        ids, followers = packer.batch(session.schedule.rows)
        loss = session.learn(ids, followers)
        tokens += ids.numel()
        if session.step % _REFRESHED_EVERY == 0:
            collection.refresh()
            pace = tokens / (time.monotonic() - began)
            print(f"step {session.step} loss {loss:.3f} tokens/s {pace:.0f} sampled {collection.sampled}", flush=True)
        if session.step % chosen.every == 0 or session.step == chosen.steps:
            session.save()
            print(f"step {session.step} bits per character {measure(session.network, tokenizer, held_out):.4f}")


def measure(network: GPT2LMHeadModel, tokenizer: Tokenizer, texts: list[str]) -> float:
    """Bits per character of the starter."""
    return bits_per_character(
        texts, lambda text: list(tokenizer.encode(text).ids), END_ID, lambda ids: network(ids).logits
    )


def _tokenizer(file: Path, teacher: Path, stories: Path) -> Tokenizer:
    if not file.exists():
        collection = Collection(teacher, stories, _SHARE_SEEN_BY_TOKENIZER, Random(SEED))
        train_tokenizer(collection.draw().text for _ in range(TEXTS_FOR_TOKENIZER)).save(str(file))
    return Tokenizer.from_file(str(file))


if __name__ == "__main__":
    main()
