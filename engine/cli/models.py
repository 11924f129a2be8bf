"""`tunesmith models`: what is here, what can be had, and getting or deleting it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from engine.cli.consent import Yes, ask, check_somebody_is_there
from engine.cli.group import command_group
from engine.cli.output import is_terminal, narrate, out, out_json, redraw, table, terminal_columns
from engine.errors import Cancelled, ModelNotFound
from engine.figures import human_bytes, human_count, human_duration
from engine.memory import load_memory
from engine.models import ModelEntry, Progress, delete, list_models, resolve
from engine.models.catalogue import close_matches, same_model
from engine.models.reference import FolderModel, GgufModel, RunModel, StarterModel, parse
from engine.paths import Paths, find_paths

app = command_group("List, show, download and delete models.", no_args_is_help=True)

Ref = Annotated[str, typer.Argument(metavar="REF", help="A hub name, a folder or a .gguf file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_HEADERS = ("MODEL", "STATE", "PARAMS", "SIZE", "CONTEXT", "KIND", "NOTES")
_LEAST_COLUMNS_FOR_NOTES = 110
_REPORT_EVERY_BYTES = 50_000_000


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the models that are here, and those that can be had."""
    entries = _entries(*load_memory(find_paths().memory_file).recent_models)
    if as_json:
        for entry in entries:
            out_json(entry)
        return
    here = [entry for entry in entries if entry.here]
    if all(entry.source == "starter" for entry in here):
        narrate("Only the starter is here yet. The others can be had; `tunesmith models get REF` downloads one.")
    columns = terminal_columns() if is_terminal(sys.stdout) else 0
    # The reference is what one copies from here: the notes give way before it is clipped.
    shown = len(_HEADERS) - (0 < columns < _LEAST_COLUMNS_FOR_NOTES)
    out(table(_HEADERS[:shown], [_row(entry)[:shown] for entry in entries], right=(2, 3, 4), columns=columns))
    if shown < len(_HEADERS):
        for entry in here:
            if entry.fault:
                narrate(f"{entry.name}: {entry.fault}.")


@app.command()
def show(ref: Ref, as_json: AsJson = False) -> None:
    """Show what is known about a model, without loading it."""
    entry = _find(ref)
    if as_json:
        out_json(entry)
        return
    facts = (
        ("name", entry.name),
        ("reference", entry.ref),
        ("state", _state(entry)),
        ("architecture", entry.architecture),
        ("kind", entry.kind),
        ("parameters", f"{entry.parameters:,}" if entry.parameters else ""),
        ("size", human_bytes(entry.size_bytes) if entry.size_bytes else ""),
        ("stored as", entry.dtype),
        ("context", f"{entry.context_tokens:,} tokens" if entry.context_tokens else ""),
        ("where", entry.where),
        ("about", entry.description),
        ("fault", entry.fault),
    )
    out("\n".join(f"{name:<13} {value}" for name, value in facts if value))


@app.command()
def get(ref: Ref, as_json: AsJson = False) -> None:
    """Download a model, going on where an earlier download was cut; Ctrl+C keeps what has come."""
    narrator = _Narrator()
    try:
        model = resolve(ref, paths=find_paths(), on_progress=narrator.report)
    except KeyboardInterrupt:
        narrator.finish()
        raise Cancelled(
            f"The download of {ref} was stopped", "What has come is kept: get it again to go on from there"
        ) from None
    finally:
        narrator.finish()
    if as_json:
        out_json({"ref": model.ref, "folder": str(model.folder), "gguf_file": str(model.gguf_file or "")})
        return
    narrate(f"{model.name} is here." if narrator.downloaded else f"{model.name} was here already.")
    out(str(model.gguf_file or model.folder))


@app.command("delete")
def delete_(
    ref: Ref,
    yes: Yes = False,
) -> None:
    """Delete a downloaded model, or one in the models folder; it can't be brought back."""
    check_somebody_is_there(ref, yes=yes)
    if not yes and (entry := _find(ref)).here:
        ask(f"Delete {entry.name} ({human_bytes(entry.size_bytes)})?", yes=yes)
    freed = delete(ref, find_paths())
    narrate(f"Deleted {ref}: {human_bytes(freed)} are free again.")


