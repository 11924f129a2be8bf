"""A model's weights in memory: for the compact decoder where it knows them, for transformers everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch

from engine.errors import Misuse
from engine.inference.adapters import PromptedDecoder, with_adapters
from engine.inference.compact import HAS_FBGEMM, CompactDecoder, Storage, from_files, from_network, read_architecture
from engine.inference.decoding import Decoder, TransformersDecoder
from engine.inference.description import Placement
from engine.inference.network import Network
from engine.inference.reading import read_model, read_safe_config
from engine.models import LocalModel
from engine.models.folder import read_config, weight_files

_STORAGES: dict[torch.dtype, Storage] = {torch.float32: "float32", torch.float16: "float16", torch.int8: "int8"}


class Weights(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What computes."""

    decoder: Decoder
    network: Network
    placement: Placement
    prefix: tuple[int, ...] = ()
    """The ids of a soft prompt."""


def open_weights(
    local: LocalModel,
    folder: Path,
    *,
    device: torch.device,
    dtype: torch.dtype,
    batched: bool,
    sample: Callable[[], Sequence[int]],
    import_libraries: Callable[[], None],
    check: Callable[[], None] = lambda: None,
) -> Weights:
    """Read the weights.

    Args:
        local: The model and its adapters.
        folder: Where the model's files are.
        device: Where it is to compute.
        dtype: Of the numbers in memory; int8 is for the compact decoder alone.
        batched: Only batches and scores will be asked for, which the model of transformers answers.
        sample: The ids of an ordinary text, asked for where they are needed.
        import_libraries: Called before transformers is needed.
        check: Raises where the work is not wanted any more.

    Raises:
        LoadFailed: The files can't be read, or don't fit together.
        Misuse: int8 is not to be had for this model, or on this device.
    """
    storage = _STORAGES.get(dtype) if device.type == "cpu" and not batched else None
    raw = read_config(folder, local.name)
    if storage == "int8" and not HAS_FBGEMM:
        raise Misuse(
            "int8 is for processors of the x86 family, as torch multiplies in 8 bits there alone",
            "Take the dtype float16",
        )

    def seen() -> Sequence[int]:
        return sample() if storage == "int8" else ()

    def read() -> tuple[Any, tuple[int, ...]]:
        # Transformers has no int8, and its float16 adds up in half precision on a CPU, at a fifth of the speed.
        is_for_compact = device.type == "cpu" and read_architecture(raw) is not None
        numbers = torch.float32 if dtype == torch.int8 or (dtype == torch.float16 and is_for_compact) else dtype
        import_libraries()
        config = read_safe_config(folder, local.name)
        network, prefix = with_adapters(read_model(folder, local.name, config, numbers), local.adapters)
        check()
        return network.to(device).eval().requires_grad_(False), prefix

    if storage is not None and not local.adapters:
        decoder = from_files(weight_files(folder, local.name), raw, storage, seen())
        if decoder is not None:
            return _compact(decoder, storage, Network(lambda: read()[0]))
    if dtype == torch.int8 and device.type != "cpu":
        raise Misuse(f"int8 is for the CPU, and this is {device}", "Take the dtype auto")
    network, prefix = read()
    if storage is not None and local.adapters:
        vectors = network.get_input_embeddings().vectors if prefix else None
        decoder = from_network(network, raw, storage, vectors=vectors, sample=seen())
        if decoder is not None:
            del network
            return _compact(decoder, storage, Network(lambda: read()[0]), prefix)
    if dtype == torch.int8 and not batched:
        kind = raw.get("model_type", "of another architecture")
        raise Misuse(f"int8 is for GPT-2 and the Llama family, and {local.name} is {kind}", "Take the dtype auto")
    plain = TransformersDecoder(network)
    return Weights(
        decoder=PromptedDecoder(plain, prefix) if prefix else plain,
        network=Network(lambda: read()[0], network),
        placement=Placement(
            parameters=int(network.num_parameters()),
            size_bytes=int(network.get_memory_footprint()),
            device=str(network.device),
            dtype=str(network.dtype).removeprefix("torch."),
        ),
        prefix=prefix,
    )


def _compact(decoder: CompactDecoder, storage: Storage, network: Network, prefix: tuple[int, ...] = ()) -> Weights:
    return Weights(
        decoder=PromptedDecoder(decoder, prefix) if prefix else decoder,
        network=network,
        placement=Placement(parameters=decoder.parameters, size_bytes=decoder.size_bytes, device="cpu", dtype=storage),
        prefix=prefix,
    )
