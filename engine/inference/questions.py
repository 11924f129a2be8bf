"""How likely texts are behind prompts: from a `Score` to the events that answer it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
import torch

from engine.errors import ContextOverflow, Failed, Misuse, TunesmithError
from engine.inference.joining import joined
from engine.inference.loading import LoadedModel
from engine.inference.prompting import encode_prompt
from engine.inference.runtime import give_memory_back, is_out_of_memory
from engine.inference.scoring import Asked, score_continuations
from engine.likelihood import TokenScores, shares
from engine.protocol import BatchFinished, ItemFailed, Likelihood, Question, Score, Scored

ScoreEvent = Scored | ItemFailed | BatchFinished


class _Question(msgspec.Struct, frozen=True):
    """A question in tokens."""

    item: int
    prompt: tuple[int, ...]
    texts: tuple[str, ...]
    continuations: tuple[tuple[int, ...], ...]
    dropped_turns: int


def score(
    loaded: LoadedModel,
    command: Score,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[ScoreEvent]:
    """Answer questions.

    Args:
        loaded: The model; nobody else computes with it meanwhile.
        command: The questions.
        cancelled: Asked between pieces of work.
        clock: Seconds that only go forward.

    Yields:
        For each question, not always in order, a `Scored` or an `ItemFailed`; at the end a `BatchFinished`.
    """
    started_s = clock()
    torch.set_num_threads(loaded.threads)
    done = failed = 0
    asked: list[_Question] = []
    for item, question in enumerate(command.questions):
        try:
            asked.append(_encode(loaded, item, question))
        except TunesmithError as error:
            failed += 1
            yield ItemFailed(id=command.id, item=item, code=error.code, title=error.title, hint=error.hint)
    prompts = [Asked([*loaded.prefix, *each.prompt], each.continuations) for each in asked]
    try:
        for place, found in score_continuations(loaded.network, prompts, cancelled=cancelled):
            done += 1
            yield _scored(command, asked[place], found)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        give_memory_back()
        raise Failed(
            "Memory ran out while texts were scored", "Close other programs, or take shorter prompts"
        ) from error
    yield BatchFinished(
        id=command.id,
        reason="completed" if done + failed == len(command.questions) else "cancelled",
        done=done,
        failed=failed,
        seconds=clock() - started_s,
    )


def _encode(loaded: LoadedModel, item: int, question: Question) -> _Question:
    """Turn a question into tokens that fit into the model's window.

    Raises:
        ContextOverflow: Prompt and text are too long together.
        TemplateFault: The template can't be rendered.
        Misuse: There is nothing to score.
    """
    if not question.continuations:
        raise Misuse("There is no text to score behind the prompt", "Give at least one")
    window = loaded.info.context_tokens
    # The blank before a text depends on how the prompt ends, and the room for the prompt on the texts.
    rough = encode_prompt(loaded, question.prompt, 1)
    continuations = []
    for text in question.continuations:
        with loaded.encoding:
            ids = loaded.joiner.continuation(joined(rough.text, text))
        if not ids:
            raise Misuse("A text to score is empty", "It needs at least one token")
        continuations.append(tuple(ids))
    longest = max(map(len, continuations))
    prompt = rough
    if len(rough.ids) + longest > window:
        prompt = encode_prompt(loaded, question.prompt, longest)
        if len(prompt.ids) + longest > window:
            raise ContextOverflow(needed_tokens=len(prompt.ids) + longest, limit_tokens=window)
    return _Question(item, prompt.ids, question.continuations, tuple(continuations), prompt.dropped_turns)


def _scored(command: Score, asked: _Question, found: list[TokenScores]) -> Scored:
    counted = [
        msgspec.structs.replace(scores, characters=len(text)) for scores, text in zip(found, asked.texts, strict=True)
    ]
    return Scored(
        id=command.id,
        item=asked.item,
        continuations=tuple(
            Likelihood(logprob=text.logprob, tokens=len(text.ids), characters=text.characters, share=share)
            for text, share in zip(counted, shares(counted, command.normalisation), strict=True)
        ),
        prompt_tokens=len(asked.prompt),
        dropped_turns=asked.dropped_turns,
    )
