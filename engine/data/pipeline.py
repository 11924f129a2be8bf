"""Everything between a source and tokens, put together once for a spec."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from engine.corpus.report import Fault
from engine.corpus.spec import Columns, DataSpec
from engine.data.columns import SAMPLE_ROWS, find_columns, present_columns
from engine.data.dressing import Dressed, Dresser, choose_template
from engine.data.encoding import IGNORED, Encoded, Encoder, Piece
from engine.data.labels import Labels, count_labels, find_labels
from engine.data.rows import Item, Row, fault_at
from engine.data.shaping import Shaper
from engine.data.source import Source, open_source
from engine.errors import Cancelled, DataFault, Misuse
from engine.models.records import OnProgress as OnFetch
from engine.models.records import no_progress as no_fetch
from engine.protocol import ModelInfo, Template

OnProgress = Callable[[int], None]
"""Told how many rows are done, some times a second."""
IsCancelled = Callable[[], bool]

_BATCH_ROWS = 256
_CHECK_ROWS = 1000
_FIRST_FAULTS = 20


def no_progress(rows: int) -> None:
    """Tell nobody."""
    del rows


def never() -> bool:
    """Go on."""
    return False


class Outcome(msgspec.Struct, frozen=True):
    """What became of a row."""

    item: Item
    fault: Fault | None = None
    dressed: Dressed | None = None
    encoded: Encoded | None = None
    """None without a tokenizer."""
    label: int | None = None
    digest: int = 0
    """Of what the model sees, 64 bits; 0 for a faulty row."""
    pieces: tuple[Piece, ...] = ()
    """What is trained on; empty without a tokenizer."""


class Pipeline(msgspec.Struct, frozen=True):
    """Reads, checks, dresses and encodes the rows of a spec."""

    spec: DataSpec
    source: Source
    columns: Columns
    labels: Labels | None
    template: Template | None
    shaper: Shaper
    dresser: Dresser
    encoder: Encoder | None
    max_length: int = 0
    """In tokens; 0 is no limit."""

    def run(self, skip: int = 0, cancelled: IsCancelled = never) -> Iterator[Outcome]:
        """All rows in order, without the first `skip`.

        Raises:
            Cancelled: `cancelled` said so.
        """
        items = iter(self.source.read(skip))
        while batch := list(islice(items, _BATCH_ROWS)):
            if cancelled():
                raise Cancelled("Reading the data was cancelled")
            yield from self.process(batch)

    def sampled(self, cancelled: IsCancelled = never) -> Iterator[Outcome]:
        """The rows that are trained on: all, or `max_rows` picked at random."""
        if not self.spec.max_rows:
            yield from self.run(0, cancelled)
            return
        items: list[Item] = []
        for item in pick(self.source, self.spec.max_rows, self.spec.seed, cancelled):
            items.append(item)
            if len(items) == _BATCH_ROWS:
                yield from self.process(items)
                items = []
        yield from self.process(items)

    def process(self, items: list[Item]) -> list[Outcome]:
        """Check, dress and encode some rows."""
        outcomes = [self._dress(item) for item in items]
        if self.encoder is None:
            return outcomes
        encoded = iter(self.encoder.encode([one.dressed for one in outcomes if one.dressed is not None]))
        return [self._judged(one, next(encoded)) if one.dressed is not None else one for one in outcomes]

    def _dress(self, item: Item) -> Outcome:
        if isinstance(item, Fault):
            return Outcome(item, item)
        content = self.shaper.shape(item)
        if isinstance(content, Fault):
            return Outcome(item, content)
        dressed = self.dresser.dress(content)
        if isinstance(dressed, Fault):
            return Outcome(item, dressed)
        return Outcome(item, None, dressed, None, content.label, _digest(dressed))

    def _judged(self, outcome: Outcome, encoded: Encoded) -> Outcome:
        pieces = tuple(encoded.pieces())
        if all(piece.labels.count(IGNORED) < len(piece.labels) for piece in pieces):
            return msgspec.structs.replace(outcome, encoded=encoded, pieces=pieces)
        assert isinstance(outcome.item, Row)
        fault = fault_at(
            outcome.item,
            "nothing-to-train",
            f"{len(encoded.ids):,} tokens, of which nothing that is to be learned fits",
            "at least one token to learn",
            "Allow a larger length with --max-length, or shorten the row",
        )
        return Outcome(outcome.item, fault)


def _digest(dressed: Dressed) -> int:
    seen = "\0".join(part.text for part in dressed.parts)
    return int.from_bytes(hashlib.blake2b(seen.encode("utf-8"), digest_size=8).digest(), "little")


def build(
    spec: DataSpec,
    tokenizer: Any = None,
    *,
    max_length: int = 0,
    like: Pipeline | None = None,
    on_fetch: OnFetch = no_fetch,
    cancelled: IsCancelled = never,
) -> Pipeline:
    """Find the source and settle all that is the same for every row.

    Args:
        spec: What to read.
        tokenizer: A tokenizer of transformers; None leaves tokens out.
        max_length: In tokens; 0 is no limit.
        like: Take columns, labels and template from this one: for held-out rows from elsewhere.
        on_fetch: Told how far a download from the hub has come.
        cancelled: Asked while it goes on, and while labels are collected.

    Raises:
        TunesmithError: The source can't be found or read, or the spec does not fit it.
    """
    source = open_source(spec, on_fetch=on_fetch, cancelled=cancelled)
    model = model_of(tokenizer) if tokenizer is not None else None
    if like is not None:
        columns, labels, template = like.columns, like.labels, like.template
    else:
        columns = find_columns(spec, _sample(source, spec))
        labels = _labels(spec, columns, source, cancelled) if columns.shape == "labelled" else None
        template = choose_template(columns.shape, spec.template, model, labels.words if labels else ())
    if template is not None and template.uses_chat_template and (model is None or not model.chat_template):
        _complain_of_own(template, model)
    names = tuple(variable.name for variable in template.variables) if template is not None else ()
    encoder = None
    if tokenizer is not None:
        encoder = Encoder(tokenizer, max_length=max_length, train_all=spec.loss_on == "all")
    marks = _special_texts(tokenizer) if tokenizer is not None else ()
    return Pipeline(
        spec,
        source,
        columns,
        labels,
        template,
        Shaper(columns, labels, names),
        Dresser(template, model, spec.variables, marks),
        encoder,
        max_length,
    )


def pick(source: Source, count: int, seed: int, cancelled: IsCancelled = never) -> Iterator[Item]:
    """So many items of a source, at random and in their order."""
    if getattr(source, "streaming", False):
        yield from islice(source.read(), count)
        return
    total = sum(1 for _ in _watched(source.read(), cancelled))
    wanted = set(random.Random(f"rows/{seed}").sample(range(total), min(count, total)))
    for place, item in enumerate(_watched(source.read(), cancelled)):
        if place in wanted:
            yield item


def model_of(tokenizer: Any) -> ModelInfo:
    """What a template may know of a model, as far as its tokenizer tells."""
    chat_template = getattr(tokenizer, "chat_template", None)
    if isinstance(chat_template, dict):
        chat_template = chat_template.get("default")
    return ModelInfo(
        ref="",
        name="The model",
        architecture="",
        kind="instruct" if chat_template else "base",
        parameters=0,
        size_bytes=0,
        context_tokens=0,
        vocabulary=len(tokenizer),
        device="",
        dtype="",
        chat_template=chat_template if isinstance(chat_template, str) else "",
        bos_token=tokenizer.bos_token or "",
        eos_token=tokenizer.eos_token or "",
    )


def columns_of(spec: DataSpec) -> tuple[str, ...]:
    """The columns that the first rows have.

    Raises:
        TunesmithError: The source can't be found or read.
    """
    return present_columns(_sample(open_source(spec), spec))


def _sample(source: Source, spec: DataSpec) -> list[Row]:
    """Rows from the start.

    Raises:
        DataFault: There is none that can be read.
    """
    rows: list[Row] = []
    first: Fault | None = None
    for item in islice(source.read(), SAMPLE_ROWS * _FIRST_FAULTS):
        if isinstance(item, Row):
            rows.append(item)
        first = first or (item if isinstance(item, Fault) else None)
        if len(rows) == SAMPLE_ROWS:
            break
    if not rows:
        why = f": {first.words}" if first else ": it is empty"
        raise DataFault(f"{spec.source} has no row that can be read{why}", "Look at the file, or name another one")
    return rows


def _labels(spec: DataSpec, columns: Columns, source: Source, cancelled: IsCancelled) -> Labels:
    counts: Counter[str] = Counter()
    if not source.label_names(columns.label):
        rows = (item for item in _watched(source.read(), cancelled) if isinstance(item, Row))
        counts = count_labels(rows, columns.label)
    return find_labels(spec, columns, source, counts)


def _watched(items: Iterable[Item], cancelled: IsCancelled) -> Iterator[Item]:
    for place, item in enumerate(items):
        if place % _CHECK_ROWS == 0 and cancelled():
            raise Cancelled("Reading the data was cancelled")
        yield item


def _complain_of_own(template: Template, model: ModelInfo | None) -> None:
    if model is None:
        raise Misuse(
            f'The template "{template.name}" is made by the model, and none was named', "Name one with --model"
        )
    raise Misuse(
        f'The model has no chat template, which the template "{template.name}" needs',
        'It is a base model: take the template "Assistant" or "Chat"',
    )


def _special_texts(tokenizer: Any) -> tuple[str, ...]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return tuple(dict.fromkeys([*(token.content for token in added.values() if token.special), *_marks(tokenizer)]))


def _marks(tokenizer: Any) -> list[str]:
    return [tokenizer.eos_token] if tokenizer.eos_token else []
