"""How fast tokens come, and how soon the first: Tunesmith and its rivals, in turns.

    python -m bench.decode [--rivals DIR] [--model FOLDER] [--contexts 32,512,900] [--rounds N] [--tokens N]
                           [--only WORDS] [--keep DIR] [--threads N] [--json]

Each rival is a process that opens the model in its own format, all on the same cores; one works while the others wait.
Without a folder the model is a GPT-2 of 124 million parameters with random weights, as fast as trained ones. A prompt
of so many tokens is taken in anew and its likeliest next token chosen (the first token), then N more one by one.

Of the limit: the bytes of weights, keys and values that a token reads, over the speed at which this machine reads
memory. Of the peak: the operations of the prompt, over the speed of a large matrix product, in int8 for those that
multiply so. Both speeds are measured between the turns. Memory is the most that the process held, with what it has
mapped of files: until the model was open, and from then on. Same: how many tokens of the reply, from the first on, are
those of transformers in float32. Quiet: in how many rounds others took less than a fifth of a core; the rest is left
out, unless it is all there is.
"""

from __future__ import annotations

import argparse
import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.footprint import Footprint, footprint
from bench.reporting import Column, Goal, Report, Row, alternating, median, ratio, show
from bench.rivals.lineup import LINEUP, OURS, Q8_0, STOCK, Multiplied, Rival
from bench.rivals.model import place_model
from bench.rivals.processes import Answer, Process, add_options, chosen, folder_for, start_all

COLUMNS = (
    Column("rival", "rival"),
    Column("context", "context", "d"),
    Column("tokens_per_s", "tokens/s", ".1f"),
    Column("times_generate", "x generate", ".2f"),
    Column("share_of_limit", "of limit", ".0%"),
    Column("first_token_s", "first token s", ".3f"),
    Column("share_of_peak", "of peak", ".0%"),
    Column("opening_mb", "opening MB", ".0f"),
    Column("memory_mb", "replying MB", ".0f"),
    Column("same", "same", "d"),
    Column("quiet", "quiet", "d"),
)
GOAL_OVER_Q8_0, GOAL_FIRST_TOKEN, GOAL_FLOAT32 = 1.0, 3.0, 1.4
FIRST_TOKEN_CONTEXT = 512

Answers = Mapping[tuple[str, int], Sequence[Answer]]


def ask_in_turns(
    running: Mapping[str, Process],
    prompts: Sequence[Sequence[int]],
    *,
    tokens: int,
    rounds: int,
    between: Callable[[], None],
) -> dict[tuple[str, int], list[Answer]]:
    """Have every rival answer every prompt in every round, after a short one that nobody counts.

    Returns:
        The answers, by the name of the rival and the length of the prompt.
    """
    answers: dict[tuple[str, int], list[Answer]] = {}
    for process in running.values():
        process.ask(prompts[0], 2)
    for prompt in prompts:
        for place, (_, name) in enumerate(alternating(list(running), rounds)):
            if place % len(running) == 0:
                between()
            answers.setdefault((name, len(prompt)), []).append(running[name].ask(prompt, tokens))
    return answers


def rows_of(
    rivals: Sequence[Rival],
    answers: Answers,
    size: Footprint,
    limits: Mapping[str, float],
    opening_bytes: Mapping[str, float],
) -> list[Row]:
    """Medians, ratios and shares, in the order of the contexts."""
    tokens_per_s, first_s = {}, {}
    for key, every in answers.items():
        some = [each for each in every if each.is_quiet] or every
        tokens_per_s[key] = median([(len(each.tokens) - 1) / each.rest_s for each in some])
        first_s[key] = median([each.first_s for each in some])
    by_name = {rival.name: rival for rival in rivals}
    rows: list[Row] = []
    for name, context in sorted(answers, key=lambda key: key[1]):
        rival, some = by_name[name], answers[name, context]
        speed, first = tokens_per_s[name, context], first_s[name, context]
        assert speed
        assert first
        reference = answers.get((STOCK.name, context))
        read = size.read_bytes(context, rival.weight_bytes, rival.key_bytes)
        rows.append(
            {
                "rival": name,
                "context": context,
                "tokens_per_s": speed,
                "times_generate": ratio(speed, tokens_per_s.get((STOCK.name, context))),
                "share_of_limit": speed * read / limits["read_bytes_per_s"],
                "first_token_s": first,
                "share_of_peak": size.prompt_operations(context) / first / limits[rival.multiplies],
                "opening_mb": ratio(opening_bytes.get(name), 1e6),
                "memory_mb": max(each.memory for each in some) / 1e6,
                "same": common_beginning(some[0].tokens, reference[0].tokens) if reference else None,
                "quiet": sum(each.is_quiet for each in some),
            }
        )
    return rows


