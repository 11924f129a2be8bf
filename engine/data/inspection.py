"""What a person looks at: some rows with all that becomes of them, and counts over all rows."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec

from engine.corpus.report import Fault, Report
from engine.corpus.spec import DataSpec
from engine.corpus.views import Fate, RowView, TokenView
from engine.data.encoding import Encoded
from engine.data.pipeline import IsCancelled, OnProgress, Outcome, Pipeline, build, never, no_progress
from engine.data.rows import Row
from engine.data.tally import Tally

MAX_RAW_CHARACTERS = 20_000
"""Of one column that is shown."""
MAX_TOKENS = 4096
"""Of one row that are shown."""
_PROGRESS_ROWS = 500


def inspect_rows(
    spec: DataSpec, tokenizer: Any = None, start: int = 1, count: int = 10, *, max_length: int = 0
) -> tuple[RowView, ...]:
    """Show some rows.

    Args:
        spec: What to read; `max_rows` plays no part.
        tokenizer: A tokenizer of transformers; None leaves tokens out.
        start: The first row, counted from 1.
        count: How many.
        max_length: In tokens; 0 is no limit.

    Raises:
        TunesmithError: The source can't be read, or the spec does not fit it. A faulty row is shown as such.
    """
    return views(build(spec, tokenizer, max_length=max_length), tokenizer, start, count)


def views(pipeline: Pipeline, tokenizer: Any, start: int, count: int) -> tuple[RowView, ...]:
    """Show some rows of a pipeline; fewer where there are no more."""
    # No more rows are read than are shown, or a slow stream would be waited for.
    source = islice(pipeline.source.read(max(0, start - 1)), max(0, count))
    return tuple(_view(outcome, tokenizer) for outcome in pipeline.process(list(source)))


def survey(
    spec: DataSpec,
    tokenizer: Any = None,
    *,
    max_length: int = 0,
    on_progress: OnProgress = no_progress,
    cancelled: IsCancelled = never,
) -> Report:
    """Count over all rows that would be trained on, in tokens, or in characters without a tokenizer.

    Raises:
        TunesmithError: The source can't be read, or the spec does not fit it. Faulty rows are counted.
        Cancelled: `cancelled` said so.
    """
    pipeline = build(spec, tokenizer, max_length=max_length, cancelled=cancelled)
    return counted(pipeline, on_progress, cancelled)


def counted(pipeline: Pipeline, on_progress: OnProgress = no_progress, cancelled: IsCancelled = never) -> Report:
    """Count over all rows of a pipeline."""
    tally = Tally(pipeline)
    for outcome in pipeline.sampled(cancelled):
        tally.add(outcome)
        if tally.rows % _PROGRESS_ROWS == 0:
            on_progress(tally.rows)
    return tally.report()


def _view(outcome: Outcome, tokenizer: Any) -> RowView:
    item, encoded = outcome.item, outcome.encoded
    return RowView(
        row=item.row,
        file=item.file,
        line=item.line,
        raw={} if isinstance(item, Fault) else _raw(item),
        parts=outcome.dressed.parts if outcome.dressed is not None else (),
        tokens=_tokens(encoded, tokenizer) if encoded is not None else (),
        token_count=len(encoded.ids) if encoded is not None else 0,
        cut_tokens=encoded.lost if encoded is not None else 0,
        fault=outcome.fault,
    )


def _raw(row: Row) -> dict[str, str]:
    return {str(name): _as_text(value) for name, value in row.values.items()}


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        value = msgspec.json.encode(value, enc_hook=str).decode("utf-8", "replace")
    if len(value) <= MAX_RAW_CHARACTERS:
        return str(value)
    return f"{value[:MAX_RAW_CHARACTERS]}… ({len(value) - MAX_RAW_CHARACTERS:,} more characters)"


def _tokens(encoded: Encoded, tokenizer: Any) -> tuple[TokenView, ...]:
    begins = set(encoded.breaks)
    return tuple(
        TokenView(id=token, text=text, fate=_fate(encoded, place), begins_piece=place in begins)
        for place, (token, text) in enumerate((token, _text_of(tokenizer, token)) for token in encoded.ids[:MAX_TOKENS])
    )


def _text_of(tokenizer: Any, token: int) -> str:
    """A token's text with the blank that belongs to it, which decoders take from the start of a text."""
    piece = tokenizer.convert_ids_to_tokens(token)
    text: str = tokenizer.decode([token], skip_special_tokens=False, clean_up_tokenization_spaces=False)
    if isinstance(piece, str) and piece.startswith("▁") and not text.startswith(" "):
        return " " + text
    return text


def _fate(encoded: Encoded, place: int) -> Fate:
    if not encoded.kept[place]:
        return "cut"
    return "trained" if encoded.trained[place] and place > 0 else "masked"
