"""How many useful tokens a second a trainer learns from, against the recipe that every tutorial shows.

    python -m bench.training [--layers N] [--width N] [--rounds N] [--threads N] [--methods full,lora] [--json]

The recipe: transformers' `Trainer` with its defaults, every text padded to 512 tokens, 8 texts at once. Ours: the same
`Trainer` as `tunesmith tune` runs it, with as many tokens in a step. Both learn from texts as long as film reviews are
(log-normal, 250 tokens in the mean after the cut at 512) on a GPT-2 of random weights, in one process, in turns; the
first round warms up and is not counted. Padding is not counted as useful. The share of the peak is that of the matrix
product of two 2048 x 2048 matrices, measured in the same rounds, in the type that the trainer multiplies in.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from engine.corpus.spec import DataSpec
from engine.inference.runtime import import_libraries
from engine.runs import Plan, RunFolder
from engine.training.batches import Batches
from engine.training.checkpoints import Progress
from engine.training.evaluation import Evaluator
from engine.training.learner import Learner
from engine.training.machine import pick_precision
from engine.training.methods import build
from engine.training.reporter import Cadence, Reporter
from engine.training.rows import Layout
from engine.training.trainer import Teacher, training_arguments

TARGET_RATIO = 3.0
LENGTH, BATCH, VOCABULARY, TEXTS = 512, 8, 50_257, 400
MATRIX = 2048

Row = dict[str, list[int]]


class Stopwatch(TrainerCallback):  # type: ignore[misc]
    """Takes the time of each step, from its first forward pass to the updated weights."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._began_s = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        """Start the watch."""
        self._began_s = time.perf_counter()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        """Stop it."""
        self.seconds.append(time.perf_counter() - self._began_s)


def reviews() -> list[Row]:
    """Random tokens in texts as long as reviews are."""
    draw = random.Random(11)
    lengths = [max(32, min(LENGTH, round(draw.lognormvariate(5.4, 0.6)))) for _ in range(TEXTS)]
    rows = [[draw.randrange(VOCABULARY) for _ in range(length)] for length in lengths]
    return [{"input_ids": row, "labels": row} for row in rows]


def new_model(layers: int, width: int) -> Any:
    torch.manual_seed(0)
    config = GPT2Config(n_layer=layers, n_embd=width, n_head=max(1, width // 64), n_positions=1024)
    config.loss_type = "ForCausalLM"
    return GPT2LMHeadModel(config)


def beginner(rows: list[Row], layers: int, width: int, folder: Path) -> Callable[[], tuple[int, float]]:
    """The tutorial's recipe; calling it takes one step and gives its useful tokens and its seconds."""

    def padded(batch: list[Row]) -> dict[str, torch.Tensor]:
        def filled(values: Sequence[int], filler: int) -> list[int]:
            return [*values, *[filler] * (LENGTH - len(values))]

        return {
            "input_ids": torch.tensor([filled(row["input_ids"], 0) for row in batch]),
            "attention_mask": torch.tensor([filled([1] * len(row["input_ids"]), 0) for row in batch]),
            "labels": torch.tensor([filled(row["labels"], -100) for row in batch]),
        }

    model = new_model(layers, width)
    arguments = TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=BATCH, max_steps=1, use_cpu=True, report_to=[],
        save_strategy="no", logging_strategy="no", disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    draw = random.Random(1)

    def step() -> tuple[int, float]:
        batch, watch = draw.sample(rows, BATCH), Stopwatch()
        trainer = Trainer(model=model, args=arguments, train_dataset=batch, data_collator=padded, callbacks=[watch])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return sum(len(row["input_ids"]) for row in batch), watch.seconds[0]

    return step


