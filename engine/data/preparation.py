"""From a spec to rows that can be trained on, once; the next time they are there."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from engine.corpus.prepared import RECORD, prune_prepared
from engine.corpus.report import Report
from engine.corpus.spec import DataSpec
from engine.data.encoding import tokenizer_digest
from engine.data.pipeline import IsCancelled, OnProgress, Pipeline, build, never, no_progress
from engine.data.place import (
    copy_into_place,
    fresh_partial,
    is_full,
    locked,
    move_into_place,
    words_for_a_full_disk,
)
from engine.data.splitting import held_out
from engine.data.table import Rows, RowWriter
from engine.data.tally import Tally
from engine.errors import DataFault
from engine.figures import plural
from engine.inference.joining import joined
from engine.models.records import OnProgress as OnFetch
from engine.models.records import no_progress as no_fetch
from engine.protocol import Frozen, Template

_FORMAT = 1
"""Part of the key: another way of preparing makes other rows."""
_TRAIN, _HELD_OUT = "rows.arrow", "evaluation.arrow"
_FILES = (_TRAIN, _HELD_OUT, RECORD)
_PROGRESS_ROWS = 500
_SHOWN_FAULTS = 3


class Record(Frozen, frozen=True, kw_only=True):
    """What is known of prepared rows beside the rows."""

    key: str
    report: Report
    label_words: tuple[str, ...] = ()
    label_ids: tuple[tuple[int, ...], ...] = ()


class Prepared(msgspec.Struct, frozen=True):
    """Rows of tokens, ready to be trained on."""

    train: Rows
    evaluation: Rows
    """Held out; may be empty."""
    report: Report
    template: Template | None
    """The one that the rows are dressed with: it belongs to what is trained. None for raw text."""
    label_words: tuple[str, ...] = ()
    """What the model says for each label; empty for rows without labels."""
    label_ids: tuple[tuple[int, ...], ...] = ()
    """The tokens of each label behind a prompt, with the end of text."""


def prepare(
    spec: DataSpec,
    tokenizer: Any,
    *,
    max_length: int,
    folder: Path,
    cache: Path | None = None,
    on_fetch: OnFetch = no_fetch,
    on_progress: OnProgress = no_progress,
    cancelled: IsCancelled = never,
) -> Prepared:
    """Read, check, dress and encode all rows; or open them, where that was done before.

    Any number of processes may ask for the same at once: one does the work.

    Args:
        spec: What to train on.
        tokenizer: A tokenizer of transformers.
        max_length: The longest row in tokens.
        folder: Where the rows are kept, and nothing else. What is there for the same spec, tokenizer and length is
            opened, whatever has become of the source: a run that goes on sees the rows that it began with.
        cache: Where rows are shared by content between folders; None shares nothing.
        on_fetch: Told how far a download from the hub has come.
        on_progress: Told how many rows are done.
        cancelled: Asked some times a second.

    Raises:
        DataFault: Rows are faulty and there is no consent to skip them, or none is left.
        TunesmithError: The source can't be read, or the spec does not fit it.
        DiskFull: The rows could not be written.
        Cancelled: `cancelled` said so.
    """
    key = _digest(_asked(spec), tokenizer_digest(tokenizer), str(max_length))
    with words_for_a_full_disk(folder):
        if (found := _open(folder, key, spec)) is not None:
            return found
        with locked(folder, cancelled):
            if (found := _open(folder, key, spec)) is not None:
                return found
            begin = partial(build, tokenizer=tokenizer, max_length=max_length, on_fetch=on_fetch, cancelled=cancelled)
            pipeline = begin(spec)
            held = _held_out_elsewhere(pipeline, begin)
            write = partial(_write, key=key, pipeline=pipeline, held=held, on_progress=on_progress, cancelled=cancelled)
            # A stream has no identity: what the hub gives under its name may be another thing tomorrow.
            identities = [one.source.identity() for one in (pipeline, held) if one is not None]
            shared = None if cache is None or spec.streaming else cache / _digest(key, *identities)
            if shared is None or not _share(write, key, shared, folder, cancelled):
                write(folder)
        found = _open(folder, key, spec)
    if found is None:
        raise DataFault(f"What was prepared in {folder} is gone", "Start again")
    return found


def _share(write: Callable[[Path], None], key: str, shared: Path, folder: Path, cancelled: IsCancelled) -> bool:
    """Have the rows in the cache and in the folder; False where the cache has no room or may not be written."""
    try:
        with locked(shared, cancelled):
            if not _is_whole(shared, key):
                write(shared)
            (shared / RECORD).touch()
            copy_into_place(shared, folder, _FILES)
    except OSError as error:
        if is_full(error):
            prune_prepared(shared.parent, now=time.time(), max_bytes=0)
        return False
    prune_prepared(shared.parent, now=time.time())
    return True


def _asked(spec: DataSpec) -> str:
    """All of a spec that the rows depend on; which of them are held out is decided when they are opened."""
    sampling_seed = spec.seed if spec.max_rows else 0
    asked = msgspec.structs.replace(spec, skip_faulty=False, eval_fraction=0.0, seed=sampling_seed)
    return msgspec.json.encode(asked).decode()


def _open(folder: Path, key: str, spec: DataSpec) -> Prepared | None:
    record = _read_record(folder)
    if record is None or record.key != key:
        return None
    _check_consent(record.report, spec)
    rows = Rows(folder / _TRAIN)
    if (folder / _HELD_OUT).exists():
        train, evaluation = rows, Rows(folder / _HELD_OUT)
    else:
        held = held_out(rows.digests, spec.eval_fraction, spec.seed)
        train, evaluation = rows.select(~held), rows.select(held)
    report = msgspec.structs.replace(
        record.report, pieces=len(train), tokens=sum(train.lengths), trained_tokens=train.count_trained()
    )
    return Prepared(train, evaluation, report, report.template, record.label_words, record.label_ids)


def _held_out_elsewhere(pipeline: Pipeline, begin: Callable[..., Pipeline]) -> Pipeline | None:
    spec = pipeline.spec
    if not spec.eval_source and not spec.eval_split:
        return None
    other = msgspec.structs.replace(
        spec, source=spec.eval_source or spec.source, split=spec.eval_split or spec.split, max_rows=0
    )
    return begin(other, like=pipeline)


def _write(
    folder: Path,
    key: str,
    pipeline: Pipeline,
    held: Pipeline | None,
    *,
    on_progress: OnProgress,
    cancelled: IsCancelled,
) -> None:
    """Write the rows beside their place, and move them there when they are whole. Who comes here holds the lock."""
    partial = fresh_partial(folder)
    try:
        tally = Tally(pipeline)
        _write_rows(partial / _TRAIN, pipeline, tally, on_progress, cancelled)
        report = tally.report()
        if held is not None:
            other = Tally(held)
            _write_rows(partial / _HELD_OUT, held, other, no_progress, cancelled)
            _check_consent(other.report(), pipeline.spec)
        labels = pipeline.labels
        encoder = pipeline.encoder
        assert encoder is not None
        record = Record(
            key=key,
            report=report,
            label_words=labels.words if labels else (),
            label_ids=tuple(tuple(encoder.continuation(_label_text(pipeline, word))) for word in labels.words)
            if labels
            else (),
        )
        (partial / RECORD).write_bytes(msgspec.json.encode(record))
        for file in partial.iterdir():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        move_into_place(partial, folder, _FILES)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _label_text(pipeline: Pipeline, word: str) -> str:
    """A label's word as it stands behind a prompt of the template."""
    for outcome in pipeline.run():
        if outcome.dressed is not None:
            return joined(outcome.dressed.parts[0].text, word)
    return word


