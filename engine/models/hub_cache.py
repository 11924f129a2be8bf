"""The hub's cache on disk, in the layout that `huggingface_hub` reads and writes.

models--owner--name/
blobs/ETAG                  the bytes; the name is the sha256 (large files) or the git id (small ones)
blobs/ETAG.incomplete       as far as a download has come
snapshots/COMMIT/FILE       a link to its blob
refs/main                   the commit that counts
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

_PREFIX = "models--"
INCOMPLETE = ".incomplete"


def find_hub_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Find the cache as `huggingface_hub` does: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if chosen := environ.get(name):
            return Path(os.path.expandvars(chosen)).expanduser()
    if home := environ.get("HF_HOME"):
        return Path(os.path.expandvars(home)).expanduser() / "hub"
    cache = environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path("~/.cache").expanduser()) / "huggingface" / "hub"


class CachedRepo(msgspec.Struct, frozen=True):
    """One model's folder in the cache; it need not exist."""

    folder: Path
    name: str
    """owner/name, or the short name under which it was fetched."""

    @property
    def blobs(self) -> Path:
        """Where the bytes are."""
        return self.folder / "blobs"

    def snapshot(self, commit: str) -> Path:
        """The folder that a commit's files are linked in."""
        return self.folder / "snapshots" / commit

    def snapshots(self) -> tuple[Path, ...]:
        """The snapshots that are there: the one of refs/main first, then the newest."""
        try:
            found = [path for path in (self.folder / "snapshots").iterdir() if path.is_dir()]
        except OSError:
            return ()
        main = self._main()
        return tuple(sorted(found, key=lambda path: (path.name != main, -path.stat().st_mtime)))

    def has_partial(self) -> bool:
        """Whether a download was cut short."""
        return any(path.name.endswith(INCOMPLETE) for path in _entries(self.blobs))

    def size_bytes(self) -> int:
        """Everything it takes on disk."""
        return sum(
            _size(Path(root, name))
            for root, _, names in os.walk(self.folder)
            for name in names
            if not Path(root, name).is_symlink()
        )

    def set_main(self, commit: str) -> None:
        """Make a commit the one that counts, whole or not at all."""
        ref = self.folder / "refs" / "main"
        ref.parent.mkdir(parents=True, exist_ok=True)
        beside = ref.with_name(f"main.{os.getpid()}.tmp")
        beside.write_text(commit)
        beside.replace(ref)

    def remove(self) -> int:
        """Delete it.

        Returns:
            The bytes that were freed.
        """
        size = self.size_bytes()
        # The links go first: killed half-way, what is left is an incomplete download and not a broken model.
        shutil.rmtree(self.folder / "refs", ignore_errors=True)
        shutil.rmtree(self.folder / "snapshots", ignore_errors=True)
        shutil.rmtree(self.folder)
        shutil.rmtree(self.folder.parent / ".locks" / self.folder.name, ignore_errors=True)
        return size

    def _main(self) -> str:
        try:
            return (self.folder / "refs" / "main").read_text().strip()
        except (OSError, ValueError):
            return ""


def cached_repo(cache: Path, name: str) -> CachedRepo:
    """The place of a model in the cache, whether or not it is there."""
    return CachedRepo(cache / (_PREFIX + name.replace("/", "--")), name)


def cached_repos(cache: Path) -> Iterator[CachedRepo]:
    """All models of which the cache holds something, by name."""
    for folder in sorted(_entries(cache)):
        if folder.name.startswith(_PREFIX) and is_folder(folder):
            yield CachedRepo(folder, folder.name.removeprefix(_PREFIX).replace("--", "/"))


def is_folder(path: Path) -> bool:
    """Whether there is a folder, as far as one may know."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
