"""From a model's files to a model that answers.

Safetensors and GGUF only. Whatever a model's own files ask for beside that is not done: code that comes with it,
weights under another name, attention kernels from elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch

from engine.errors import Cancelled, LoadFailed, Refused, TunesmithError
from engine.inference.adapters import PromptedDecoder, with_adapters
from engine.inference.beginning import adds_bos
from engine.inference.conversion import as_safetensors
from engine.inference.decoding import Decoder, TransformersDecoder
from engine.inference.detokenizer import TokenKinds, token_kinds
from engine.inference.joining import Joiner
from engine.inference.runtime import is_out_of_memory, pick_device, pick_dtype, pick_threads
from engine.models import LocalModel
from engine.models.folder import CONTEXT_FIELDS, check_config, read_config
from engine.paths import Paths
from engine.protocol import LoadStage, ModelInfo
from engine.templates.writing import read_travelling

OnStage = Callable[[LoadStage], None]
_OWN_ATTENTION = ("eager", "sdpa", None)
_CONTEXT_WHERE_UNLIMITED = 8192
"""For architectures without positions, whose config names no window."""
_NO_LIMIT = 1_000_000_000


class LoadedModel(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A model in its place, with all that a reply needs."""

    info: ModelInfo
    tokenizer: Any
    """A tokenizer of transformers."""
    encoding: threading.Lock
    """Held to turn text into ids, as a tokenizer may not do so for two threads at once."""
    kinds: TokenKinds
    adds_bos: bool
    """Whether the tokenizer begins a text with the beginning-of-text token."""
    decoder: Decoder
    network: Any
    """The causal language model of transformers that the decoder computes with."""
    joiner: Joiner
    prefix: tuple[int, ...] = ()
    """What stands before every prompt, unseen: the ids of a soft prompt."""
    end_ids: frozenset[int]
    """Tokens that end a reply."""
    threads: int
    """For one operation; torch keeps the number per calling thread, so each that computes sets it."""


def load(
    local: LocalModel,
    *,
    paths: Paths,
    device: str = "auto",
    dtype: str = "auto",
    threads: int = 0,
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
        on_stage: Told what begins: converting, reading, placing.
        cancelled: Asked between the stages.

    Raises:
        LoadFailed: The files can't be read, don't fit together or don't fit into memory.
        Refused: They would run code.
        Misuse: No such device or dtype.
        Cancelled: `cancelled` said so.
    """
    thread_count = pick_threads(threads)
    torch.set_num_threads(thread_count)
    place = pick_device(device)
    numbers = pick_dtype(dtype, place)
    try:
        folder = local.folder
        if local.gguf_file is not None:
            folder = as_safetensors(local.gguf_file, paths.converted, on_stage=on_stage, cancelled=cancelled)
        _check_cancelled(cancelled)
        on_stage("reading")
        config = read_safe_config(folder, local.name)
        tokenizer = read_tokenizer(folder, local.name)
        model, prefix = with_adapters(read_model(folder, local.name, config, numbers), local.adapters)
        _check_cancelled(cancelled)
        on_stage("placing")
        model = model.to(place).eval().requires_grad_(False)
        return LoadedModel(
            info=describe(local, model, tokenizer, len(prefix)),
            tokenizer=tokenizer,
            encoding=threading.Lock(),
            kinds=token_kinds(tokenizer),
            adds_bos=adds_bos(tokenizer),
            decoder=PromptedDecoder(TransformersDecoder(model), prefix) if prefix else TransformersDecoder(model),
            network=model,
            joiner=Joiner(tokenizer),
            prefix=prefix,
            end_ids=_end_ids(model, tokenizer),
            threads=thread_count,
        )
    except TunesmithError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise LoadFailed(
                f"{local.name} does not fit into the memory of {place}",
                "Take a smaller model, close other programs, or try the dtype bfloat16, which needs half of float32",
            ) from error
        raise LoadFailed(f"{local.name} could not be loaded: {_sentence(error)}", "The log has the details") from error


def read_tokenizer(folder: Path, name: str) -> Any:
    """Read a model's tokenizer.

    Raises:
        LoadFailed: It is missing, or can't be made of the files that are there.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise LoadFailed(
            f"The tokenizer of {name} could not be read: {_sentence(error)}",
            f"{folder} should hold tokenizer.json and tokenizer_config.json; save the tokenizer there, or get it again",
        ) from error
    if len(tokenizer) < 2:
        raise LoadFailed(
            f"The tokenizer of {name} has no vocabulary", f"{folder} lacks tokenizer.json; get the model again"
        )
    return tokenizer


