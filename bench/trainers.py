"""The trainers that `bench.training` has compete: each a process that takes a few steps and ends.

    python -m bench.trainers NAME [--layers N] [--width N] [--threads N] [--seed N]

Of the last step it writes a JSON object: see `Taken`. The first ones don't count, and are slower since memory and the
optimiser's state are made in them: one with the rivals, whose memory comes and goes with each step, and two with ours,
which keep it.

- recipe: transformers' `Trainer` with its defaults, every text padded to 512 tokens, 8 texts at once.
- bare loop: the same without `Trainer`, and padded to the longest text of the batch only.
- full, lora, soft-prompt: `Trainer` as `tunesmith tune` runs it, with as many tokens in a step as the recipe has with
  its padding.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from bench.neighbours import now, others_cores
from engine.corpus.spec import DataSpec
from engine.inference.runtime import import_libraries
from engine.runs import Plan, RunFolder
from engine.training.batches import Batches
from engine.training.checkpoints import Progress
from engine.training.evaluation import Evaluator
from engine.training.learner import Learner
from engine.training.machine import keep_memory, pick_precision
from engine.training.methods import build
from engine.training.reporter import Cadence, Reporter
from engine.training.rows import Layout
from engine.training.trainer import Teacher, training_arguments
from engine.training.ways import choose_way

RECIPE, BARE_LOOP = "recipe", "bare loop"
METHODS = ("full", "lora", "soft-prompt")
LENGTH, BATCH, VOCABULARY, TEXTS = 512, 8, 50_257, 400
_SHORT, _PACKS, _PASSES = 96, 4, 2
_STEPS = 3
_LEARNING_RATE = 1e-5

Row = dict[str, list[int]]
Lesson = Callable[["Stopwatch", Sequence[Row], Sequence[Row]], None]
"""Learns from some texts first, and from others in its last step."""


class Taken(msgspec.Struct, frozen=True):
    """What a step took."""

    precision: str
    """The type that it multiplied in."""
    tokens: int
    seconds: float
    memory: int
    """The most that the process has held, in bytes."""
    others_cores: float = 0.0
    """What others took of the machine meanwhile."""

    @property
    def rate(self) -> float:
        """Useful tokens a second."""
        return self.tokens / self.seconds


class Stopwatch(TrainerCallback):  # type: ignore[misc]
    """Takes the time of a step, from the first forward pass to the updated weights; the last one counts."""

    def __init__(self) -> None:
        self._began, self._ended = now(os.getpid()), now(os.getpid())

    @property
    def seconds(self) -> float:
        """What it took."""
        return self._ended.at_s - self._began.at_s

    @property
    def others_cores(self) -> float:
        """What others took of the machine meanwhile."""
        return others_cores(self._began, self._ended)

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        """Start the watch."""
        self._began = now(os.getpid())

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        """Stop it."""
        self._ended = now(os.getpid())


def reviews() -> list[Row]:
    """Random tokens in texts as long as film reviews are: log-normal, 240 tokens in the mean after the cut at 512."""
    draw = random.Random(11)
    lengths = [max(32, min(LENGTH, round(draw.lognormvariate(5.4, 0.6)))) for _ in range(TEXTS)]
    rows = [[draw.randrange(VOCABULARY) for _ in range(length)] for length in lengths]
    return [{"input_ids": row, "labels": row} for row in rows]


def new_model(layers: int, width: int) -> Any:
    """A GPT-2 of random weights."""
    torch.manual_seed(0)
    config = GPT2Config(n_layer=layers, n_embd=width, n_head=max(1, width // 64), n_positions=1024)
    config.loss_type = "ForCausalLM"
    return GPT2LMHeadModel(config)


def filled(batch: Sequence[Row], length: int) -> dict[str, torch.Tensor]:
    """A batch, padded."""

    def row(values: Sequence[int], filler: int) -> list[int]:
        return [*values, *[filler] * (length - len(values))]

    return {
        "input_ids": torch.tensor([row(one["input_ids"], 0) for one in batch]),
        "attention_mask": torch.tensor([row([1] * len(one["input_ids"]), 0) for one in batch]),
        "labels": torch.tensor([row(one["labels"], -100) for one in batch]),
    }


def recipe(model: Any, folder: Path) -> Lesson:
    """What tutorials do."""
    arguments = TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=BATCH, max_steps=2, use_cpu=True, report_to=[],
        save_strategy="no", logging_strategy="no", disable_tqdm=True, dataloader_pin_memory=False,
        train_sampling_strategy="sequential",
    )  # fmt: skip

    def learn(watch: Stopwatch, first: Sequence[Row], second: Sequence[Row]) -> None:
        trainer = Trainer(
            model=model, args=arguments, train_dataset=[*first, *second], callbacks=[watch],
            data_collator=lambda rows: filled(rows, LENGTH),
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()

    return learn


def bare_loop(model: Any, folder: Path) -> Lesson:
    """What those do who write their own loop."""
    del folder
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE)
    model.train()

    def learn(watch: Stopwatch, *steps: Sequence[Row]) -> None:
        for batch in steps:
            watch.on_step_begin()
            model(**filled(batch, max(len(row["input_ids"]) for row in batch))).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            watch.on_step_end()

    return learn


class _Words:
    """Stands for a tokenizer, of which a soft prompt wants its first text's tokens."""

    def __call__(self, text: str, **kwargs: Any) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}


