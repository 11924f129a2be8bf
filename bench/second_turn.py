"""How long the second turn of a conversation waits for its first token, with and without the kept prefix.

    python -m bench.second_turn [--model REF] [--first N] [--second N] [--repeats N] [--threads N] [--json]

The first turn (prompt and reply, `--first` tokens) is taken in, then the second (all of that and `--second` tokens
more) is timed up to the choice of its first token: once with the keys and values of the first turn kept, once without.
The two take turns; the ratio is that of the medians. Without `--model` it is a GPT-2 of 124M random parameters.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time

import torch

from engine.inference.decoding import Decoder, TransformersDecoder, decode
from engine.inference.loading import load
from engine.inference.runtime import import_libraries, pick_threads
from engine.inference.sampling import Sampler
from engine.models import resolve
from engine.paths import find_paths
from engine.protocol import Sampling


def make_decoder(ref: str, threads: int) -> tuple[Decoder, int]:
    """Load a model, or make a random one; returns its decoder and the size of its vocabulary."""
    if ref:
        loaded = load(resolve(ref, paths=find_paths()), paths=find_paths(), threads=threads)
        return loaded.decoder, loaded.info.vocabulary
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config()
    return TransformersDecoder(GPT2LMHeadModel(config).eval()), config.vocab_size


def first_token_s(decoder: Decoder, first: list[int], second: list[int], *, kept: bool) -> float:
    """Take the first turn in, then time the second."""
    decoder.forget()
    decoder.prefill(first, lambda: False)
    if not kept:
        decoder.forget()
    sampler = Sampler(Sampling(), 1)
    begun_s = time.perf_counter()
    next(decode(decoder, sampler, first + second, lambda: False))
    return time.perf_counter() - begun_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="", metavar="REF")
    parser.add_argument("--first", type=int, default=512, metavar="N", help="tokens of the first turn")
    parser.add_argument("--second", type=int, default=32, metavar="N", help="tokens that the second turn adds")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0 lets the program choose")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    import_libraries()
    threads = pick_threads(options.threads)
    torch.set_num_threads(threads)
    decoder, vocabulary = make_decoder(options.model, options.threads)
    draw = random.Random(3)
    first, second = ([draw.randrange(vocabulary) for _ in range(size)] for size in (options.first, options.second))
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(options.repeats):
        for kept, measured in times.items():
            measured.append(first_token_s(decoder, first, second, kept=kept))
    kept_s, anew_s = (statistics.median(times[kept]) for kept in (True, False))
    if options.json:
        result = {
            "model": options.model or "random GPT-2 124M",
            "first_tokens": options.first,
            "second_tokens": options.second,
            "threads": threads,
            "kept_s": times[True],
            "anew_s": times[False],
            "ratio": anew_s / kept_s,
        }
        sys.stdout.write(json.dumps(result) + "\n")
        return
    sys.stdout.write(
        f"{options.model or 'random GPT-2 124M'}, {threads} thread(s), first turn {options.first} tokens, "
        f"second {options.second} more, medians of {options.repeats}\n"
        f"  prefix kept      first token after {kept_s * 1000:8.1f} ms\n"
        f"  computed again   first token after {anew_s * 1000:8.1f} ms\n"
        f"  ratio            {anew_s / kept_s:.1f}\n"
    )


if __name__ == "__main__":
    main()