def ours(
    rows: list[Row], layers: int, width: int, folder: Path, method: Any
) -> tuple[Callable[[], tuple[int, float]], Learner]:
    """The trainer of `tunesmith tune`, one step at each call."""
    plan = Plan(model="bench", data=DataSpec(source="bench"), method=method, max_steps=1)
    model = build(plan, new_model(layers, width), None, None)
    parameters = sum(one.numel() for one in model.parameters())
    device = torch.device("cpu")
    learner = Learner(model, pad_id=0, autocast=pick_precision("auto", device, parameters))
    run = RunFolder(folder / method)
    run.path.mkdir()
    lengths = [len(row["input_ids"]) for row in rows]
    draw = random.Random(1)

    def step() -> tuple[int, float]:
        watch = Stopwatch()
        layout = Layout(lengths, columns=LENGTH, packs=4, seed=draw.randrange(1000))
        batches = Batches(rows, layout, per_step=2, epochs=1, max_steps=1)
        cadence = Cadence(evaluate_every=1000, save_every=1000, total_steps=1000)
        reporter = Reporter(
            run, writer=None, plan=plan, cadence=cadence, progress=Progress(), epoch_at=batches.epoch_at, device=device
        )
        arguments = training_arguments(plan, run, learning_rate=1e-5, total_steps=1, accumulation=2, use_cpu=True)
        teacher = Teacher(
            learner, batches=batches, arguments=arguments, reporter=reporter, run=run, plan=plan, tokenizer=None,
            template=None, evaluator=Evaluator(learner, rows[:1], layout=layout, device=device),
        )  # fmt: skip
        teacher.add_callback(watch)
        teacher.train()
        return sum(
            len(row["input_ids"]) for index in range(2) for pack in batches[index] for row in pack
        ), watch.seconds[0]

    return step, learner


def matmul_flops(dtype: torch.dtype) -> float:
    """The best of a few products of two square matrices, in operations a second."""
    left, right = torch.randn(MATRIX, MATRIX, dtype=dtype), torch.randn(MATRIX, MATRIX, dtype=dtype)
    best_s = float("inf")
    for _ in range(4):
        began_s = time.perf_counter()
        left @ right
        best_s = min(best_s, time.perf_counter() - began_s)
    return 2 * MATRIX**3 / best_s


def flops_per_token(layers: int, width: int, mean_length: float, method: str) -> float:
    """Forward and backward, as in Kaplan et al. (2020); LoRA computes no gradient of the weights."""
    weights = 12 * layers * width**2 + VOCABULARY * width
    passes = 4 if method == "lora" else 6
    return passes * weights + 6 * layers * width * mean_length


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Take all steps in turns."""
    rows = reviews()
    mean = statistics.mean(len(row["input_ids"]) for row in rows)
    size = (arguments.layers, arguments.width)
    steps = {"beginner": beginner(rows, *size, folder)}
    types = {"beginner": torch.float32}
    for method in arguments.methods.split(","):
        steps[method], learner = ours(rows, *size, folder, method)
        types[method] = learner.autocast or torch.float32
    rates: dict[str, list[float]] = {name: [] for name in steps}
    peaks: dict[torch.dtype, list[float]] = {dtype: [] for dtype in types.values()}
    for number in range(arguments.rounds + 1):
        for dtype, found in peaks.items():
            found.append(matmul_flops(dtype))
        for name in list(steps) if number % 2 else list(reversed(steps)):
            tokens, seconds = steps[name]()
            if number:
                rates[name].append(tokens / seconds)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    return {
        "tokens_per_s": rates,
        "median": medians,
        "ratio": {name: medians[name] / medians["beginner"] for name in medians},
        "share_of_peak": {
            name: medians[name] * flops_per_token(*size, mean, name) / statistics.median(peaks[types[name]])
            for name in medians
        },
        "precision": {name: str(dtype).removeprefix("torch.") for name, dtype in types.items()},
        "peak_gflops": {str(dtype).removeprefix("torch."): max(found) / 1e9 for dtype, found in peaks.items()},
        "mean_length": mean,
        "target": TARGET_RATIO,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else "")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own number")
    parser.add_argument("--methods", default="full,lora")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    import_libraries()
    warnings.filterwarnings("ignore", category=FutureWarning)  # PEFT asks transformers in a way that has become old
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{'recipe':<12}{'numbers':<10}{'useful tokens/s':>16}{'ratio':>8}{'of the peak':>13}")
    for name, median in found["median"].items():
        share, ratio = found["share_of_peak"][name], found["ratio"][name]
        print(f"{name:<12}{found['precision'][name]:<10}{median:>16.0f}{ratio:>8.2f}{share:>13.0%}")
    peaks = ", ".join(f"{name} {value:.0f}" for name, value in found["peak_gflops"].items())
    print(f"peak GFLOP/s: {peaks}; texts of {found['mean_length']:.0f} tokens; {arguments.rounds} rounds in turns")


if __name__ == "__main__":
    main()
