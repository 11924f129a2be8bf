"""A decoder of few parts for GPT-2 and the Llama family, several times as quick as the model of transformers on a CPU.

    architecture  what a config.json describes, and whether it is one of those that are built here
    matrices      a weight matrix as it is kept in memory: float32, float16 or int8
    eighths       int8, which takes most care; sample is the text that it is shown
    kernels       loops in machine code, for int8 and for what one row attends to (row_attention)
    tensors       where the weights of an architecture are found, and under which names
    gpt2, llama   the arithmetic of a layer
    keys          keys and values of what was seen, allocated beforehand
    opening       from a model's files, or from a model in memory, to a decoder
    decoder       all of it behind the seam that `engine.inference.decoding` describes

Plain transformers is the reference: in float32 the greedy tokens are the same, one by one. A config that describes
anything not known here, down to the last field that would change a number, is left to transformers.
"""

from engine.inference.compact.architecture import Architecture, read_architecture
from engine.inference.compact.decoder import CompactDecoder
from engine.inference.compact.matrices import HAS_FBGEMM, STORAGES, Storage
from engine.inference.compact.opening import from_files, from_network
from engine.inference.compact.sample import SAMPLE

__all__ = [
    "HAS_FBGEMM",
    "SAMPLE",
    "STORAGES",
    "Architecture",
    "CompactDecoder",
    "Storage",
    "from_files",
    "from_network",
    "read_architecture",
]
