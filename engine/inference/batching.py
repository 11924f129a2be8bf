"""Many replies at once: from a `GenerateBatch` to the events that answer it.

A step of the model costs little more for many rows than for one, as its weights are read once for all of them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
import torch

from engine.errors import Failed, TunesmithError
from engine.inference.decoding import decode
from engine.inference.generation import SEED_BITS
from engine.inference.loading import LoadedModel
from engine.inference.memory_share import batch_tokens
from engine.inference.prompt_rows import PromptRows, SharedBeginning, can_batch, common_length, in_groups
from engine.inference.reply import Reply, Request
from engine.inference.runtime import give_memory_back, is_out_of_memory
from engine.inference.sampling import Choice
from engine.protocol import BatchFinished, GenerateBatch, ItemFailed, ReplyFinished, ReplyGrew, ReplyStarted

BatchEvent = ReplyStarted | ReplyGrew | ReplyFinished | ItemFailed | BatchFinished
ROWS = 64
"""At once; with more, the rows' own arithmetic outweighs the reading of the weights."""
_TELL_EVERY_S = 0.1
_SHRINK_AT = 0.75
"""Rows that are over leave when so few are left: leaving copies the keys and values of all that stay."""
_Cancelled = Callable[[], bool]


class _Item(msgspec.Struct, eq=False):
    """A reply of the batch, and the text that nobody was told yet."""

    place: int
    reply: Reply
    untold: str = ""
    untold_tokens: int = 0


def generate_batch(
    loaded: LoadedModel,
    command: GenerateBatch,
    *,
    cancelled: _Cancelled = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    draw_seed: Callable[[], int] = lambda: secrets.randbits(SEED_BITS),
) -> Iterator[BatchEvent]:
    """Answer all prompts of a batch.

    Args:
        loaded: The model; its decoder is used by nobody else meanwhile.
        command: What to answer, and how.
        cancelled: Asked before each token; replies that are over stay, the others are never finished.
        clock: Seconds that only go forward.
        draw_seed: Draws a seed where an item has none.

    Yields:
        For each item a `ReplyStarted`, any number of `ReplyGrew`, and a `ReplyFinished`, or else an `ItemFailed`;
        those of several items come mixed. At the end a `BatchFinished`.

    Raises:
        Failed: Memory runs out.
    """
    torch.set_num_threads(loaded.threads)
    batch = _Batch(loaded, command, cancelled, clock)
    try:
        yield from batch.run(draw_seed)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        loaded.decoder.forget()
        give_memory_back()
        raise Failed("Memory ran out during a batch of replies", "Close other programs, or take fewer rows") from error