def goals_of(rows: Sequence[Row], contexts: Sequence[int]) -> list[Goal]:
    """What was to be reached behind so many tokens."""

    def figure(rival: Rival, context: object, key: str) -> float | None:
        found = [row[key] for row in rows if row["rival"] == rival.name and row["context"] == context]
        return found[0] if found and isinstance(found[0], float) else None

    goals = []
    for context in contexts:
        speeds = [figure(rival, context, "tokens_per_s") for rival in (OURS["int8"], Q8_0, OURS["float32"], STOCK)]
        behind = f"behind {context} tokens"
        goals.append(Goal(f"int8 over llama.cpp Q8_0, {behind}", GOAL_OVER_Q8_0, ratio(speeds[0], speeds[1])))
        goals.append(Goal(f"float32 over generate, {behind}", GOAL_FLOAT32, ratio(speeds[2], speeds[3])))
        if context == FIRST_TOKEN_CONTEXT:
            first_s = [figure(rival, context, "first_token_s") for rival in (Q8_0, OURS["int8"])]
            what = f"first token {behind}, int8, times as soon as llama.cpp Q8_0"
            goals.append(Goal(what, GOAL_FIRST_TOKEN, ratio(*first_s)))
    return goals


def common_beginning(some: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two replies have in common, from the first on."""
    pairs = enumerate(zip(some, other, strict=False))
    return next((place for place, (one, two) in pairs if one != two), min(len(some), len(other)))


def measure(options: argparse.Namespace, model: Path) -> Report:
    """Take all the turns."""
    from bench.limits import multiplied_flops, read_bytes_per_s

    size = footprint(model)
    contexts = [context for context in options.contexts if context + options.tokens < size.window]
    draw = random.Random(1)
    ids = [draw.randrange(size.vocabulary) for _ in range(max(contexts))]
    rivals = chosen(LINEUP, options.only)
    kinds: set[Multiplied] = {rival.multiplies for rival in rivals}
    measured: dict[str, list[float]] = {"read_bytes_per_s": [], **{kind: [] for kind in kinds}}

    def measure_limits() -> None:
        measured["read_bytes_per_s"].append(read_bytes_per_s())
        for kind in kinds:
            measured[kind].append(multiplied_flops(kind))

    with contextlib.ExitStack() as stack:
        running, skipped = start_all(rivals, model, environment=options.rivals, threads=options.threads, stack=stack)
        prompts = [ids[:context] for context in contexts]
        answers = ask_in_turns(running, prompts, tokens=options.tokens, rounds=options.rounds, between=measure_limits)
        opening_bytes = {name: process.opening_bytes for name, process in running.items()}
        versions = {process.version for process in running.values()}
    limits = {name: median(found) or 0.0 for name, found in measured.items()}
    rows = rows_of(rivals, answers, size, limits, opening_bytes)
    peaks = {f"GFLOP/s in {kind}": limits[kind] / 1e9 for kind in sorted(kinds)}
    return Report(
        benchmark="bench.decode",
        conditions={
            "model": str(options.model or "random GPT-2 124M"),
            "threads": options.threads,
            "medians of rounds": options.rounds,
            "tokens of a reply": options.tokens,
            "memory read at GB/s": limits["read_bytes_per_s"] / 1e9,
            **peaks,
            "with": ", ".join(sorted(versions)),
        },
        columns=COLUMNS,
        rows=rows,
        goals=goals_of(rows, contexts),
        skipped=skipped,
        raw={
            "limits": measured,
            "answers": [
                {"rival": name, "context": context, "first_s": [each.first_s for each in some],
                 "rest_s": [each.rest_s for each in some], "others_cores": [each.others_cores for each in some]}
                for (name, context), some in answers.items()
            ],
        },
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, help="a folder as save_pretrained writes it")
    parser.add_argument("--contexts", type=lambda text: [int(one) for one in text.split(",")], default=[32, 512, 900])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=40)
    add_options(parser)
    options = parser.parse_args()
    from bench.limits import pin

    pin(options.threads)
    with folder_for(options.keep) as folder:
        place_model(options.model, folder)
        print(show(measure(options, folder), as_json=options.json))


if __name__ == "__main__":
    main()
