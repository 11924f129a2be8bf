"""A model's files as transformers reads them, without what in them would lead to other files or to code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from engine.errors import LoadFailed, Refused
from engine.models.folder import check_config, read_config

_OWN_ATTENTION = ("eager", "sdpa", None)


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
            f"The tokenizer of {name} could not be read: {sentence(error)}",
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
            f"The weights of {name} are damaged: {sentence(error)}", f"Get the files in {folder} again"
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


def read_plain_config(folder: Path, name: str) -> dict[str, Any]:
    """Read config.json as it is, and refuse what would lead to code.

    Raises:
        LoadFailed: It can't be used.
        Refused: The model needs code of its own.
    """
    raw = read_config(folder, name)
    check_config(raw, name)
    if (folder / "adapter_config.json").exists():
        raise LoadFailed(
            f"{folder} holds an adapter beside a model", "Merge the adapter into the model, or move it elsewhere"
        )
    return raw


def read_safe_config(folder: Path, name: str) -> Any:
    """Read a model's config, without what in it would lead to other files or to code.

    Raises:
        LoadFailed: It can't be used, or the architecture is unknown.
        Refused: The model needs code of its own.
    """
    raw = read_plain_config(folder, name)
    from transformers import AutoConfig

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
        raise LoadFailed(f"config.json of {name} can't be used: {sentence(error)}", "Get the model again") from error
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


def sentence(error: BaseException) -> str:
    """The first line of an error's words."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
