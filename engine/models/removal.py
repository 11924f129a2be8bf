"""Giving the disk space of a model back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.errors import ModelNotFound, Refused
from engine.models.catalogue import same_model
from engine.models.converted import remove_copies
from engine.models.hub_cache import CachedRepo, cached_repo, find_hub_cache
from engine.models.reference import FolderModel, GgufModel, HubModel, RunModel, StarterModel, parse
from engine.paths import Paths


def delete(ref: str, paths: Paths, environ: Mapping[str, str] = os.environ) -> int:
    """Delete a model from the hub's cache or from the program's models folder, and converted copies of it.

    Returns:
        The bytes that were freed.

    Raises:
        ModelNotFound: Nothing of it is here.
        Refused: It is in a folder of the user's own.
    """
    match parse(ref, paths, environ):
        case StarterModel():
            raise Refused(f"{ref} belongs to the program itself", "It goes when Tunesmith is uninstalled")
        case HubModel() as model:
            return _delete_cached(model, paths, environ)
        case FolderModel(folder=path) | GgufModel(file=path):
            return _delete_own(path, paths)
        case RunModel(run=run):
            raise Refused(f"{ref} belongs to a training run", f"Delete the run: tunesmith runs delete {run}")


def _delete_cached(model: HubModel, paths: Paths, environ: Mapping[str, str]) -> int:
    cache = find_hub_cache(environ)
    repos = [repo for name in same_model(model.name) if (repo := cached_repo(cache, name)).folder.is_dir()]
    if not repos:
        raise ModelNotFound(f"{model.name} is not here", "`tunesmith models list` shows what is")
    if model.gguf:
        return sum(_delete_file(repo, model.gguf, paths) for repo in repos)
    return sum(_delete_repo(repo, paths) for repo in repos)


def _delete_repo(repo: CachedRepo, paths: Paths) -> int:
    files = {file.resolve() for snapshot in repo.snapshots() for file in snapshot.rglob("*.gguf")}
    return sum(remove_copies(file, paths.converted) for file in files) + repo.remove()


def _delete_file(repo: CachedRepo, name: str, paths: Paths) -> int:
    links = [link for snapshot in repo.snapshots() if (link := snapshot / name).exists()]
    if not links:
        raise ModelNotFound(f"{repo.name} has no {name} here", "`tunesmith models list` shows what is")
    freed = 0
    for link in links:
        blob = link.resolve()
        freed += remove_copies(blob, paths.converted) + blob.stat().st_size
        link.unlink()
        blob.unlink(missing_ok=True)
    return freed


def _delete_own(path: Path, paths: Paths) -> int:
    own = paths.models.resolve()
    if own not in (path.parent.resolve() / path.name).parents:
        raise Refused(
            f"{path} is in a folder of your own",
            "Only downloads and what is in the models folder are deleted here; delete it yourself if you mean it",
        )
    if path.is_symlink():  # the link is ours, what it points at is not
        path.unlink()
        return 0
    if path.is_file():
        freed = remove_copies(path, paths.converted) + path.stat().st_size
        path.unlink()
        return freed
    freed = sum(remove_copies(file, paths.converted) for file in path.rglob("*.gguf"))
    freed += sum(each.stat().st_size for each in path.rglob("*") if each.is_file() and not each.is_symlink())
    shutil.rmtree(path)
    return freed
