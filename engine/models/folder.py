"""A model's folder, as `save_pretrained` writes it: what it says about itself, and why it can't be loaded."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import LoadFailed, Refused, TunesmithError
from engine.models.records import ModelFacts
from engine.models.weights import BadWeights, read_index, read_weights

CONFIG = "config.json"
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
CONTEXT_FIELDS = (
    "max_position_embeddings",
    "n_positions",
    "n_ctx",
    "max_sequence_length",
    "max_seq_len",
    "seq_length",
)
"""Where a config names the model's window, in tokens: the first that is there counts."""
_MODEL_TYPE = re.compile(r"[A-Za-z0-9_-]+")
_GENERATES = ("ForCausalLM", "LMHeadModel")


class Incomplete(LoadFailed):
    """A file that belongs to the model is missing, or is not whole."""


class FolderReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a model's folder."""

    facts: ModelFacts
    problem: TunesmithError | None = None
    """Why it can't be loaded; None where it can, as far as can be seen from outside."""


def inspect_folder(folder: Path, name: str = "") -> FolderReport:
    """Read the config and the headers of the weights; no numbers are read and nothing is run.

    Args:
        folder: The folder.
        name: What to call the model in words; the folder's path where empty.
    """
    facts, problem = ModelFacts(), None
    try:
        config = read_config(folder, name)
        facts = _facts(folder, config)
        weights = weight_files(folder, name)
        facts = _with_weights(facts, weights)
        check_config(config, name or str(folder))
        _check_tokenizer(folder, name)
    except TunesmithError as error:
        problem = error
    except BadWeights as error:
        problem = Incomplete(f"{name or folder} is damaged: {error}", "Get it again, or save it again")
    except OSError as error:
        problem = LoadFailed(f"{name or folder} could not be read: {error.strerror or error}")
    return FolderReport(facts=facts, problem=problem)


def read_config(folder: Path, name: str = "") -> dict[str, Any]:
    """Read config.json.

    Raises:
        Incomplete: There is none, or it is not a JSON object.
        LoadFailed: It is the folder of an adapter.
    """
    try:
        return msgspec.json.decode((folder / CONFIG).read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        if (folder / "adapter_config.json").is_file():
            raise LoadFailed(
                f"{name or folder} is an adapter, not a whole model",
                "Merge it into its base model where it was trained, and save the result with save_pretrained",
            ) from None
        raise Incomplete(
            f"{CONFIG} is missing from {name or folder}",
            "A model's folder holds config.json, tokenizer.json and model.safetensors, as save_pretrained writes them",
        ) from None
    except msgspec.DecodeError as error:
        raise Incomplete(
            f"{CONFIG} of {name or folder} is not JSON: {error}", "Get it again, or save it again"
        ) from error


def weight_files(folder: Path, name: str = "") -> tuple[Path, ...]:
    """The safetensors files of a model, all of which are there.

    Raises:
        Incomplete: One or all of them are missing.
        Refused: There are only pickles.
        BadWeights: The index is damaged.
    """
    if (folder / SINGLE).is_file():
        return (folder / SINGLE,)
    if (folder / INDEX).is_file():
        files = tuple(folder / file for file in read_index(folder / INDEX).files)
        for file in files:
            if not file.is_file():
                raise Incomplete(
                    f"{file.name} is missing from {name or folder}", f"{INDEX} names it: get the model again"
                )
        return files
    if pickles := [file.name for file in sorted(folder.iterdir()) if file.suffix in PICKLE_SUFFIXES]:
        raise pickle_refusal(name or str(folder), pickles[0])
    raise Incomplete(
        f"{SINGLE} is missing from {name or folder}", "Save the model with save_pretrained, which writes safetensors"
    )


def check_config(config: dict[str, Any], name: str) -> None:
    """Look at what the config asks for.

    Raises:
        Refused: It needs code that comes with the model.
        LoadFailed: It is not a model that continues text, or is stored in a way that can't be read here.
    """
    model_type = str(config.get("model_type", ""))
    if config.get("auto_map") and not _is_built_in(model_type):
        raise Refused(
            f"{name} can only be loaded by running Python code that comes with it",
            "Tunesmith never runs code from a model. Look for a model whose architecture transformers knows, "
            "or for a GGUF file of this one",
        )
    architectures = [each for each in _list(config.get("architectures")) if isinstance(each, str)]
    if config.get("is_encoder_decoder") or (
        architectures and not any(each.endswith(_GENERATES) for each in architectures)
    ):
        kind = architectures[0] if architectures else model_type or "model of another kind"
        raise LoadFailed(
            f"{name} is a {kind}, which does not continue text", "Pick a causal language model, such as gpt2"
        )
    quantisation = config.get("quantization_config")
    if isinstance(quantisation, dict):
        method = quantisation.get("quant_method", "an unknown method")
        raise LoadFailed(
            f"{name} is quantised with {method}, which can't be read here",
            "Take the original model, or a GGUF file of it",
        )


def pickle_refusal(name: str, file: str) -> Refused:
    """Say why a pickle is not loaded, and how to make safetensors of it."""
    return Refused(
        f"{name} has only weights that can run code when they are read ({file}), and no safetensors",
        "If you trust who made it, convert it elsewhere, then use the new folder: "
        'python -c "import sys; from transformers import AutoModelForCausalLM as M, AutoTokenizer as T; '
        'a, b = sys.argv[1:]; M.from_pretrained(a).save_pretrained(b); T.from_pretrained(a).save_pretrained(b)" '
        f"{name} ./converted",
    )


def has_tokenizer(names: set[str]) -> bool:
    """Whether these files are enough to make a tokenizer."""
    if "vocab.json" in names and "merges.txt" not in names and not names & (set(TOKENIZER_FILES) - {"vocab.json"}):
        return False
    return bool(names & set(TOKENIZER_FILES)) or any(name.endswith(".tiktoken") for name in names)


def _check_tokenizer(folder: Path, name: str) -> None:
    if not has_tokenizer({file.name for file in folder.iterdir() if file.is_file()}):
        raise Incomplete(
            f"tokenizer.json is missing from {name or folder}",
            "Save the tokenizer beside the model: tokenizer.save_pretrained(folder)",
        )


def _facts(folder: Path, config: dict[str, Any]) -> ModelFacts:
    inner = config.get("text_config")
    fields: dict[str, Any] = {**inner, **config} if isinstance(inner, dict) else config
    context = next((fields[name] for name in CONTEXT_FIELDS if isinstance(fields.get(name), int)), 0)
    return ModelFacts(
        architecture=str(config.get("model_type", "")),
        kind="instruct" if _has_chat_template(folder) else "base",
        context_tokens=max(0, context),
    )


def _with_weights(facts: ModelFacts, files: tuple[Path, ...]) -> ModelFacts:
    weights = read_weights(files)
    return msgspec.structs.replace(
        facts, parameters=weights.parameters, size_bytes=weights.size_bytes, dtype=weights.dtype
    )


def _has_chat_template(folder: Path) -> bool:
    if any((folder / file).is_file() for file in ("chat_template.jinja", "chat_template.json")):
        return True
    try:
        config = msgspec.json.decode((folder / "tokenizer_config.json").read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return False
    return bool(config.get("chat_template"))


def _is_built_in(model_type: str) -> bool:
    """Whether transformers has this architecture; found by its folder, as importing it takes seconds."""
    spec = importlib.util.find_spec("transformers")
    if not _MODEL_TYPE.fullmatch(model_type) or spec is None or spec.origin is None:
        return False
    return (Path(spec.origin).parent / "models" / model_type.replace("-", "_") / "__init__.py").is_file()


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
