"""The models that are here, and those that can be had."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.display import is_text, visible_line
from engine.errors import Misuse, ModelNotFound
from engine.models.catalogue import OFFERS, find_offer, same_model
from engine.models.folder import CONFIG, Incomplete, inspect_folder
from engine.models.gguf_file import inspect_gguf
from engine.models.hub_cache import CachedRepo, cached_repos, find_hub_cache, is_folder
from engine.models.records import ModelEntry, ModelFacts, unreadable
from engine.models.reference import STARTER, FolderModel, GgufModel, parse
from engine.models.run_model import run_entries
from engine.paths import Paths
from engine.starter import FOLDER

_STARTER = "Ships with Tunesmith: a very small model that tells short stories, and learns quickly"
_INCOMPLETE = "The download was cut short; it goes on from there when you get or load it"


def list_models(
    paths: Paths, environ: Mapping[str, str] = os.environ, *, remembered: Sequence[str] = ()
) -> tuple[ModelEntry, ...]:
    """List the models that are here, the starter first, then those that can be had.

    What is here: the starter, the hub's cache, the program's models folder, and `remembered` references to folders
    and files elsewhere. Only headers are read; nothing is asked of the network. Entries without a fault open.

    Args:
        paths: The program's folders.
        environ: Where the hub's cache is found.
        remembered: References that were used before; those that are gone are left out.
    """
    here: dict[str, ModelEntry] = {}
    for entry in (
        *_own(paths),
        *run_entries(paths),
        *_remembered(remembered, paths, environ),
        *_cached(find_hub_cache(environ)),
    ):
        here.setdefault(entry.ref, entry if is_text(entry.ref) else _unnameable(entry))
    taken = {name for entry in here.values() if entry.source == "hub" for name in same_model(entry.ref)}
    return (starter_entry(), *sorted(here.values(), key=_order), *_offers(taken))


def starter_entry() -> ModelEntry:
    """Describe the model that ships with the program."""
    entry = folder_entry(FOLDER)
    return msgspec.structs.replace(entry, ref=STARTER, name=STARTER, source="starter", description=_STARTER)


def _unnameable(entry: ModelEntry) -> ModelEntry:
    """Describe a model in a folder or file whose name is no text, which no message can carry."""
    return msgspec.structs.replace(
        entry,
        ref=visible_line(entry.ref),
        name=visible_line(entry.name),
        where=visible_line(entry.where),
        fault="Its name is not UTF-8 text: rename it, or make a link to it with a plain name",
    )


def _order(entry: ModelEntry) -> tuple[bool, str]:
    return bool(entry.fault), entry.name.lower()


def _own(paths: Paths) -> Iterator[ModelEntry]:
    for path in _entries(paths.models):
        if is_folder(path):
            found = list(_in_folder(path))
            # Folders may be sorted into folders, by maker for example.
            yield from found or (each for inner in _entries(path) if is_folder(inner) for each in _in_folder(inner))
        elif path.suffix.lower() == ".gguf":
            yield gguf_entry(path)


def _in_folder(folder: Path) -> Iterator[ModelEntry]:
    try:
        if (folder / CONFIG).is_file():
            yield folder_entry(folder)
        for file in _entries(folder):
            if file.suffix.lower() == ".gguf" and file.is_file():
                yield gguf_entry(file)
    except OSError as error:
        ref = str(folder.absolute())
        yield unreadable(ModelEntry(ref=ref, name=folder.name, source="folder", where=str(folder)), error)


def _remembered(refs: Sequence[str], paths: Paths, environ: Mapping[str, str]) -> Iterator[ModelEntry]:
    for ref in refs:
        try:
            found = parse(ref, paths, environ)
        except (ModelNotFound, Misuse):
            continue
        if isinstance(found, FolderModel):
            yield folder_entry(found.folder)
        elif isinstance(found, GgufModel) and find_hub_cache(environ) not in found.file.parents:
            yield gguf_entry(found.file)


def folder_entry(folder: Path) -> ModelEntry:
    """Describe a model's folder."""
    report = inspect_folder(folder)
    return _with_facts(
        ModelEntry(
            ref=str(folder.absolute()),
            name=folder.name,
            source="folder",
            here=True,
            where=str(folder),
            fault=report.problem.title if report.problem else "",
        ),
        report.facts,
    )


def gguf_entry(file: Path, ref: str = "") -> ModelEntry:
    """Describe a GGUF file."""
    report = inspect_gguf(file)
    return _with_facts(
        ModelEntry(
            ref=ref or str(file.absolute()),
            name=file.stem,
            source="gguf",
            here=True,
            where=str(file),
            description=report.title,
            fault=report.problem.title if report.problem else "",
        ),
        report.facts,
    )


def _cached(cache: Path) -> Iterator[ModelEntry]:
    for repo in cached_repos(cache):
        try:
            yield from repo_entries(repo)
        except OSError as error:
            yield unreadable(
                ModelEntry(ref=repo.name, name=repo.name, source="hub", where=str(repo.folder)),
                error,
            )


def repo_entries(repo: CachedRepo) -> Iterator[ModelEntry]:
    """Describe what the hub's cache has of a model: the model, and each of its GGUF files.

    Raises:
        OSError: It can't be read.
    """
    with os.scandir(repo.folder):
        pass  # what may not be read looks like a download that has not begun
    snapshots = repo.snapshots()
    files = {file.name: file for snapshot in reversed(snapshots) for file in snapshot.glob("*.gguf") if file.is_file()}
    for name, file in sorted(files.items()):
        yield gguf_entry(file, f"{repo.name}/{name}" if "/" in repo.name else str(file))
    if not any((snapshot / CONFIG).is_file() for snapshot in snapshots) and files:
        return
    reports = [(snapshot, inspect_folder(snapshot, repo.name)) for snapshot in snapshots]
    whole = next(((snapshot, report) for snapshot, report in reports if report.problem is None), None)
    offer = find_offer(repo.name)
    entry = ModelEntry(
        ref=repo.name, name=repo.name, source="hub", here=True, description=offer.description if offer else ""
    )
    if whole:
        snapshot, report = whole
        yield _with_facts(msgspec.structs.replace(entry, where=str(snapshot)), report.facts)
        return
    partial = repo.has_partial() or not reports
    problem = reports[0][1].problem if reports else None
    resumable = partial or isinstance(problem, Incomplete)
    yield _with_facts(
        msgspec.structs.replace(
            entry,
            where=str(repo.folder),
            resumable=resumable,
            fault=_INCOMPLETE if resumable or problem is None else problem.title,
        ),
        reports[0][1].facts if reports else ModelFacts(),
    )


def _offers(taken: set[str]) -> Iterator[ModelEntry]:
    for offer in OFFERS:
        if offer.ref not in taken:
            yield ModelEntry(
                ref=offer.ref,
                name=offer.ref,
                source="hub",
                kind=offer.kind,
                architecture=offer.architecture,
                parameters=offer.parameters,
                size_bytes=offer.download_bytes,
                context_tokens=offer.context_tokens,
                description=offer.description,
            )


def _with_facts(entry: ModelEntry, facts: ModelFacts) -> ModelEntry:
    return msgspec.structs.replace(
        entry,
        kind=facts.kind,
        architecture=facts.architecture,
        parameters=facts.parameters,
        size_bytes=facts.size_bytes,
        context_tokens=facts.context_tokens,
        dtype=facts.dtype,
    )


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
