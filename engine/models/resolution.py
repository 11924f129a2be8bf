"""From a reference to files that are here, whole and fit to be loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.errors import DownloadFailed, LoadFailed, Refused, TunesmithError
from engine.models.catalogue import same_model
from engine.models.download import download
from engine.models.folder import CONFIG, Incomplete, inspect_folder
from engine.models.gguf_file import inspect_gguf
from engine.models.hub_cache import cached_repo, find_hub_cache
from engine.models.hub_files import is_offline
from engine.models.records import Cancelled, LocalModel, OnProgress, Progress, never, no_progress
from engine.models.reference import STARTER, FolderModel, GgufModel, HubModel, RunModel, StarterModel, parse
from engine.models.run_model import resolve_run
from engine.paths import Paths
from engine.starter import FOLDER


def resolve(
    ref: str,
    *,
    paths: Paths,
    environ: Mapping[str, str] = os.environ,
    on_progress: OnProgress = no_progress,
    cancelled: Cancelled = never,
) -> LocalModel:
    """Find a model's files, downloading what is missing of a hub model; a whole one needs no network.

    Args:
        ref: See `engine.models.reference`.
        paths: The program's folders.
        environ: HF_HOME and the other settings of the hub.
        on_progress: Called on this thread, about ten times a second during a download.
        cancelled: Asked as often; what has come of a download is kept.

    Raises:
        ModelNotFound: Nothing answers to the reference.
        DownloadFailed, DiskFull: It could not be downloaded.
        LoadFailed: A file is missing, damaged, or not of a model that continues text.
        Refused: It would run code: a pickle, or Python that comes with the model.
        Cancelled: `cancelled` said so.
    """
    on_progress(Progress(stage="finding"))
    match parse(ref, paths, environ):
        case StarterModel():
            return msgspec.structs.replace(_local_folder(FOLDER), ref=STARTER, name=STARTER)
        case FolderModel(folder=folder):
            return _local_folder(folder)
        case GgufModel(file=file):
            return _local_gguf(file)
        case HubModel() as model:
            return _hub_model(model, environ, on_progress, cancelled)
        case RunModel() as made:

            def base(under: str) -> LocalModel:
                return resolve(under, paths=paths, environ=environ, on_progress=on_progress, cancelled=cancelled)

            return resolve_run(made, paths, base)


def find_here(
    model: HubModel, environ: Mapping[str, str] = os.environ
) -> tuple[LocalModel | None, TunesmithError | None]:
    """Look for a hub model in the cache.

    Returns:
        The model where it is whole, else why it is not; (None, None) where nothing of it is here.
    """
    problem: TunesmithError | None = None
    for name in same_model(model.name):
        for snapshot in cached_repo(find_hub_cache(environ), name).snapshots():
            if model.gguf:
                file = snapshot / model.gguf
                report = inspect_gguf(file) if file.is_file() else None
                if report and report.problem is None:
                    return LocalModel(
                        ref=f"{model.name}/{model.gguf}", name=file.stem, folder=file.parent, gguf_file=file
                    ), None
                problem = problem or (report.problem if report else None)
                continue
            found = inspect_folder(snapshot, model.name).problem
            if found is None:
                return LocalModel(ref=model.name, name=model.name, folder=snapshot), None
            problem = problem or found
    return None, problem


def _hub_model(
    model: HubModel, environ: Mapping[str, str], on_progress: OnProgress, cancelled: Cancelled
) -> LocalModel:
    here, problem = find_here(model, environ)
    if here is not None:
        return here
    # A download can mend what is missing, damaged, or here only as a pickle; what the config says it can't.
    mendable = problem is None or model.gguf or isinstance(problem, Incomplete) or _is_pickle(problem)
    if problem is not None and not mendable:
        raise problem
    if is_offline(environ) and isinstance(problem, Refused):
        raise problem
    if is_offline(environ) and problem is not None:
        raise DownloadFailed(
            f"{problem.title}, and HF_HUB_OFFLINE forbids to fetch what is missing",
            "Unset HF_HUB_OFFLINE and try again",
        )
    download(model.name, gguf=model.gguf, environ=environ, on_progress=on_progress, cancelled=cancelled)
    here, problem = find_here(model, environ)
    if here is None:
        raise problem or LoadFailed(f"{model.name} was downloaded but is not there", "Get it again")
    return here


def _is_pickle(problem: TunesmithError) -> bool:
    return isinstance(problem, Refused) and "safetensors" in problem.title


def _local_folder(folder: Path) -> LocalModel:
    ggufs = sorted(folder.glob("*.gguf"))
    if len(ggufs) == 1 and not (folder / CONFIG).exists():
        return _local_gguf(ggufs[0])
    if problem := inspect_folder(folder).problem:
        raise problem
    return LocalModel(ref=str(folder), name=folder.name, folder=folder)


def _local_gguf(file: Path) -> LocalModel:
    if problem := inspect_gguf(file).problem:
        raise problem
    return LocalModel(ref=str(file), name=file.stem, folder=file.parent, gguf_file=file)
