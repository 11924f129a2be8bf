"""Writes text sampled from the teacher, file after file; stopped at any time, it goes on with the next file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from starter.teacher import Teacher

ROWS = 256
"""Windows sampled at once: one file's."""
SEED = 1000


def main() -> None:
    """Read the command line, sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", type=Path, required=True, help="the folder of a small Llama: stories260k")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=int, default=68, help="each has about 200,000 characters")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    teacher = Teacher(chosen.teacher)
    for number in range(chosen.files):
        file = chosen.out / f"{number:04}.jsonl"
        if not file.exists():
            texts = teacher.texts(rows=ROWS, generator=torch.Generator().manual_seed(SEED + number))
            lines = [json.dumps([sampled.text, sampled.complete]) for sampled in texts]
            # A half-written file must not count as written when the sampling goes on.
            beside = file.with_suffix(".new")
            beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
            beside.replace(file)


if __name__ == "__main__":
    main()