def ours(model: Any, folder: Path, method: Any) -> Lesson:
    """The trainer of `tunesmith tune`."""
    keep_memory()
    plan = Plan(model="bench", data=DataSpec(source="bench"), method=method, max_steps=_STEPS)
    adapted = build(plan, model, _Words(), None)
    device = torch.device("cpu")
    learner = Learner(adapted, pad_id=0, autocast=precision(method, model))
    short = [{name: tokens[:_SHORT] for name, tokens in row.items()} for row in reviews()[:3]]
    choose_way(learner, short, packing=True)
    run = RunFolder(folder / "run")
    run.path.mkdir()

    def layout_of(batch: Sequence[Row]) -> Layout:
        lengths = [len(row["input_ids"]) + learner.virtual_tokens for row in batch]
        return Layout(lengths, columns=max(LENGTH, *lengths), packs=_PACKS, seed=1)

    def passes_of(batch: Sequence[Row]) -> list[list[list[Row]]]:
        return [[[batch[place] for place in pack] for pack in packs] for packs in layout_of(batch).epoch(0)]

    def learn(watch: Stopwatch, first: Sequence[Row], second: Sequence[Row]) -> None:
        warm, passes = passes_of(first), passes_of(second)
        items = [*(warm[number % len(warm)] for number in range((_STEPS - 1) * len(passes))), *passes]
        reporter = Reporter(
            run, writer=None, plan=plan, cadence=Cadence(evaluate_every=1000, save_every=1000, total_steps=1000),
            progress=Progress(), epoch_at=lambda step: 0.0, device=device,
        )  # fmt: skip
        arguments = training_arguments(
            plan, run, learning_rate=_LEARNING_RATE, total_steps=_STEPS, accumulation=len(passes), use_cpu=True
        )
        teacher = Teacher(
            learner, batches=cast(Batches, items), arguments=arguments, reporter=reporter, run=run, plan=plan,
            tokenizer=None, template=None,
            evaluator=Evaluator(learner, second, layout=layout_of(second), device=device),
        )  # fmt: skip
        teacher.add_callback(watch)
        teacher.train()

    return learn


def precision(name: str, model: Any) -> torch.dtype | None:
    """The type that a trainer multiplies in; None is float32."""
    parameters = sum(one.numel() for one in model.parameters())
    return pick_precision("auto", torch.device("cpu"), parameters) if name in METHODS else None


def texts_for(name: str, rows: Sequence[Row], draw: random.Random) -> list[Row]:
    """The texts of one step: 8 from short to long, or as many as fill the room that 8 padded ones take."""
    if name not in METHODS:
        by_length, share = sorted(rows, key=lambda row: len(row["input_ids"])), len(rows) // BATCH
        return [draw.choice(by_length[first : first + share]) for first in range(0, share * BATCH, share)]
    chosen = draw.sample(list(rows), len(rows))
    layout = Layout([len(row["input_ids"]) for row in chosen], columns=LENGTH, packs=_PACKS, seed=1)
    return [chosen[place] for packs in layout.epoch(0)[:_PASSES] for pack in packs for place in pack]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", choices=(RECIPE, BARE_LOOP, *METHODS))
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="which texts")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    import_libraries()
    warnings.filterwarnings("ignore", category=FutureWarning)  # PEFT asks transformers in a way that has become old
    model, rows, watch = new_model(options.layers, options.width), reviews(), Stopwatch()
    kind = str(precision(options.name, model) or torch.float32).removeprefix("torch.")
    draw = random.Random(options.seed)
    others, texts = (texts_for(options.name, rows, draw) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        makers: dict[str, Callable[[Any, Path], Lesson]] = {RECIPE: recipe, BARE_LOOP: bare_loop}
        make = makers.get(options.name)
        learn = make(model, Path(folder)) if make else ours(model, Path(folder), options.name)
        learn(watch, others, texts)
    taken = Taken(
        precision=kind,
        tokens=sum(len(row["input_ids"]) for row in texts),
        seconds=watch.seconds,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        others_cores=watch.others_cores,
    )
    print(msgspec.json.encode(taken).decode())


if __name__ == "__main__":
    main()
