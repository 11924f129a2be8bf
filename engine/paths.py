"""Where things live on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs


class Paths(msgspec.Struct, frozen=True):
    """The four folders of the program, and the files in them. Nothing is created by naming it."""

    config: Path
    data: Path
    cache: Path
    state: Path

    @property
    def settings_file(self) -> Path:
        """The user's own settings; the program never writes it."""
        return self.config / "config.toml"

    @property
    def templates(self) -> Path:
        """The user's prompt templates, one TOML file each."""
        return self.config / "templates"

    @property
    def template_drafts(self) -> Path:
        """What was typed into templates and not saved yet."""
        return self.state / "template-drafts"

    @property
    def conversations_file(self) -> Path:
        """The SQLite database of conversations."""
        return self.data / "conversations.db"

    @property
    def labs_file(self) -> Path:
        """The SQLite database of the prompt lab: its tables, and every cell that was computed."""
        return self.data / "labs.db"

    @property
    def models(self) -> Path:
        """Model folders and .gguf files that the user put where the picker sees them."""
        return self.data / "models"

    @property
    def runs(self) -> Path:
        """The directories of training runs."""
        return self.data / "runs"

    @property
    def threads_file(self) -> Path:
        """How many threads were found to help on this machine."""
        return self.cache / "threads.json"

    @property
    def tokenizers(self) -> Path:
        """Tokenizers as transformers made them, which open without it."""
        return self.cache / "tokenizers"

    @property
    def kernels(self) -> Path:
        """Machine code of the loops that int8 and training compute with."""
        return self.cache / "kernels"

    @property
    def converted(self) -> Path:
        """Safetensors copies of .gguf files, which load far faster."""
        return self.cache / "converted"

    @property
    def prepared(self) -> Path:
        """Rows that are tokens already, shared by the runs that train on the same."""
        return self.cache / "prepared"

    @property
    def memory_file(self) -> Path:
        """What the program remembers between starts: last model, theme, folded panels."""
        return self.state / "memory.json"

    @property
    def replying_file(self) -> Path:
        """Locked by each model host that streams a reply to somebody."""
        return self.state / "replying.lock"

    @property
    def log(self) -> Path:
        """The folder of log files."""
        return self.state / "log"


def find_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """Find the folders: all under `TUNESMITH_HOME` where it is set, else where the platform keeps such things."""
    home = environ.get("TUNESMITH_HOME")
    if home:
        root = Path(home).expanduser()
        return Paths(root / "config", root / "data", root / "cache", root / "state")
    folders = platformdirs.PlatformDirs("tunesmith", appauthor=False)
    return Paths(folders.user_config_path, folders.user_data_path, folders.user_cache_path, folders.user_state_path)


def current_folder() -> Path:
    """The folder that the program stands in; the home folder where that one was deleted meanwhile."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path's own raises where nobody's home is known


def anchored(reference: str) -> str:
    """A path that is there, made to mean the same from any folder; a name stays as it is."""
    if not reference:
        return ""
    path = Path(reference).expanduser()
    try:
        return str(path.absolute()) if path.exists() else reference
    except (OSError, ValueError):  # too long, or with a NUL in it: no path
        return reference