class _Narrator:
    """Tells of a download on stderr: a line that is drawn over on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self.downloaded = False
        self._live = is_terminal(sys.stderr)
        self._width = 0
        self._next_bytes = 0

    def report(self, progress: Progress) -> None:
        """Draw how far it has come."""
        if progress.stage == "downloading":
            self.downloaded = True
        elif not self._live:
            return
        if self._live:
            self._width = redraw(progress_line(progress), self._width)
        elif progress.done_bytes >= self._next_bytes:
            narrate(progress_line(progress))
            self._next_bytes = min(progress.done_bytes + _REPORT_EVERY_BYTES, max(1, progress.total_bytes))
            if progress.done_bytes == progress.total_bytes:
                self._next_bytes += 1

    def finish(self) -> None:
        """Take the line away."""
        if self._live and self._width:
            redraw("", self._width)
            sys.stderr.write("\r")
            sys.stderr.flush()
            self._width = 0


def progress_line(progress: Progress) -> str:
    """Write progress as one line: model.safetensors  120 MB of 548 MB (22%)  5.1 MB/s  1 min 24 s left."""
    if progress.stage == "finding":
        return "Looking…"
    if progress.stage == "reading":
        return "Reading…"
    parts = [progress.file or "Checking…"]
    if progress.total_bytes:
        percent = 100 * progress.done_bytes // progress.total_bytes
        parts.append(f"{human_bytes(progress.done_bytes)} of {human_bytes(progress.total_bytes)} ({percent}%)")
    if progress.bytes_per_s > 0:
        parts.append(f"{human_bytes(progress.bytes_per_s)}/s")
    if progress.eta_s is not None:
        parts.append(f"{human_duration(progress.eta_s)} left")
    return "  ".join(parts)


def _entries(*remembered: str) -> tuple[ModelEntry, ...]:
    return list_models(find_paths(), os.environ, remembered=remembered)


def _find(ref: str, environ: Mapping[str, str] = os.environ) -> ModelEntry:
    paths: Paths = find_paths(environ)
    meant = parse(ref, paths, environ)
    if isinstance(meant, FolderModel):
        names = {str(meant.folder)}
    elif isinstance(meant, GgufModel):
        names = {str(meant.file)}
    elif isinstance(meant, RunModel | StarterModel):
        names = {ref}
    else:
        names = {f"{name}/{meant.gguf}" if meant.gguf else name for name in same_model(meant.name)}
    wanted = {name.lower() for name in names}
    for entry in _entries(ref):
        if entry.ref.lower() in wanted:
            return entry
    matches = close_matches(ref)
    suggestion = f"Did you mean {' or '.join(matches)}? " if matches else ""
    raise ModelNotFound(
        f"{ref} is not here, and nothing is known about it",
        f"{suggestion}`tunesmith models get {ref}` asks the hub for it",
    )


def _row(entry: ModelEntry) -> tuple[str, ...]:
    return (
        entry.ref if entry.source == "hub" or not entry.here else _short_path(entry.ref),
        _state(entry),
        human_count(entry.parameters) if entry.parameters else "",
        human_bytes(entry.size_bytes) if entry.size_bytes else "",
        f"{entry.context_tokens:,}" if entry.context_tokens else "",
        entry.kind if entry.usable or not entry.here else "",
        entry.fault or entry.description,
    )


def _state(entry: ModelEntry) -> str:
    if not entry.here:
        return "online"
    if entry.resumable:
        return "partial"
    return "faulty" if entry.fault else "here"


def _short_path(ref: str, environ: Mapping[str, str] = os.environ) -> str:
    home = environ.get("HOME", "")
    return "~" + ref[len(home) :] if home and ref.startswith(home + os.sep) else ref
