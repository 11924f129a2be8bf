"""How long it takes from a command to the first token of a reply, in a process that has nothing loaded.

    python -m bench.first_token [--model FOLDER | --tokenizer FOLDER] [--rounds N] [--json]

Without a model it is a GPT-2 of 124 million parameters with random weights, which wants the folder of a tokenizer. The
rivals, each a process of its own, in turns: a script of five lines with transformers; torch's import alone, beneath
which nothing that uses it can be; and `tunesmith generate`, in float32 and in int8, once opened before (its first
opening converts the tokenizer, and is told apart). A round to warm the disk's cache is not counted. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_STOCK = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.set_num_threads(1)
tokenizer, model = AutoTokenizer.from_pretrained(sys.argv[1]), AutoModelForCausalLM.from_pretrained(sys.argv[1])
ids = tokenizer("Once upon a time", return_tensors="pt")
print(tokenizer.decode(model.generate(**ids, max_new_tokens=1, do_sample=False)[0][-1:]), flush=True)
"""
_STOCK_NAME = "transformers, a script of five lines"
_FLOOR_NAME = "import torch, and nothing else"


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        model = options.model or _random_gpt2(options.tokenizer, home / "gpt2-124m")
        env = os.environ | {"TUNESMITH_HOME": str(home / "tunesmith"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        commands = _commands(model)
        ours = next(name for name in commands if name.startswith("tunesmith"))
        first_opening_s = first_output_s(commands[ours], env)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(options.rounds + 1):
            for name in list(commands) if number % 2 else list(reversed(commands)):
                seconds = first_output_s(commands[name], env)
                if number:
                    times[name].append(seconds)
    medians = {name: statistics.median(each) for name, each in times.items()}
    if options.json:
        print(json.dumps({"times_s": times, "medians_s": medians, "first_opening_s": first_opening_s}))
        return
    print(
        f"medians of {options.rounds} rounds, one thread; Tunesmith's very first opening took {first_opening_s:.2f} s"
    )
    for name, median in medians.items():
        print(f"{name:42} {median:6.2f} s   {median / medians[_STOCK_NAME]:.2f} of transformers")


def first_output_s(command: Sequence[str], env: Mapping[str, str]) -> float:
    """Seconds from the start of a process to the first bytes on its standard output."""
    started_s = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        seconds = time.perf_counter() - started_s
        process.stdout.read()
    if not first or process.returncode:
        sys.exit(f"This said nothing, and ended with {process.returncode}: {' '.join(command)}")
    return seconds


def _commands(model: Path) -> dict[str, Sequence[str]]:
    tunesmith = str(Path(sys.executable).with_name("tunesmith"))
    asked = ["--template", "plain", "--prompt", "Once upon a time", "--temperature", "0", "--max-new-tokens", "1"]
    generate = [tunesmith, "generate", "--model", str(model), *asked]
    return {
        _FLOOR_NAME: [sys.executable, "-c", "import torch; print(1, flush=True)"],
        _STOCK_NAME: [sys.executable, "-c", _STOCK, str(model)],
        "tunesmith generate, float32": [*generate, "--dtype", "float32"],
        "tunesmith generate, int8": [*generate, "--dtype", "int8"],
    }


def _random_gpt2(tokenizer: Path | None, folder: Path) -> Path:
    """Saves a GPT-2 with random weights and a tokenizer; gives the folder back."""
    if tokenizer is None:
        sys.exit("Name a model's folder (--model), or a tokenizer's for a GPT-2 with random weights (--tokenizer)")
    import torch
    from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config()).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the wait for the first token.")
    parser.add_argument("--model", type=Path, help="a folder as save_pretrained writes it")
    parser.add_argument("--tokenizer", type=Path, help="the folder of GPT-2's tokenizer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
