"""What was typed into a template and not saved yet: it outlives a crash, and quitting."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from engine.atomic import write_atomically
from engine.templates.authoring import DELETED


class Draft(msgspec.Struct, frozen=True):
    """An unsaved text, and what it was made from."""

    text: str
    before: str | None
    """The file as it was read; None where there was none."""


class TemplateDrafts:
    """One file for each template that has unsaved text."""

    def __init__(self, folder: Path) -> None:
        """Keep drafts in `folder`, which need not exist."""
        self._folder = folder

    def find(self, template_id: str) -> Draft | None:
        """The draft of a template; None where there is none that can be read."""
        try:
            return msgspec.json.decode(self._file(template_id).read_bytes(), type=Draft)
        except (OSError, ValueError):
            return None

    def ids(self) -> frozenset[str]:
        """The templates of which something is unsaved."""
        try:
            return frozenset(file.stem for file in self._folder.iterdir() if file.suffix == ".json")
        except OSError:
            return frozenset()

    def keep(self, template_id: str, draft: Draft) -> None:
        """Keep a draft.

        Raises:
            OSError: It can't be written.
        """
        write_atomically(self._file(template_id), msgspec.json.encode(draft))

    def drop(self, template_id: str) -> None:
        """Forget a draft: it was saved, or given up."""
        with contextlib.suppress(OSError):
            self._file(template_id).unlink()

    def make_way(self, template_id: str, templates: Path) -> None:
        """A template of this name was made: what was typed into a deleted one is not meant for it.

        What was typed into a file that another program took away stays, and is shown with the new one.

        Args:
            template_id: The new template.
            templates: The folder of templates.
        """
        if (templates / DELETED / f"{template_id}.toml").exists():
            self.drop(template_id)

    def move(self, template_id: str, new_id: str) -> None:
        """The template has another name by now."""
        with contextlib.suppress(OSError):
            self._file(template_id).replace(self._file(new_id))

    def _file(self, template_id: str) -> Path:
        return self._folder / f"{template_id}.json"
