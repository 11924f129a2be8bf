"""`tunesmith chats`: the saved conversations, without the screen."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from engine.atomic import write_atomically, write_new
from engine.cli.group import command_group
from engine.cli.output import is_terminal, narrate, out, out_json, table, terminal_columns
from engine.conversations import DELETED_KEPT_S, ExportFormat, Store, export
from engine.display import visible_line
from engine.errors import Failed, Refused
from engine.paths import find_paths

app = command_group("List, show, search, export and delete conversations.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="The number that `chats list` shows.", min=1)]
_DAY_S = 24 * 3600
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@contextlib.contextmanager
def _store() -> Iterator[Store]:
    store = Store.open(find_paths().conversations_file)
    try:
        if store.notice:
            narrate(store.notice)
        yield store
    finally:
        store.close()


@app.command("list")
def list_(
    query: Annotated[str, typer.Option(metavar="TEXT", help="Only those that have these words.")] = "",
    limit: Annotated[int | None, typer.Option(metavar="N", help="How many at most; all by default.", min=1)] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that `restore` can bring back.")] = False,
    as_json: AsJson = False,
) -> None:
    """List conversations, last changed first."""
    with _store() as store:
        found = store.conversations(query=query, limit=limit, deleted=deleted)
    if as_json:
        for conversation in found:
            out_json(conversation)
        return
    if not found:
        nothing = "No conversation was deleted." if deleted else "There are no conversations yet."
        narrate(f"No conversation has {query!r}." if query else nothing)
        return
    rows = [(str(one.id), _moment(one.updated_s), str(one.turns), one.model, one.title or "Untitled") for one in found]
    _print_table(("ID", "CHANGED", "TURNS", "MODEL", "TITLE"), rows, right=(0, 2))


@app.command()
def show(conversation_id: Id, as_json: AsJson = False) -> None:
    """Show a conversation: the turns of its active branch."""
    with _store() as store:
        if as_json:
            conversation, turns = store.conversation(conversation_id), store.path(conversation_id)
            out_json({"conversation": conversation, "turns": turns})
        else:
            out(export(store, conversation_id, "markdown"), end="")


@app.command()
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words; the end of each may be missing.")],
    limit: Annotated[int, typer.Option(metavar="N", help="How many at most.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Find turns that have all the words, in every branch of every conversation."""
    with _store() as store:
        hits = store.search(query, limit=limit)
    if as_json:
        for hit in hits:
            out_json(hit)
        return
    if not hits:
        narrate(f"Nothing has {query!r}.")
        return
    rows = [(str(hit.conversation_id), _moment(hit.created_s), hit.role or "title", hit.snippet) for hit in hits]
    _print_table(("ID", "WRITTEN", "WHO", "TEXT"), rows, right=(0,))


@app.command("export")
def export_(
    conversation_id: Id,
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="Markdown has the active branch to read, json all branches.")
    ] = "markdown",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to a file instead of printing.", dir_okay=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a conversation as Markdown or JSON. With --json it is printed as JSON, or told where it was written."""
    with _store() as store:
        text = export(store, conversation_id, "json" if as_json and output is None else format_)
    if output is None:
        out(text, end="")
        return
    _write(output, text, force=force)
    if as_json:
        out_json({"id": conversation_id, "format": format_, "file": str(output)})
    else:
        narrate(f"Written to {visible_line(str(output))}.")


@app.command()
def delete(
    conversation_id: Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="As with the other deletes; nothing is asked here.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a conversation; for 30 days `restore` brings it back, so nothing is asked."""
    with _store() as store:
        title = store.conversation(conversation_id).title
        store.delete(conversation_id)
    if as_json:
        out_json({"id": conversation_id, "deleted": True})
    else:
        days = round(DELETED_KEPT_S / _DAY_S)
        how = f"For {days} days this brings it back: tunesmith chats restore {conversation_id}"
        narrate(f"Deleted {_named(conversation_id, title)}. {how}")


@app.command()
def restore(conversation_id: Id, as_json: AsJson = False) -> None:
    """Bring a deleted conversation back."""
    with _store() as store:
        store.undelete(conversation_id)
        title = store.conversation(conversation_id).title
    if as_json:
        out_json({"id": conversation_id, "deleted": False})
    else:
        narrate(f"Brought {_named(conversation_id, title)} back.")


def _print_table(headers: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, right: tuple[int, ...]) -> None:
    columns = terminal_columns() if is_terminal(sys.stdout) else 0
    out(table(headers, rows, right=right, columns=columns))


def _moment(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s):%Y-%m-%d %H:%M}"


def _named(conversation_id: int, title: str) -> str:
    return f"conversation {conversation_id}" + (f" ({visible_line(title)})" if title else "")


def _write(file: Path, text: str, *, force: bool) -> None:
    try:
        if not file.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        (write_atomically if force else write_new)(file, text.encode())
    except FileExistsError:
        raise Refused(f"{file} is there already", "Choose another name, or replace it with --force") from None
    except OSError as error:
        raise Failed(
            f"{file} could not be written: {error.strerror or error}", "Choose another place with --output"
        ) from error
