"""From a model's files to a model that answers.

Safetensors and GGUF only. Where the compact decoder knows the architecture it computes the replies on the CPU, and the
model of transformers is opened when somebody asks for it; everywhere else that one does all.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import torch

from engine.errors import Cancelled, LoadFailed, TunesmithError
from engine.inference.beginning import adds_bos
from engine.inference.compact import SAMPLE
from engine.inference.conversion import as_safetensors
from engine.inference.decoding import Decoder
from engine.inference.description import describe, end_ids, facts_of, facts_of_file
from engine.inference.detokenizer import TokenKinds, token_kinds
from engine.inference.joining import Joiner
from engine.inference.kept_tokenizer import open_tokenizer
from engine.inference.network import Network
from engine.inference.reading import read_plain_config, read_safe_config, sentence
from engine.inference.runtime import import_libraries, is_out_of_memory, pick_device, pick_dtype
from engine.inference.threads import measured_threads, threads_for_batches
from engine.inference.weights import open_weights
from engine.models import LocalModel
from engine.paths import Paths
from engine.protocol import LoadStage, ModelInfo

OnStage = Callable[[LoadStage], None]


class LoadedModel(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A model in its place, with all that a reply needs."""

    info: ModelInfo
    tokenizer: Any
    """A tokenizer of transformers, or one that answers alike."""
    encoding: threading.Lock
    """Held to turn text into ids, as a tokenizer may not do so for two threads at once."""
    kinds: TokenKinds
    adds_bos: bool
    """Whether the tokenizer begins a text with the beginning-of-text token."""
    decoder: Decoder
    open_network: Network
    joiner: Joiner
    prefix: tuple[int, ...] = ()
    """What stands before every prompt, unseen: the ids of a soft prompt."""
    end_ids: frozenset[int]
    """Tokens that end a reply."""
    threads: int
    """For one operation; torch keeps the number per calling thread, so each that computes sets it."""

    @property
    def network(self) -> Any:
        """The causal language model of transformers, which is read when it is first asked for.

        Raises:
            LoadFailed: It can't be read any more.
        """
        return self.open_network()


def load(
    local: LocalModel,
    *,
    paths: Paths,
    device: str = "auto",
    dtype: str = "auto",
    threads: int = 0,
    batched: bool = False,
    on_stage: OnStage = lambda stage: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> LoadedModel:
    """Load a model.

    Args:
        local: Where its files are.
        paths: The program's folders; a GGUF file's converted copy is kept in one of them.
        device: As in `LoadModel`.
        dtype: As in `LoadModel`.
        threads: As in `LoadModel`.
        batched: As in `LoadModel`.
        on_stage: Told what begins: converting, importing, reading, placing.
        cancelled: Asked between the stages.

    Raises:
        LoadFailed: The files can't be read, don't fit together or don't fit into memory.
        Refused: They would run code.
        Misuse: No such device or dtype.
        Cancelled: `cancelled` said so.
    """
    os.environ.setdefault("NUMBA_CACHE_DIR", str(paths.kernels))  # read when numba is imported, which int8 alone does
    torch.set_num_threads(max(1, threads))
    place = pick_device(device)
    numbers = pick_dtype(dtype, place)

    def import_all() -> None:
        if "transformers" not in sys.modules:
            on_stage("importing")
        import_libraries()

    try:
        folder = local.folder
        if local.gguf_file is not None:
            folder = as_safetensors(local.gguf_file, paths.converted, on_stage=on_stage, cancelled=cancelled)
        _check_cancelled(cancelled)
        on_stage("reading")
        raw = read_plain_config(folder, local.name)
        config = facts_of_file(raw)
        if config is None:
            import_all()
            config = facts_of(read_safe_config(folder, local.name))
        tokenizer = open_tokenizer(folder, local.name, paths.tokenizers, import_all)
        weights = open_weights(
            local,
            folder,
            device=place,
            dtype=numbers,
            batched=batched,
            sample=lambda: tokenizer(SAMPLE)["input_ids"],
            import_libraries=import_all,
            check=lambda: _check_cancelled(cancelled),
        )
        _check_cancelled(cancelled)
        on_stage("placing")
        placed = weights.placement
        if threads == 0 and batched:
            threads = threads_for_batches()
        elif threads == 0 and place.type == "cpu":
            threads = measured_threads(
                weights.decoder, paths.threads_file, dtype=placed.dtype, parameters=placed.parameters
            )
        return LoadedModel(
            info=describe(local, config, tokenizer, placed, taken_tokens=len(weights.prefix)),
            tokenizer=tokenizer,
            encoding=threading.Lock(),
            kinds=token_kinds(tokenizer),
            adds_bos=adds_bos(tokenizer),
            decoder=weights.decoder,
            open_network=weights.network,
            joiner=Joiner(tokenizer),
            prefix=weights.prefix,
            end_ids=end_ids(folder, config, tokenizer),
            threads=max(1, threads),
        )
    except TunesmithError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise LoadFailed(
                f"{local.name} does not fit into the memory of {place}",
                "Take a smaller model, close other programs, or try the dtype bfloat16, which needs half of float32",
            ) from error
        raise LoadFailed(f"{local.name} could not be loaded: {sentence(error)}", "The log has the details") from error


def _check_cancelled(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("Loading was cancelled")
