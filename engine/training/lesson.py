"""The data of a run: prepared, laid out, and tried on the learner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from engine.data import Prepared, prepare
from engine.data.table import Rows
from engine.errors import Failed
from engine.runs.events import DataReady
from engine.runs.folder import RunFolder
from engine.runs.plan import Plan
from engine.training.batches import Batches
from engine.training.learner import Learner
from engine.training.preparation import Preparation
from engine.training.rows import Layout, row_lengths
from engine.training.ways import choose_way

_PACK_BY_DEFAULT = 2048
_CHECK_ROWS, _CHECK_TOKENS = 3, 96


class Lesson(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What there is to learn, and in which order."""

    prepared: Prepared
    held_out: Rows
    columns: int
    packs: int
    accumulation: int
    batches: Batches
    ready: DataReady


def read_lesson(
    run: RunFolder,
    plan: Plan,
    learner: Learner,
    tokenizer: Any,
    *,
    cache: Path,
    longest: int,
    processes: int,
    preparation: Preparation,
) -> Lesson:
    """Prepare the data of a run, and find the quickest way through the learner.

    Args:
        run: Where prepared rows are kept.
        plan: The plan.
        learner: Its `way` is set.
        tokenizer: Of the model.
        cache: Where prepared rows are shared by runs.
        longest: Tokens of a row, with the virtual ones.
        processes: How many train together.
        preparation: Is told how far reading has come, and may end it.

    Raises:
        Cancelled: Somebody wants it to end.
        TunesmithError: The data can't be used.
    """
    prepared = prepare(
        plan.data,
        tokenizer,
        max_length=longest - learner.virtual_tokens,
        folder=run.data,
        cache=cache,
        on_fetch=preparation.fetching("data"),
        on_progress=preparation.rows_read,
        cancelled=preparation.is_ended,
    )
    rows = prepared.train
    if len(rows) == 0:
        raise Failed("There is no row to train on", "Look at the data: tunesmith data show")
    sample = [_start_of(rows[index]) for index in range(min(_CHECK_ROWS, len(rows)))]
    way = choose_way(learner, sample, packing=plan.packing)
    columns = longest
    packs = max(1, (plan.pack_tokens or min(_PACK_BY_DEFAULT, plan.batch_tokens)) // columns)
    accumulation = max(1, round(plan.batch_tokens / (packs * columns)))
    layout = layout_of(learner, rows, columns=columns, packs=packs, seed=plan.seed)
    held_out = prepared.evaluation if len(prepared.evaluation) else rows
    report = prepared.report
    return Lesson(
        prepared=prepared,
        held_out=_some(held_out, plan.evaluation_rows),
        columns=columns,
        packs=packs,
        accumulation=accumulation,
        batches=Batches(
            rows,
            layout,
            per_step=accumulation * processes,
            epochs=plan.epochs,
            max_steps=plan.max_steps,
        ),
        ready=DataReady(
            rows=rows.count_source_rows(),
            evaluation_rows=prepared.evaluation.count_source_rows(),
            pieces=len(rows),
            tokens=report.tokens,
            trained_tokens=report.trained_tokens,
            skipped_rows=report.skipped_rows,
            truncated_rows=report.truncated_rows,
            max_length=longest,
            packed=way != "padded",
        ),
    )


def layout_of(learner: Learner, rows: Rows, *, columns: int, packs: int, seed: int = 0) -> Layout:
    """Which rows go together on their way through a learner."""
    padded = learner.way == "padded"
    return Layout(lengths_of(learner, rows), columns=columns, packs=packs, padded=padded, seed=seed)


def lengths_of(learner: Learner, rows: Rows) -> list[int]:
    """The length of each row with what the method puts before it, in tokens."""
    return [length + learner.virtual_tokens for length in row_lengths(rows)]


def _some(rows: Rows, count: int) -> Rows:
    """So many rows, evenly over all."""
    if count == 0 or len(rows) <= count:
        return rows
    return rows.select([index * len(rows) // count for index in range(count)])


def _start_of(row: Any) -> dict[str, list[int]]:
    """A row's first tokens, all of which count: enough to see whether packed rows see one another."""
    ids = list(row["input_ids"][:_CHECK_TOKENS])
    return {"input_ids": ids, "labels": ids}
