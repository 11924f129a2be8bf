"""transformers' Trainer, taught to learn from packs, to report, and to leave checkpoints that go on exactly.

What is changed of it: the loss (summed by the learner, divided by the step's trained tokens over all processes), the
order of the data (`Batches`), evaluation, and what a checkpoint is. Loop, optimiser, schedule, accumulation, clipping
and distribution are its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from engine.protocol import Template
from engine.runs.checkpoints import prune
from engine.runs.events import CheckpointSaved, RunPaused, RunResumed
from engine.runs.folder import RunFolder
from engine.runs.plan import Plan
from engine.training import checkpoints
from engine.training.batches import Batches
from engine.training.disk import free_bytes, is_disk_full
from engine.training.evaluation import Evaluator
from engine.training.learner import Learner
from engine.training.reporter import Reporter
from engine.training.rows import IGNORED, useful_tokens

_LOOK_AGAIN_S = 1.0
_ROOM = 1.05


class Teacher(Trainer):
    """The trainer of a run."""

    def __init__(
        self,
        learner: Learner,
        *,
        batches: Batches,
        arguments: TrainingArguments,
        reporter: Reporter,
        evaluator: Evaluator,
        run: RunFolder,
        plan: Plan,
        tokenizer: Any,
        template: Template | None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Put the parts together.

        Args:
            learner: What learns.
            batches: What it learns from, in order.
            arguments: See `training_arguments`.
            reporter: Tells what happens.
            evaluator: Reads the held-out rows.
            run: Where checkpoints go.
            plan: How many of them to keep.
            tokenizer: Goes into each checkpoint.
            template: Goes into each checkpoint, where the data was dressed with one.
            sleep: Waits for space on a full disk.
        """
        super().__init__(
            model=learner,
            args=arguments,
            train_dataset=batches,
            data_collator=lambda items: learner.collate(items[0]),
            callbacks=[reporter],
        )
        self.remove_callback(PrinterCallback)
        self.model_accepts_loss_kwargs = True  # the loss comes divided by the tokens of the whole step
        self.reporter = reporter
        self.evaluator = evaluator
        self._learner, self._run, self._plan = learner, run, plan
        self._tokenizer, self._template, self._sleep = tokenizer, template, sleep
        self._checkpoint_bytes = 0

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """Take the passes of one step, and count the trained tokens of all processes in them."""
        batches = []
        for _ in range(num_batches):
            with contextlib.suppress(StopIteration):
                batches.append(next(epoch_iterator))
        counts = torch.tensor(
            [sum(int((batch["targets"] != IGNORED).sum()) for batch in batches), sum(map(useful_tokens, batches))],
            device=device,
        )
        if self.args.world_size > 1:
            torch.distributed.all_reduce(counts)
        self.reporter.add_batch(int(counts[1]))
        return batches, counts[0]

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The mean over the step's trained tokens of all processes, times their number, which averaging undoes."""
        del return_outputs
        loss = model(**inputs) / max(1, int(num_items_in_batch)) * self.args.world_size
        self.reporter.add_loss(loss.detach())
        return loss

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Read the held-out rows, answer the probes, and see whether it is time to end early."""
        del args, kwargs
        step = int(self.state.global_step)
        if self.reporter.evaluated_step != step:
            event = self.evaluator.evaluate(step, self.reporter)
            if self.reporter.evaluated(event):
                self.reporter.warn(
                    f"The held-out loss has not become better for {self._plan.patience} evaluations: the run ends here"
                )
                self.control.should_training_stop = True
                self.control.should_save = True
        self.control.should_evaluate = False
        self.reporter.rested()
        return {}

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        self.reporter.check_gradient(float(norm))
        return norm

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        del model, trial
        began_s = time.monotonic()
        step = int(self.state.global_step)
        partial = checkpoints.partial_folder(self._run, step)
        progress = self.reporter.progress
        loss = self.evaluator.last_loss if self.reporter.evaluated_step == step else None
        if self.args.process_index == 0:
            self._insist(step, partial)
        if self.args.world_size > 1:
            torch.distributed.barrier()
            if self.args.process_index > 0 and partial.is_dir():
                checkpoints.write_random_states(partial, self.args.process_index)
            torch.distributed.barrier()
        if self.args.process_index == 0 and partial.is_dir():
            size = checkpoints.finish(self._run, partial, step, loss, self.args.world_size)
            self._checkpoint_bytes = size
            prune(self._run, keep_last=self._plan.keep_last, keep_best=self._plan.keep_best)
            self.reporter.tell(
                CheckpointSaved(
                    step=step,
                    size_bytes=size,
                    seconds=time.monotonic() - began_s,
                    loss=loss,
                    best=loss is not None and progress.best_step == step,
                )
            )
        self.reporter.saved()

    def _insist(self, step: int, partial: Path) -> None:
        """Write the checkpoint; while the disk is full, stand still and try again when there is room."""
        waiting = False
        while True:
            try:
                self._write(partial)
            except Exception as error:
                checkpoints.remove(partial)
                if not is_disk_full(error, self._run.path):
                    raise
            else:
                if waiting:
                    self.reporter.tell(RunResumed(step=step))
                return
            if not waiting:
                waiting = True
                self.reporter.tell(
                    RunPaused(
                        step=step,
                        reason="disk-full",
                        words="The disk is full: nothing is lost, and the run goes on by itself when there is room",
                    )
                )
            if not self._wait_for_room():
                return

    def _wait_for_room(self) -> bool:
        """Wait until the disk has room for what did not fit; false where somebody ends the wait."""
        before = free_bytes(self._run.path)
        needed = max(self._checkpoint_bytes * _ROOM, before + 1)
        while free_bytes(self._run.path) < needed:
            request = self.reporter.asked()
            if request in ("stop", "pause"):
                self.control.should_training_stop = True
                self.reporter.ending = "stopped" if request == "stop" else "paused"
                return False
            self._sleep(_LOOK_AGAIN_S)
        return True

    def _write(self, partial: Path) -> None:
        checkpoints.remove(partial)
        partial.mkdir(parents=True)
        checkpoints.write_shared(
            partial,
            checkpoints.Snapshot(
                model=self._learner.model,
                tokenizer=self._tokenizer,
                template=self._template,
                optimizer=self.optimizer,
                scheduler=self.lr_scheduler,
                progress=self.reporter.progress,
                save_trainer_state=self.state.save_to_json,
            ),
        )
        checkpoints.write_random_states(partial, self.args.process_index)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """The weights are there: the learner was built from the checkpoint."""

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            checkpoints.read_training_state(Path(checkpoint), self.optimizer, self.lr_scheduler)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            checkpoints.read_random_states(Path(checkpoint), self.args.process_index)


def training_arguments(
    plan: Plan, run: RunFolder, *, learning_rate: float, total_steps: int, accumulation: int, use_cpu: bool
) -> TrainingArguments:
    """Translate a plan for transformers' Trainer, of which only the loop is used.

    Args:
        plan: The plan.
        run: Where the trainer may write.
        learning_rate: Settled.
        total_steps: Settled.
        accumulation: Passes of one process in one step.
        use_cpu: Whether the CPU was chosen.
    """
    schedule = "constant_with_warmup" if plan.schedule == "constant" else plan.schedule
    return TrainingArguments(
        output_dir=str(run.checkpoints),
        max_steps=total_steps,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=accumulation,
        learning_rate=learning_rate,
        lr_scheduler_type=schedule,
        warmup_steps=int(total_steps * plan.warmup_share),
        weight_decay=plan.weight_decay,
        max_grad_norm=plan.clip_norm,
        optim="adamw_torch_fused",
        train_sampling_strategy="sequential",
        seed=plan.seed,
        use_cpu=use_cpu,
        save_strategy="no",
        eval_strategy="no",
        logging_strategy="no",
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        dataloader_num_workers=0,
        ddp_find_unused_parameters=False,
    )