class _Batch:
    """One command at work."""

    def __init__(
        self, loaded: LoadedModel, command: GenerateBatch, cancelled: _Cancelled, clock: Callable[[], float]
    ) -> None:
        self._loaded, self._id, self._command = loaded, command.id, command
        self._cancelled, self._clock = cancelled, clock
        self._started_s = self._told_s = clock()
        self._done = self._failed = 0

    def run(self, draw_seed: Callable[[], int]) -> Iterator[BatchEvent]:
        items: list[_Item] = []
        for place, each in enumerate(self._command.items):
            request = Request(prompt=each.prompt, sampling=each.sampling, stop=each.stop)
            try:
                items.append(_Item(place, Reply(self._loaded, request, draw_seed)))
            except TunesmithError as error:
                yield self._fail(place, error)
        if len(items) > 1 and can_batch(self._loaded.network):
            yield from self._together(items)
        else:
            for item in items:
                if not self._cancelled():
                    yield from self._alone(item)
        total = len(self._command.items)
        yield BatchFinished(
            id=self._id,
            reason="completed" if self._done + self._failed == total else "cancelled",
            done=self._done,
            failed=self._failed,
            seconds=self._clock() - self._started_s,
        )

    def _alone(self, item: _Item) -> Iterator[BatchEvent]:
        """One reply by the decoder of single ones."""
        yield self._start(item)
        try:
            for choice in decode(self._loaded.decoder, item.reply.sampler, item.reply.prompt.ids, self._cancelled):
                _take(item, choice)
                if item.reply.over:
                    break
                yield from self._told([item])
        except TunesmithError as error:
            yield self._fail(item.place, error)
            return
        if item.reply.over:
            yield from self._finish(item)

    @torch.inference_mode()
    def _together(self, items: Sequence[_Item]) -> Iterator[BatchEvent]:
        prompts = [(*self._loaded.prefix, *item.reply.prompt.ids) for item in items]
        common = common_length(prompts)
        shared = SharedBeginning(self._loaded.network, prompts[0][:common])
        lengths = [item.reply.most_tokens for item in items]
        tokens = batch_tokens(self._loaded.network)
        for group in in_groups(lengths, rows=ROWS, tokens=tokens):
            if self._cancelled():
                return
            some = [items[place] for place in group]
            for item in some:
                yield self._start(item)
            rows = PromptRows(shared, [prompts[place][common:] for place in group])
            yield from self._group(rows, some)

    def _group(self, rows: PromptRows, items: Sequence[_Item]) -> Iterator[BatchEvent]:
        """Token after token for all rows; those that are over leave."""
        active: list[_Item | None] = list(items)
        logits = rows.prefill(self._cancelled)
        while logits is not None and not self._cancelled():
            chosen = [0] * len(active)
            for row, item in enumerate(active):
                if item is None:
                    continue
                try:
                    choice = item.reply.sampler.choose(logits[row])
                    _take(item, choice)
                except TunesmithError as error:
                    active[row] = None
                    yield self._fail(item.place, error)
                    continue
                chosen[row] = choice.id
                if item.reply.over:
                    active[row] = None
                    yield from self._finish(item)
            staying = [row for row, item in enumerate(active) if item is not None]
            if not staying or self._cancelled():
                return
            yield from self._told([item for item in active if item is not None])
            if len(staying) <= _SHRINK_AT * len(active):
                rows.select(staying)
                active, chosen = [active[row] for row in staying], [chosen[row] for row in staying]
            logits = rows.extend(torch.tensor(chosen)[:, None])[:, -1]

    def _start(self, item: _Item) -> ReplyStarted:
        reply = item.reply
        return ReplyStarted(
            id=self._id,
            item=item.place,
            prompt_tokens=len(reply.prompt.ids),
            dropped_turns=reply.prompt.dropped_turns,
            seed=reply.seed,
        )

    def _told(self, items: Sequence[_Item]) -> Iterator[ReplyGrew]:
        """What is new, not oftener than an eye can follow."""
        now_s = self._clock()
        if now_s - self._told_s < _TELL_EVERY_S:
            return
        self._told_s = now_s
        for item in items:
            if item.untold:
                yield self._grew(item)

    def _grew(self, item: _Item) -> ReplyGrew:
        event = ReplyGrew(id=self._id, item=item.place, text=item.untold, tokens=item.untold_tokens)
        item.untold, item.untold_tokens = "", 0
        return event

    def _finish(self, item: _Item) -> Iterator[BatchEvent]:
        reply = item.reply
        item.untold += reply.rest()
        if item.untold:
            yield self._grew(item)
        self._done += 1
        yield ReplyFinished(
            id=self._id,
            item=item.place,
            reason=reply.reason,
            tokens=reply.tokens,
            prompt_tokens=len(reply.prompt.ids),
            seconds=self._clock() - self._started_s,
            stop_text=reply.stop_text,
        )

    def _fail(self, place: int, error: TunesmithError) -> ItemFailed:
        self._failed += 1
        return ItemFailed(id=self._id, item=place, code=error.code, title=error.title, hint=error.hint)


def _take(item: _Item, choice: Choice) -> None:
    text = item.reply.take(choice)
    if text is not None:
        item.untold += text
        item.untold_tokens += 1
