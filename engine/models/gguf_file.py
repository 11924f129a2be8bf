"""A GGUF file as a model: what it says about itself, and why it can't be loaded."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.errors import LoadFailed
from engine.models.gguf_header import BadGguf, read_gguf_header
from engine.models.records import ModelFacts


class GgufReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a GGUF file."""

    facts: ModelFacts
    title: str = ""
    """What its maker called it; may be empty."""
    problem: LoadFailed | None = None


def inspect_gguf(file: Path) -> GgufReport:
    """Read the file's header."""
    try:
        header = read_gguf_header(file)
        size_bytes = file.stat().st_size
    except BadGguf as error:
        return GgufReport(facts=ModelFacts(), problem=LoadFailed(str(error), "Get it again"))
    except (OSError, ValueError) as error:  # mmap raises ValueError for an empty file
        reason = getattr(error, "strerror", None) or error
        return GgufReport(facts=ModelFacts(), problem=LoadFailed(f"{file} could not be read: {reason}"))
    problem = None
    if not header.architecture or not header.parameters:
        problem = LoadFailed(
            f"{file.name} holds no model", "Some GGUF files hold only a vocabulary or an image encoder"
        )
    return GgufReport(
        facts=ModelFacts(
            architecture=header.architecture,
            kind="instruct" if header.has_chat_template else "base",
            parameters=header.parameters,
            size_bytes=size_bytes,
            context_tokens=header.context_tokens,
            dtype=header.quantisation,
        ),
        title=header.name,
        problem=problem,
    )
