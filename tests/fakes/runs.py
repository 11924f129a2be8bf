"""Run directories as a trainer would have written them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from engine.corpus.spec import DataSpec
from engine.paths import Paths
from engine.runs import Plan, RunFolder, create
from engine.runs.checkpoints import seal
from engine.runs.events import (
    CheckpointSaved,
    DataReady,
    EvalDone,
    PreflightDone,
    ProbeSampled,
    RunEvent,
    RunFinished,
    RunPaused,
    RunStarted,
    StepDone,
    Warned,
)
from engine.runs.lock import TrainerLock
from engine.runs.log import EventWriter

BEGAN_S = 1_789_990_000.0
PROMPTS = ("Once upon a time there was a little", "The dog ran to the")
REPLIES = (
    ("the the of , a the and", "of . the to , in"),
    ("girl girl was was happy the", "park park and was the"),
    ("girl named Lily. She was the happy day", "park and saw a the ball"),
    ("girl named Lily. She liked to play outside in the sun.", "park and saw a big red ball."),
    ("girl named Lily. She loved to play outside with her red ball. One day, she", "park. He saw a big red ball and"),
)
PLAN = Plan(model="gpt2", data=DataSpec(source="reviews.jsonl", text_column="text"), epochs=3)


def loss_at(step: int) -> float:
    """A loss that falls, with a little noise that is the same each time."""
    return 2.0 + 2.4 * math.exp(-step / 90) + 0.12 * math.sin(step * 12.9898) * math.cos(step * 4.1)


def step_done(step: int, *, total: int = 500, loss: float | None = None) -> StepDone:
    """One step."""
    return StepDone(
        step=step,
        epoch=3 * step / total if total else step / 100,
        loss=loss_at(step) if loss is None else loss,
        lr=2e-4 * (1 - step / (total + 1) if total else 1),
        grad_norm=0.4 + 0.2 * math.sin(step),
        tokens=4000,
        tokens_per_s=2000.0,
        seconds=2.0,
        memory_bytes=1_240_000_000,
        total_steps=total,
    )


class FakeTrainer:
    """Writes a run's directory, and holds its lock while it is at work."""

    def __init__(self, paths: Paths, name: str = "first", *, plan: Plan = PLAN, total: int = 500) -> None:
        runs = paths.runs / name
        self.run = RunFolder(runs) if runs.exists() else create(paths.runs, plan, name)
        os.utime(self.run.plan_file, (BEGAN_S, BEGAN_S))
        self.total = total
        self._now_s = BEGAN_S
        self._writer = EventWriter(self.run.events_file, clock=self._clock)
        self._lock: TrainerLock | None = None
        self.step = 0
        self.best = (math.inf, 0)

    def _clock(self) -> float:
        self._now_s += 1
        return self._now_s

    def work(self) -> FakeTrainer:
        """Take the lock: somebody trains."""
        self._lock = TrainerLock.take(self.run.lock_file)
        return self

    def die(self, *lines: str) -> FakeTrainer:
        """Be killed: the lock is free, and nothing is said."""
        if lines:
            self.run.log_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.close()
        return self

    def close(self) -> None:
        """Let go of everything."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        if not self.run.log_file.exists() and self.run.path.exists():
            self.run.log_file.write_text("", encoding="utf-8")

    def tell(self, *events: RunEvent) -> FakeTrainer:
        """Write events."""
        for event in events:
            self._writer.append(event)
        return self

    def begin(self) -> FakeTrainer:
        """All that comes before the first step."""
        self.tell(
            RunStarted(
                model="gpt2", method="lora", pid=4711, device="cpu", precision="float32", threads=2,
                parameters=124_439_808, trainable=1_179_648, learning_rate=2e-4, total_steps=self.total,
            ),
            DataReady(rows=1900, evaluation_rows=100, tokens=410_000, trained_tokens=410_000, truncated_rows=12),
            PreflightDone(
                peak_memory_bytes=1_240_000_000, free_memory_bytes=6_000_000_000, seconds_per_step=2.0, eta_s=1000,
                checkpoint_bytes=14_000_000, checkpoints=3, free_disk_bytes=80_000_000_000, fits=True,
                words="At most 1.2 GB of memory; 2 s a step, 16 min 40 s for 500 steps. A checkpoint takes 14 MB; "
                "3 are kept, and 80 GB are free.",
            ),
        )  # fmt: skip
        return self.evaluate(0)

    def evaluate(self, step: int, *, loss: float | None = None) -> FakeTrainer:
        """An evaluation with its replies."""
        held_out = loss_at(step) + 0.08 if loss is None else loss
        self.best = min(self.best, (held_out, step))
        stage = min(len(REPLIES) - 1, step * len(REPLIES) // max(1, self.total))
        self.tell(
            EvalDone(
                step=step, loss=held_out, perplexity=math.exp(held_out), seconds=3, tokens=9000,
                accuracy=min(0.91, 0.5 + step / 1000), generic_loss=3.6 + step / 5000,
                best_loss=self.best[0], best_step=self.best[1],
            )
        )  # fmt: skip
        return self.tell(
            *(
                ProbeSampled(step=step, index=index, prompt=prompt, text=f" {REPLIES[stage][index]}")
                for index, prompt in enumerate(PROMPTS)
            )
        )

    def train(self, steps: int, *, evaluate_every: int = 50, save_every: int = 100) -> FakeTrainer:
        """So many steps, with what is due after them."""
        for _ in range(steps):
            self.step += 1
            self.tell(step_done(self.step, total=self.total))
            if self.step % evaluate_every == 0:
                self.evaluate(self.step)
            if self.step % save_every == 0:
                self.save(self.step)
        return self

    def save(self, step: int) -> FakeTrainer:
        """A checkpoint that is listed; its weights are none."""
        folder = self.run.checkpoint(step)
        folder.mkdir(parents=True)
        _weigh(folder / "adapter_model.safetensors", 14_000)
        seal(folder, step, loss_at(step) + 0.08, 1)
        return self.tell(CheckpointSaved(step=step, size_bytes=14_000, seconds=0.2, loss=loss_at(step) + 0.08))

    def warn(self, title: str, hint: str = "") -> FakeTrainer:
        """Tell of something."""
        return self.tell(Warned(title=title, hint=hint))

    def pause(self) -> FakeTrainer:
        """Pause, as asked, and end."""
        words = f"Paused at step {self.step:,} of {self.total:,}; its memory is free"
        self.tell(RunPaused(step=self.step, reason="asked", words=words))
        self.close()
        return self

    def finish(self) -> FakeTrainer:
        """Come to the end."""
        self.run.final.mkdir(exist_ok=True)
        _weigh(self.run.final / "adapter_model.safetensors", 14_000)
        self.tell(RunFinished(outcome="completed", step=self.step, seconds=2.0 * self.step))
        self.close()
        return self

    def fail(self, why: str, hint: str = "") -> FakeTrainer:
        """End with an error."""
        self.tell(RunFinished(outcome="failed", step=self.step, why=why, hint=hint))
        self.close()
        return self


def store_runs(paths: Paths) -> Sequence[FakeTrainer]:
    """A few runs: one at work, one finished, one dead, one paused."""
    finished = FakeTrainer(paths, "stories-lora").begin().train(500).finish()
    died = FakeTrainer(paths, "reviews-full").begin().train(130)
    died.die("Traceback (most recent call last):", "RuntimeError: out of memory: you tried to allocate 2.1 GB")
    paused = FakeTrainer(paths, "poems-soft-prompt").begin().train(220).pause()
    alive = FakeTrainer(paths, "reviews-lora").work().begin().train(310)
    alive.warn("12 rows were cut at 512 tokens", "Longer rows: --max-length")
    for age, one in enumerate((alive, paused, died, finished)):
        os.utime(one.run.plan_file, (BEGAN_S - 3600 * age, BEGAN_S - 3600 * age))
    return alive, paused, died, finished


def _weigh(file: Path, size_bytes: int) -> None:
    file.write_bytes(b"\0" * size_bytes)
