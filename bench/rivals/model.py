"""The GPT-2 that all the rivals hold, as a folder of files and as plain arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float32]]
_LOUDER = 3.0


def place_model(model: Path | None, folder: Path) -> None:
    """Have a model in a folder where rivals may write: links to one's files, or a GPT-2 of random weights.

    Nothing is done where there is one already.
    """
    if (folder / "config.json").exists():
        return
    if model is None:
        save_random_gpt2(folder)
        return
    for file in model.iterdir():
        if file.is_file():
            (folder / file.name).symlink_to(file.resolve())


def save_random_gpt2(folder: Path) -> None:
    """Write a GPT-2 of 124 million parameters with random weights.

    Its layers are made several times louder than a fresh one's. Fresh, it repeats the last token whatever the layers
    say, since input and output share their table; so it follows from equal replies that a conversion is right.
    """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    network = GPT2LMHeadModel(GPT2Config())
    with torch.no_grad():
        for name, weight in network.transformer.h.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0.0, 0.1)
            elif "ln_" not in name:
                weight.mul_(_LOUDER)
    network.save_pretrained(folder)


def config(folder: Path) -> dict[str, Any]:
    """What its config.json says."""
    loaded: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return loaded


def weights(folder: Path) -> dict[str, Array]:
    """All its weights under GPT-2's own names, in float32; matrices lie `(I, O)`, as GPT-2 keeps them."""
    from safetensors.numpy import load_file

    found: dict[str, Array] = {}
    for file in sorted(folder.glob("*.safetensors")):
        for name, array in load_file(file).items():
            found[name.removeprefix("transformer.")] = array.astype(np.float32)
    return found


def tokens_and_merges(folder: Path) -> tuple[list[str], list[str]] | None:
    """The vocabulary in the order of its ids, and the merges in theirs; None where there is no tokenizer."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        return None
    known = json.loads(file.read_text(encoding="utf-8"))
    vocabulary: dict[str, int] = known["model"]["vocab"]
    vocabulary |= {added["content"]: added["id"] for added in known.get("added_tokens", [])}
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in known["model"]["merges"]]
    return sorted(vocabulary, key=lambda token: vocabulary[token]), merges
