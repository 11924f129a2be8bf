"""How much quicker a table of the prompt lab fills in batches than cell by cell.

    python -m bench.lab --model REF [--inputs N] [--tokens N] [--repeats N] [--threads N] [--json]

The same greedy replies to `--inputs` short reviews behind a few-shot template, once as one batch and once one after the
other as a chat would ask for them, with the keys and values of what a prompt shares with the one before kept. Then the
same for the likelihoods of two labels. The ways take turns; the ratios are those of the medians: of the time that
passed, and of the time that the process computed, which other programs hardly change. It also tells how many answers
are the same both ways.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec

from engine.inference.batching import generate_batch
from engine.inference.generation import generate
from engine.inference.loading import LoadedModel, load
from engine.inference.questions import score
from engine.inference.runtime import import_libraries
from engine.models import resolve
from engine.paths import find_paths
from engine.protocol import (
    BatchItem,
    Generate,
    GenerateBatch,
    Prompt,
    Question,
    ReplyGrew,
    Sampling,
    Score,
    Scored,
    TokensEmitted,
    Turn,
)
from engine.templates import Library

Way = Callable[[], dict[int, str]]
_OPENINGS = ("A film about", "Two hours of", "I expected", "My family hated", "Nobody warned me of", "The book had")
_THINGS = ("a quiet village", "car chases", "an old violin", "wooden dialogue", "ghosts", "a clever heist", "rain")
_ENDINGS = ("and I loved it.", "and I left early.", "with a fine cast.", "without any point.", "that stays with you.")


def prompts(count: int) -> list[Prompt]:
    """Short reviews behind the shipped few-shot template; always the same."""
    draw = random.Random(11)
    template = Library(find_paths().templates).get("sentiment")
    texts = [" ".join(draw.choice(words) for words in (_OPENINGS, _THINGS, _ENDINGS)) for _ in range(count)]
    return [
        Prompt(template=template, turns=(Turn(role="user", text=f"{text} {place}"),))
        for place, text in enumerate(texts)
    ]


def ways(loaded: LoadedModel, asked: list[Prompt], tokens: int) -> dict[str, tuple[Way, Way]]:
    """For each kind of work, in batches and one after the other."""
    sampling = Sampling(temperature=0.0, max_new_tokens=tokens)
    # Without its stop string, so that all replies have the same length in both ways.
    items = tuple(BatchItem(prompt=_endless(prompt), sampling=sampling) for prompt in asked)
    questions = tuple(Question(prompt=prompt, continuations=("positive", "negative")) for prompt in asked)

    def batched_replies() -> dict[int, str]:
        texts = dict.fromkeys(range(len(items)), "")
        for event in generate_batch(loaded, GenerateBatch(id=1, items=items)):
            if isinstance(event, ReplyGrew):
                texts[event.item] += event.text
        return texts

    def single_replies() -> dict[int, str]:
        texts = dict.fromkeys(range(len(items)), "")
        for place, item in enumerate(items):
            for event in generate(loaded, Generate(id=1, prompt=item.prompt, sampling=sampling)):
                if isinstance(event, TokensEmitted):
                    texts[place] += event.text
        return texts

    def scored(some: tuple[Question, ...], first: int) -> dict[int, str]:
        events = score(loaded, Score(id=1, questions=some))
        return {
            first + event.item: " ".join(f"{each.share:.3f}" for each in event.continuations)
            for event in events
            if isinstance(event, Scored)
        }

    def single_scores() -> dict[int, str]:
        return {place: text for first, each in enumerate(questions) for place, text in scored((each,), first).items()}

    return {"replies": (batched_replies, single_replies), "labels": (lambda: scored(questions, 0), single_scores)}


def timed(way: Way) -> tuple[float, float, dict[int, str]]:
    """The seconds that passed, those that this process computed, and what was said."""
    begun_s, computed_s = time.perf_counter(), time.process_time()
    said = way()
    return time.perf_counter() - begun_s, time.process_time() - computed_s, said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, metavar="REF")
    parser.add_argument("--inputs", type=int, default=64, metavar="N")
    parser.add_argument("--tokens", type=int, default=16, metavar="N", help="of each reply")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    import_libraries()
    loaded = load(resolve(options.model, paths=find_paths()), paths=find_paths(), threads=options.threads)
    assert loaded.network is not None  # it is read when it is first asked for, which is not to be timed
    results: dict[str, dict[str, Any]] = {}
    for kind, (batched, single) in ways(loaded, prompts(options.inputs), options.tokens).items():
        times: dict[str, list[float]] = {"batched": [], "single": [], "batched_cpu": [], "single_cpu": []}
        for _ in range(options.repeats):
            wall_s, computed_s, said = timed(batched)
            times["batched"].append(wall_s)
            times["batched_cpu"].append(computed_s)
            wall_s, computed_s, alone = timed(single)
            times["single"].append(wall_s)
            times["single_cpu"].append(computed_s)
        middle = {name: statistics.median(some) for name, some in times.items()}
        results[kind] = {
            "same": sum(said[place] == alone[place] for place in alone),
            **times,
            "ratio": middle["single"] / middle["batched"],
            "cpu_ratio": middle["single_cpu"] / middle["batched_cpu"],
        }
    if options.json:
        sys.stdout.write(json.dumps({"model": options.model, "inputs": options.inputs, **results}) + "\n")
        return
    sys.stdout.write(
        f"{loaded.info.name}, {loaded.threads} thread(s), {options.inputs} inputs, replies of {options.tokens} tokens, "
        f"medians of {options.repeats}\n"
    )
    for kind, result in results.items():
        sys.stdout.write(f"  {kind}: {result['same']} of {options.inputs} the same both ways\n")
        for suffix, of_what in (("", "passed"), ("_cpu", "computed")):
            batched_s, single_s = (statistics.median(result[name + suffix]) for name in ("batched", "single"))
            sys.stdout.write(
                f"    {of_what:9} in batches {batched_s:8.2f} s, one after the other {single_s:8.2f} s, "
                f"ratio {single_s / batched_s:.1f}\n"
            )


def _endless(prompt: Prompt) -> Prompt:
    return msgspec.structs.replace(prompt, template=msgspec.structs.replace(prompt.template, stop=()))


if __name__ == "__main__":
    main()
