"""The runs that there are: make, list, find, rename, delete."""

from __future__ import annotations

import errno
import re
import shutil
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from engine.errors import DiskFull, Failed, Misuse, Refused, RunNotFound
from engine.fields import nearest
from engine.protocol import Frozen
from engine.runs.checkpoints import list_checkpoints
from engine.runs.folder import RunFolder
from engine.runs.lock import is_locked
from engine.runs.plan import Plan, check, read_plan, write_plan
from engine.runs.state import RunState, read_state

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class RunSummary(Frozen, frozen=True, kw_only=True):
    """A run in a list."""

    name: str
    folder: Path
    created_s: float
    plan: Plan | None
    """None where `plan.json` can't be read."""
    state: RunState
    checkpoints: int
    size_bytes: int


def create(runs: Path, plan: Plan, name: str = "", *, now: Callable[[], datetime] = datetime.now) -> RunFolder:
    """Make the directory of a new run; nothing is started.

    Args:
        runs: The folder of runs.
        plan: What to do.
        name: What to call it; empty makes a name of model, method and time.
        now: What time it is.

    Raises:
        Misuse: The plan or the name can't be used.
        Refused: There is a run of that name.
        Failed: The disk does not let it be written.
    """
    check(plan)
    chosen = name or _free_name(runs, f"{_slug(plan.model)}-{plan.method}-{now():%m%d-%H%M}")
    run = RunFolder(runs / check_name(chosen))
    try:
        runs.mkdir(parents=True, exist_ok=True)
        run.path.mkdir()
        write_plan(plan, run.plan_file)
    except FileExistsError:
        raise Refused(f"There is a run called {chosen} already", "Choose another name with --name") from None
    except OSError as error:
        raise Failed(
            f"{run.path} could not be written: {error.strerror or error}", "Make room, and try again"
        ) from error
    return run


def check_name(name: str) -> str:
    """Return the name if a run can have it.

    Raises:
        Misuse: It can't.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise Misuse(
            f"{name!r} can't be the name of a run", "Up to 80 letters, digits, dots, dashes and underlines; no spaces"
        )
    return name


def find_run(runs: Path, name: str) -> RunFolder:
    """Find a run by its name.

    Raises:
        RunNotFound: There is none.
    """
    run = RunFolder(runs / name) if _NAME.fullmatch(name) else None
    if run is not None and run.plan_file.is_file():
        return run
    near = nearest(name, [one.name for one in run_folders(runs)])
    hint = f"Did you mean {near}? " if near else ""
    raise RunNotFound(f"There is no run called {name}", f"{hint}See them all: tunesmith runs list")


def run_folders(runs: Path) -> list[RunFolder]:
    """Every folder that holds a plan, newest first; those that may not be read are left out."""
    if not runs.is_dir():
        return []
    found = [RunFolder(path) for path in runs.iterdir() if not path.name.startswith(".") and _holds_plan(path)]
    return sorted(found, key=lambda run: (-_created_s(run), run.name))


def list_runs(runs: Path) -> list[RunSummary]:
    """List all runs, newest first."""
    return [summarise(run) for run in run_folders(runs)]


def summarise(run: RunFolder) -> RunSummary:
    """Say what a list says about a run."""
    try:
        plan = read_plan(run.plan_file)
    except Failed:
        plan = None
    return RunSummary(
        name=run.name,
        folder=run.path,
        created_s=_created_s(run),
        plan=plan,
        state=read_state(run),
        checkpoints=len(list_checkpoints(run)),
        size_bytes=disk_bytes(run),
    )


def rename(runs: Path, run: RunFolder, name: str) -> RunFolder:
    """Call a run something else.

    Raises:
        Misuse: The name can't be used.
        Refused: The run is being trained, or the name is taken.
    """
    target = RunFolder(runs / check_name(name))
    if is_locked(run.lock_file):
        raise Refused(f"{run.name} is being trained", f"Pause it first: tunesmith runs pause {run.name}")
    if target.path.exists():
        raise Refused(f"There is a run called {name} already", "Choose another name")
    run.path.rename(target.path)
    return target


def bring(run: RunFolder, runs: Path, wanted: str = "") -> RunFolder:
    """Copy a run that is over into another folder of runs, whole or not at all.

    Args:
        run: The run.
        runs: The other folder; made where it is missing.
        wanted: What to call it there; a number is added where that is taken. Empty keeps its name.

    Returns:
        The copy.

    Raises:
        Refused: The run is being trained.
        DiskFull: There is no room for it.
        Failed: It could not be copied.
    """
    if is_locked(run.lock_file):
        raise Refused(f"{run.name} is being trained", "Wait until it is over, or stop it")
    name = _free_name(runs, check_name(wanted or run.name))
    hidden = runs / f".arriving-{name}"
    try:
        shutil.rmtree(hidden, ignore_errors=True)
        shutil.copytree(run.path, hidden)
        hidden.rename(runs / name)
    except OSError as error:
        shutil.rmtree(hidden, ignore_errors=True)
        if error.errno == errno.ENOSPC or "No space left" in str(error):
            raise DiskFull(f"There is no room for {run.name} in {runs}", "Free some space, and try again") from error
        raise Failed(f"{run.name} could not be kept: {error.strerror or error}", f"Look at {runs}") from error
    return RunFolder(runs / name)


def delete(run: RunFolder) -> int:
    """Delete a run and all of its checkpoints.

    Returns:
        The bytes that this gave back.

    Raises:
        Refused: The run is being trained.
        Failed: It could not be deleted whole.
    """
    if is_locked(run.lock_file):
        raise Refused(f"{run.name} is being trained", f"Stop it first: tunesmith runs stop {run.name}")
    size = disk_bytes(run)
    hidden = run.path.with_name(f".deleted-{run.name}")
    try:
        shutil.rmtree(hidden, ignore_errors=True)
        run.path.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise Failed(
            f"{run.name} could not be deleted: {error.strerror or error}", f"Look at {run.path.parent}"
        ) from error
    return size


def disk_bytes(run: RunFolder) -> int:
    """How much a run takes on the disk."""
    return sum(_size(path) for path in run.path.rglob("*"))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:  # it went while we counted
        return 0


def _holds_plan(folder: Path) -> bool:
    try:
        return RunFolder(folder).plan_file.is_file()
    except OSError:
        return False


def _created_s(run: RunFolder) -> float:
    try:
        return run.plan_file.stat().st_mtime
    except OSError:
        return 0.0


def _slug(model: str) -> str:
    last = model.replace("\\", "/").rstrip("/").split("/")[-1].removeprefix("run:").removesuffix(".gguf")
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.]+", "-", plain).strip("-.")[:40] or "model"


def _free_name(runs: Path, wanted: str) -> str:
    name, count = wanted, 1
    while (runs / name).exists():
        count += 1
        name = f"{wanted}-{count}"
    return name
