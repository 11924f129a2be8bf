"""The precisions that a model can be loaded in, and what each costs and brings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PRECISIONS: Mapping[str, str] = MappingProxyType(
    {
        "auto": "float32 on a CPU, half precision on a GPU",
        "float32": "the numbers as they are",
        "float16": "GPT-2, CPU: 3.1 to 3.5 times transformers' float32; perplexity the same to 0.01 %",
        "bfloat16": "half the memory; quicker on a GPU, and on a CPU only where it multiplies in bfloat16",
        "int8": "GPT-2, CPU: 5.1 to 5.4 times transformers' float32; perplexity 0.4 % higher",
    }
)
"""By the name that `LoadModel.dtype` has. Speeds of GPT-2 124M on one thread, `bench/decode.py` measures them anew;
perplexities of SmolLM2-135M on real text. The two of a CPU are those of GPT-2 and the Llama family."""