def read_model(folder: Path, name: str, config: Any, dtype: torch.dtype) -> Any:
    """Read a model's weights into memory, on the CPU.

    Args:
        folder: Where they are.
        name: What to call the model in words.
        config: From `read_safe_config`.
        dtype: Of the numbers in memory.

    Raises:
        LoadFailed: Weights are missing, damaged or of another size, or the model does not continue text.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except SafetensorError as error:
        raise LoadFailed(
            f"The weights of {name} are damaged: {_sentence(error)}", f"Get the files in {folder} again"
        ) from error
    except ValueError as error:
        if "Unrecognized configuration class" not in str(error):
            raise
        raise LoadFailed(
            f"{name} is a {config.model_type}, which does not continue text",
            "Pick a causal language model, such as gpt2",
        ) from error
    _check_weights(name, report["missing_keys"], report.get("mismatched_keys", ()))
    return model


def describe(local: LocalModel, model: Any, tokenizer: Any, taken_tokens: int = 0) -> ModelInfo:
    """Say what was loaded; `taken_tokens` of its window are a soft prompt's."""
    text_config = model.config.get_text_config()
    template = chat_template(tokenizer)
    return ModelInfo(
        ref=local.ref,
        name=local.name,
        architecture=str(model.config.model_type),
        kind="instruct" if template else "base",
        parameters=int(model.num_parameters()),
        size_bytes=int(model.get_memory_footprint()),
        context_tokens=_context_tokens(text_config, tokenizer) - taken_tokens,
        vocabulary=int(text_config.vocab_size),
        device=str(model.device),
        dtype=str(model.dtype).removeprefix("torch."),
        chat_template=template,
        bos_token=tokenizer.bos_token or "",
        eos_token=tokenizer.eos_token or "",
        template=read_travelling(local.trained),
    )


def chat_template(tokenizer: Any) -> str:
    """The tokenizer's chat template, empty where it has none; of several the one called default."""
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default")
    return template if isinstance(template, str) else ""


def read_safe_config(folder: Path, name: str) -> Any:
    """Read a model's config, without what in it would lead to other files or to code.

    Raises:
        LoadFailed: It can't be used, or the architecture is unknown.
        Refused: The model needs code of its own.
    """
    from transformers import AutoConfig

    raw = read_config(folder, name)
    check_config(raw, name)
    if (folder / "adapter_config.json").exists():
        raise LoadFailed(
            f"{folder} holds an adapter beside a model", "Merge the adapter into the model, or move it elsewhere"
        )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ValueError, KeyError) as error:
        kind = raw.get("model_type")
        if kind and ("does not recognize this architecture" in str(error) or isinstance(error, KeyError)):
            raise LoadFailed(
                f"{name} has the architecture {kind}, which the installed transformers does not know",
                "A newer transformers may know it: pip install --upgrade transformers",
            ) from error
        if "trust_remote_code" in str(error):
            raise Refused(
                f"{name} can only be loaded by running Python code that comes with it",
                "Look for a GGUF file of it, or for another model",
            ) from error
        raise LoadFailed(f"config.json of {name} can't be used: {_sentence(error)}", "Get the model again") from error
    # Both could name files and code that were never looked at: a pickle, a kernel of the hub.
    config.transformers_weights = None
    if config._attn_implementation not in _OWN_ATTENTION:
        config._attn_implementation = None
    return config


def _check_weights(name: str, missing: Sequence[str], mismatched: Sequence[Any]) -> None:
    """Transformers fills what is missing with random numbers, which would answer in noise."""
    if missing:
        some = ", ".join(sorted(missing)[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise LoadFailed(
            f"The weights of {name} are not whole: {some}{more} are missing", "Get the model again, or save it again"
        )
    if mismatched:
        raise LoadFailed(
            f"The weights of {name} have other sizes than its config.json says", "Get the model again, or save it again"
        )


def _end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    generation = getattr(model, "generation_config", None)
    ids: set[int] = set()
    for source in (getattr(generation, "eos_token_id", None), model.config.get_text_config().eos_token_id):
        ids |= {source} if isinstance(source, int) else set(source or ())
    if tokenizer.eos_token_id is not None:
        ids.add(tokenizer.eos_token_id)
    return frozenset(ids)


def _context_tokens(config: Any, tokenizer: Any) -> int:
    for field in CONTEXT_FIELDS:
        value = getattr(config, field, None)
        if isinstance(value, int) and value > 0:
            return value
    longest = tokenizer.model_max_length
    return int(longest) if longest < _NO_LIMIT else _CONTEXT_WHERE_UNLIMITED


def _check_cancelled(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("Loading was cancelled")


def _sentence(error: BaseException) -> str:
    """The first line of an error's words."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
