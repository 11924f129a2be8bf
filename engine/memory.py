"""What the program remembers between starts, so that it opens as it was left. Losing it loses no work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from engine.atomic import write_atomically

MAX_RECENT_MODELS = 20
_MAX_FILE_BYTES = 1_000_000


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Choices that a person made on the screen, as they last were."""

    model: str = ""
    """The reference of the last model that was ready; empty before the first."""
    device: str = ""
    """Where that model was told to run; empty leaves it to the settings."""
    dtype: str = ""
    """The precision that was chosen for it; empty leaves it to the settings."""
    template: str = ""
    """The id of the last template that was picked; empty where none was."""
    theme: str = ""
    """dark or light; empty leaves it to the settings."""
    markdown: bool | None = None
    """Whether replies are shown as Markdown; None leaves it to the settings."""
    sidebar_folded: bool = False
    """The conversations on the left."""
    dock_shown: bool = False
    """The training panel on the right."""
    run: str = ""
    """The training run that the panel showed last; empty before the first."""
    training: str = ""
    """The run that was being trained when it was seen last; empty where its end was seen."""
    lab: str = ""
    """The name of the lab that was open last; empty before the first."""
    recent_models: tuple[str, ...] = ()
    """References and paths that were opened, the newest first."""

    def opened_as(self, model: str) -> dict[str, str]:
        """Device and precision that were chosen for a model, where it is the last one; else nothing."""
        return {"device": self.device, "dtype": self.dtype} if model == self.model else {}

    def with_(self, **changes: Any) -> Memory:
        """A copy with some fields changed; the list of models is kept short."""
        memory = msgspec.structs.replace(self, **changes)
        if len(memory.recent_models) > MAX_RECENT_MODELS:
            memory = msgspec.structs.replace(memory, recent_models=memory.recent_models[:MAX_RECENT_MODELS])
        return memory


def load_memory(file: Path) -> Memory:
    """Read what was remembered. A file that is missing, torn or of another program's making gives the defaults.

    A field that a later version writes is ignored; one of the wrong type is forgotten, and the others stay.
    """
    try:
        with file.open("rb") as stream:
            found = msgspec.json.decode(stream.read(_MAX_FILE_BYTES))
    except (OSError, msgspec.DecodeError, ValueError, RecursionError):
        return Memory()
    if not isinstance(found, dict):
        return Memory()
    memory = Memory()
    for field in msgspec.structs.fields(Memory):
        if field.name in found:
            try:
                value = msgspec.convert(found[field.name], field.type)
            except msgspec.ValidationError:
                continue
            memory = memory.with_(**{field.name: value})
    return memory


def save_memory(file: Path, memory: Memory) -> None:
    """Write it, whole or not at all.

    Raises:
        OSError: The folder can't be made or the file can't be written.
    """
    write_atomically(file, msgspec.json.format(msgspec.json.encode(memory), indent=2) + b"\n")