def _write_rows(file: Path, pipeline: Pipeline, tally: Tally, on_progress: OnProgress, cancelled: IsCancelled) -> None:
    """Write all rows.

    Raises:
        DataFault: Some are faulty, and there is no consent to go on without them. All are looked at, to count them.
    """
    consent = pipeline.spec.skip_faulty
    writer = RowWriter(file)
    try:
        for outcome in pipeline.sampled(cancelled):
            tally.add(outcome)
            if tally.rows % _PROGRESS_ROWS == 0:
                on_progress(tally.rows)
            if tally.faulty_rows and not consent:
                continue
            label = -1 if outcome.label is None else outcome.label
            for piece in outcome.pieces:
                writer.add(piece, row=outcome.item.row, label=label, digest=outcome.digest)
        on_progress(tally.rows)
        _check_consent(tally.report(), pipeline.spec)
        writer.close()
    finally:
        writer.abandon()


def _check_consent(report: Report, spec: DataSpec) -> None:
    if report.faulty_rows and not spec.skip_faulty:
        count = plural(report.faulty_rows, "row")
        shown = [fault.words for kind in report.faults for fault in kind.first][:_SHOWN_FAULTS]
        more = "" if report.faulty_rows <= len(shown) else "\nand so on"
        raise DataFault(
            f"{count} of {report.rows:,} can't be used:\n" + "\n".join(shown) + more,
            "Correct them, or go on without them with --skip-faulty",
        )
    if report.used_rows == 0:
        raise DataFault(f"{spec.source} has no row that can be trained on", "Look at it with `tunesmith data show`")


def _read_record(folder: Path) -> Record | None:
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


def _is_whole(folder: Path, key: str) -> bool:
    record = _read_record(folder)
    return record is not None and record.key == key


def _digest(*texts: str) -> str:
    joined = "\0".join((str(_FORMAT), *texts))
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
