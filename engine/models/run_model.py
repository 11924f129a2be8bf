"""What a training run made, as a model: its result, or any checkpoint that is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.errors import LoadFailed, ModelNotFound, RunNotFound, TunesmithError
from engine.models.folder import inspect_folder
from engine.models.records import LocalModel, ModelEntry, unreadable
from engine.models.reference import RunModel
from engine.paths import Paths
from engine.runs.checkpoints import Checkpoint, list_checkpoints
from engine.runs.folder import RunFolder
from engine.runs.plan import read_plan
from engine.runs.store import find_run, run_folders

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def resolve_run(model: RunModel, paths: Paths, resolve_base: Callable[[str], LocalModel]) -> LocalModel:
    """Find the files of a run's model.

    Args:
        model: The run, and the step where one is meant.
        paths: The program's folders.
        resolve_base: Finds the model that adapters belong to.

    Raises:
        ModelNotFound: No such run or step, or it has made nothing yet.
        LoadFailed: Its files are damaged, or the model under an adapter is gone.
    """
    try:
        run = find_run(paths.runs, model.run)
    except RunNotFound as error:
        raise ModelNotFound(error.title, error.hint) from None
    folder = _folder(run, model.step)
    name = f"{run.name}@{model.step}" if model.step is not None else run.name
    ref = f"run:{name}"
    if not (folder / ADAPTER_CONFIG).is_file():
        if problem := inspect_folder(folder, ref).problem:
            raise problem
        return LocalModel(ref=ref, name=name, folder=folder)
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise LoadFailed(f"{ref} is damaged: {ADAPTER_WEIGHTS} is missing", "Take another checkpoint of the run")
    base = read_plan(run.plan_file).model
    try:
        under = resolve_base(base)
    except TunesmithError as error:
        raise LoadFailed(f"{ref} is an adapter of {base}, which can't be opened: {error.title}", error.hint) from error
    return LocalModel(
        ref=ref, name=name, folder=under.folder, gguf_file=under.gguf_file, adapters=(*under.adapters, folder)
    )


def run_entries(paths: Paths) -> Iterator[ModelEntry]:
    """Describe the results of runs for a list of models; their checkpoints are listed with the runs."""
    for run in run_folders(paths.runs):
        try:
            if not run.final.is_dir():
                continue
            size_bytes = sum(file.stat().st_size for file in run.final.glob("*.safetensors"))
        except FileNotFoundError:  # it is being deleted
            continue
        except OSError as error:
            yield unreadable(_entry(run), error)
        else:
            yield _entry(run, size_bytes)


def _entry(run: RunFolder, size_bytes: int = 0) -> ModelEntry:
    return ModelEntry(
        ref=f"run:{run.name}",
        name=run.name,
        source="run",
        size_bytes=size_bytes,
        here=True,
        where=str(run.final),
        description="Made by a training run",
    )


def _folder(run: RunFolder, step: int | None) -> Path:
    there = list_checkpoints(run)
    if step is not None:
        found = next((one.folder for one in there if one.step == step), None)
        if found is not None:
            return found
        raise ModelNotFound(f"The run {run.name} has no checkpoint of step {step}", _instead(run, there))
    if run.final.is_dir():
        return run.final
    if not there:
        raise ModelNotFound(
            f"The run {run.name} has made nothing yet", f"See how it stands: tunesmith runs show {run.name}"
        )
    return next((one.folder for one in there if one.best), there[-1].folder)


def _instead(run: RunFolder, there: Sequence[Checkpoint]) -> str:
    """What can be talked to where a checkpoint can't be."""
    if not there:
        return "It has no checkpoint yet"
    steps = ", ".join(str(one.step) for one in there)
    result = f"; its result is run:{run.name}" if run.final.is_dir() else ""
    return f"Only the newest and the best are kept: steps {steps}{result}"
