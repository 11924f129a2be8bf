"""`generate` of transformers, as its pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.rivals.served import Reply, reply_at_once, serve


class Stock:
    """A model of transformers; a reply is one call of `generate`."""

    def __init__(self, network: Any, version: str) -> None:
        self._network = network
        self.version = version

    def reply(self, ids: Sequence[int], tokens: int) -> Reply:
        """Time one reply."""
        return reply_at_once(self._generate, ids, tokens)

    def _generate(self, ids: Sequence[int], tokens: int) -> list[int]:
        import torch

        prompt = torch.tensor([list(ids)])
        with torch.inference_mode():
            whole = self._network.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                do_sample=False,
                max_new_tokens=tokens,
                min_new_tokens=tokens,
                pad_token_id=0,
            )
        return [int(token) for token in whole[0, len(ids) :]]


def open_model(folder: Path, precision: str, threads: int) -> Stock:
    """Open it in float32 or bfloat16."""
    import torch
    import transformers

    torch.set_num_threads(threads)
    dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
    network = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=dtype).eval()
    # A reply of random weights may say the end at any time.
    network.generation_config.eos_token_id = None
    return Stock(network, f"transformers {transformers.__version__}")


if __name__ == "__main__":
    serve(open_model)
