"""How long it takes from a command to the first token of a reply, in a process that has nothing loaded.

    python -m bench.first_token [--model FOLDER | --tokenizer FOLDER] [--rivals DIR] [--rounds N] [--only WORDS]
                                [--keep DIR] [--threads N] [--json]

Without a model it is a GPT-2 of 124 million parameters with random weights, which wants the folder of a tokenizer. In
turns, each a process of its own, on no core in particular: a script of five lines with transformers; the import of
torch alone, beneath which nothing that uses it can be; scripts with llama.cpp, onnxruntime and CTranslate2 that do no
more than read the model in their own format, a tokenizer and a prompt; and `tunesmith generate`, in int8 and float32.
Everything was run once before: the disk's cache is warm, and Tunesmith has converted the tokenizer. That very first
opening is told apart.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.reporting import Column, Goal, Report, alternating, median, ratio, show
from bench.rivals.lineup import LINEUP
from bench.rivals.model import place_model
from bench.rivals.processes import (
    ROOT,
    Absent,
    add_options,
    convert,
    folder_for,
    is_chosen,
    python_of,
    variables_for,
)

_STOCK = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.set_num_threads(int(sys.argv[2]))
tokenizer, model = AutoTokenizer.from_pretrained(sys.argv[1]), AutoModelForCausalLM.from_pretrained(sys.argv[1])
ids = tokenizer("Once upon a time", return_tensors="pt")
print(tokenizer.decode(model.generate(**ids, max_new_tokens=1, do_sample=False)[0][-1:]), flush=True)
"""
STOCK, FLOOR = "transformers, a script of five lines", "import torch, and nothing else"
FAST, EXACT = OURS = "tunesmith generate, int8", "tunesmith generate, float32"
PROMPT = "Once upon a time"
GOAL_S = 2.0
COLUMNS = (
    Column("way", "way"),
    Column("seconds", "first token s", ".2f"),
    Column("of_stock", "of transformers", ".2f"),
    Column("of_floor", "of import torch", ".2f"),
    Column("fastest_s", "fastest s", ".2f"),
    Column("slowest_s", "slowest s", ".2f"),
)


def main() -> None:
    options = _options()
    with folder_for(options.keep) as folder:
        _place(options.model, options.tokenizer, folder)
        print(show(measure(options, folder), as_json=options.json))


def measure(options: argparse.Namespace, model: Path) -> Report:
    """Take all the turns."""
    env = variables_for(options.threads) | {"TUNESMITH_HOME": str(model / "home")}
    commands, skipped = _commands(options, model)
    warming_s: dict[str, float] = {}
    for name, command in commands.items():
        try:
            warming_s[name] = first_output_s(command, env)
        except Absent as absent:
            skipped[name] = str(absent)
    times: dict[str, list[float]] = {name: [] for name in warming_s}
    for _, name in alternating(list(times), options.rounds):
        times[name].append(first_output_s(commands[name], env))
    medians = {name: median(some) for name, some in times.items()}
    return Report(
        benchmark="bench.first_token",
        conditions={
            "model": str(options.model or "random GPT-2 124M"),
            "threads": options.threads,
            "medians of rounds": options.rounds,
            "Tunesmith's very first opening took s": warming_s.get(FAST),
        },
        columns=COLUMNS,
        rows=[
            {
                "way": name,
                "seconds": medians[name],
                "of_stock": ratio(medians[name], medians.get(STOCK)),
                "of_floor": ratio(medians[name], medians.get(FLOOR)),
                "fastest_s": min(some, default=None),
                "slowest_s": max(some, default=None),
            }
            for name, some in times.items()
        ],
        goals=[Goal(f"seconds to the first token, {name}", GOAL_S, medians.get(name), at_most=True) for name in OURS],
        skipped=skipped,
        raw={"times_s": times},
    )


def first_output_s(command: Sequence[str], env: Mapping[str, str]) -> float:
    """Seconds from the start of a process to the first bytes on its standard output.

    Raises:
        Absent: It said nothing, or failed.
    """
    started_s = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        seconds = time.perf_counter() - started_s
        process.stdout.read()
    if not first or process.returncode:
        raise Absent(f"it ended with {process.returncode}: {' '.join(command)}")
    return seconds


def _commands(options: argparse.Namespace, model: Path) -> tuple[dict[str, Sequence[str]], dict[str, str]]:
    """By name; and of those that can't be started, why."""
    tunesmith = str(Path(sys.executable).with_name("tunesmith"))
    asked = ["--template", "plain", "--prompt", PROMPT, "--temperature", "0", "--max-new-tokens", "1"]
    generate = [tunesmith, "generate", "--model", str(model), "--threads", str(options.threads), *asked]
    commands: dict[str, Sequence[str]] = {
        FLOOR: [sys.executable, "-c", "import torch; print(1, flush=True)"],
        STOCK: [sys.executable, "-c", _STOCK, str(model), str(options.threads)],
        FAST: [*generate, "--dtype", "int8"],
        EXACT: [*generate, "--dtype", "float32"],
    }
    skipped = {}
    for rival in LINEUP:
        if not rival.foreign:
            continue
        command = ["-m", rival.module, str(model), rival.precision, "--threads", str(options.threads)]
        try:
            python = python_of(rival, options.rivals)
            convert(rival, model, python, variables_for(options.threads))
        except Absent as absent:
            skipped[rival.name] = str(absent)
            continue
        commands[rival.name] = [str(python), *command, "--prompt", PROMPT]
    return {name: command for name, command in commands.items() if is_chosen(name, options.only)}, skipped


def _place(model: Path | None, tokenizer: Path | None, folder: Path) -> None:
    """Have a model with a tokenizer in the folder."""
    place_model(model, folder)
    if (folder / "tokenizer.json").exists():
        return
    if tokenizer is None:
        sys.exit("Name a model's folder (--model), or a tokenizer's for a GPT-2 with random weights (--tokenizer)")
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, help="a folder as save_pretrained writes it")
    parser.add_argument("--tokenizer", type=Path, help="the folder of GPT-2's tokenizer")
    parser.add_argument("--rounds", type=int, default=5)
    add_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
