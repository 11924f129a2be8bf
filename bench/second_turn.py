"""How long the second turn of a conversation waits for its first token, with and without the kept prefix.

    python -m bench.second_turn [--model FOLDER] [--first N] [--second N] [--rounds N] [--only WORDS] [--keep DIR]
                                [--threads N] [--json]

The first turn (`--first` tokens) is taken in and its first token chosen; then the second (all of that and `--second`
tokens more): once with the keys and values of the first turn kept, as the program keeps them, once without. The ways
take turns, by the compact decoder in each precision. Without a folder the model is a GPT-2 of 124 million parameters
with random weights.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.footprint import footprint
from bench.limits import pin
from bench.neighbours import QUIET_CORES, now, others_cores
from bench.reporting import Column, Goal, Report, Row, alternating, median, ratio, show
from bench.rivals.model import place_model
from bench.rivals.processes import add_common_options, folder_for, is_chosen
from engine.inference.compact import STORAGES, from_files
from engine.inference.decoding import Decoder, decode
from engine.inference.sampling import Sampler
from engine.protocol import Sampling

GOAL_SHARE = 0.1
COLUMNS = (
    Column("path", "decoder"),
    Column("first_ms", "first turn ms", ".1f"),
    Column("kept_ms", "second, kept ms", ".1f"),
    Column("anew_ms", "second, anew ms", ".1f"),
    Column("share", "kept of first", ".1%"),
    Column("times", "anew of kept", ".1f"),
    Column("quiet", "quiet rounds", "d"),
)


def first_token_s(decoder: Decoder, ids: Sequence[int]) -> float:
    """Time a prompt up to the choice of its first token."""
    sampler = Sampler(Sampling(), 1)
    begun_s = time.perf_counter()
    next(decode(decoder, sampler, ids, lambda: False))
    return time.perf_counter() - begun_s


def turns_s(decoder: Decoder, first: Sequence[int], second: Sequence[int]) -> dict[str, float]:
    """The first turn, the second behind it, and the second alone, in seconds; and what others took meanwhile."""
    begun = now(os.getpid())
    decoder.forget()
    times = {"first": first_token_s(decoder, first), "kept": first_token_s(decoder, [*first, *second])}
    decoder.forget()
    times["anew"] = first_token_s(decoder, [*first, *second])
    return {**times, "others_cores": others_cores(begun, now(os.getpid()))}


def measure(options: argparse.Namespace, model: Path) -> Report:
    """Take all the turns."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    files = tuple(sorted(model.glob("*.safetensors")))
    decoders: dict[str, Decoder] = {}
    skipped: dict[str, str] = {}
    for storage in STORAGES:
        if not is_chosen(storage, options.only):
            continue
        decoder = from_files(files, config, storage)
        if decoder is None:
            skipped[storage] = "the compact decoder does not know this model"
        else:
            decoders[storage] = decoder
    draw, vocabulary = random.Random(3), footprint(model).vocabulary
    first, second = ([draw.randrange(vocabulary) for _ in range(size)] for size in (options.first, options.second))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in decoders}
    for each in decoders.values():
        first_token_s(each, second)
    for _, name in alternating(list(decoders), options.rounds):
        found[name].append(turns_s(decoders[name], first, second))
    rows = [_row(name, every) for name, every in found.items()]
    return Report(
        benchmark="bench.second_turn",
        conditions={
            "model": str(options.model or "random GPT-2 124M"),
            "threads": options.threads,
            "medians of rounds": options.rounds,
            "tokens of the first turn": options.first,
            "and more in the second": options.second,
        },
        columns=COLUMNS,
        rows=rows,
        goals=[_goal(row) for row in rows],
        skipped=skipped,
        raw={"seconds": found},
    )


def _row(name: str, every: Sequence[dict[str, float]]) -> Row:
    quiet = [each for each in every if each["others_cores"] <= QUIET_CORES]
    middle = {key: median([each[key] for each in quiet or every]) for key in ("first", "kept", "anew")}
    return {
        "path": name,
        **{f"{key}_ms": None if seconds is None else seconds * 1e3 for key, seconds in middle.items()},
        "share": ratio(middle["kept"], middle["first"]),
        "times": ratio(middle["anew"], middle["kept"]),
        "quiet": len(quiet),
    }


def _goal(row: Row) -> Goal:
    share = row["share"]
    what = f"second turn's first token of the first turn's, {row['path']}"
    return Goal(what, GOAL_SHARE, share if isinstance(share, float) else None, at_most=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, help="a folder as save_pretrained writes it")
    parser.add_argument("--first", type=int, default=512, metavar="N", help="tokens of the first turn")
    parser.add_argument("--second", type=int, default=32, metavar="N", help="tokens that the second turn adds")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    add_common_options(parser)
    options = parser.parse_args()
    pin(options.threads)
    with folder_for(options.keep) as folder, torch.inference_mode():
        place_model(options.model, folder)
        print(show(measure(options, folder), as_json=options.json))


if __name__ == "__main__":
    main()
