"""One file from the hub into its cache: resumed where it was cut, checked before it counts.

`huggingface_hub` itself throws a cut download away and takes the bytes on trust; both are done here.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from engine.errors import Cancelled
from engine.models.hub_cache import INCOMPLETE
from engine.models.hub_errors import another_file, damaged, is_network_error
from engine.models.hub_files import HubFile

_CHUNK_BYTES = 1 << 20
_READ_TIMEOUT_S = 15.0
_NOT_SATISFIABLE = 416
_PARTIAL = 206

OnBytes = Callable[[int], None]
"""Told how many bytes of the file are here."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file's bytes come from."""

    model: str
    url: str
    attempts: int = 5
    """How many times in a row a connection may bring nothing before it counts as lost."""
    first_wait_s: float = 0.5
    """Before the second attempt; doubles with each further one."""


class _Restart(Exception):
    """The server does not go on from where we are."""


def fetch(file: HubFile, blob: Path, source: Source, *, stop: threading.Event, on_bytes: OnBytes) -> None:
    """Bring a file's bytes to `blob`, which appears only when they are all there and right.

    Whatever has come is kept beside it on any failure but a wrong checksum, and used the next time.

    Raises:
        Cancelled: `stop` was set.
        DownloadFailed: The checksum is wrong; the bad bytes are deleted. Or the answer is not of the file's size.
        Exception: What the hub's library raises, when the attempts are used up.
        OSError: The disk is full or can't be written.
    """
    blob.parent.mkdir(parents=True, exist_ok=True)
    partial = blob.with_name(blob.name + INCOMPLETE)
    resumed = partial.exists() and partial.stat().st_size > 0
    digest = _complete(file, partial, source, stop=stop, on_bytes=on_bytes)
    if digest != file.etag and resumed:
        # What an earlier program left may not have been the start of this file.
        partial.unlink()
        digest = _complete(file, partial, source, stop=stop, on_bytes=on_bytes)
    if digest != file.etag:
        partial.unlink()
        raise damaged(source.model, file.name)
    partial.replace(blob)


def is_right(file: HubFile, blob: Path, stop: threading.Event) -> bool:
    """Whether a blob holds the bytes that its name promises; reads all of it."""
    try:
        if blob.stat().st_size != file.size_bytes:
            return False
        return _digest_of(file, blob, stop).hexdigest() == file.etag
    except FileNotFoundError:
        return False


def _complete(file: HubFile, partial: Path, source: Source, *, stop: threading.Event, on_bytes: OnBytes) -> str:
    """Append to the partial file until it is as long as the file; returns the checksum."""
    failures = 0
    longest = _truncated(partial, file.size_bytes)
    while (have := _truncated(partial, file.size_bytes)) < file.size_bytes:
        if stop.is_set():
            raise Cancelled("Cancelled")
        on_bytes(have)
        error: Exception = ConnectionError("the server does not go on")
        try:
            _append(file, partial, have, source, stop=stop, on_bytes=on_bytes)
        except _Restart:
            partial.unlink(missing_ok=True)
        except Exception as raised:
            if not is_network_error(raised):
                raise
            error = raised
        # An answer without an error, which brings nothing new, is no better: it would be asked for without end.
        failures = 0 if _size(partial) > longest else failures + 1
        longest = max(longest, _size(partial))
        if failures >= source.attempts:
            raise error
        if longest < file.size_bytes and stop.wait(source.first_wait_s * 2**failures):
            raise Cancelled("Cancelled") from error
    on_bytes(file.size_bytes)
    return _digest_of(file, partial, stop).hexdigest()


def _append(
    file: HubFile, partial: Path, have: int, source: Source, *, stop: threading.Event, on_bytes: OnBytes
) -> None:
    from huggingface_hub import get_session, hf_raise_for_status
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # exported lazily

    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with get_session().stream("GET", source.url, headers=headers, timeout=_READ_TIMEOUT_S) as response:
        if response.status_code == _NOT_SATISFIABLE:
            raise _Restart
        if response.status_code >= 400:
            response.read()
        hf_raise_for_status(response)
        if have and response.status_code != _PARTIAL:
            have = 0  # the whole file comes again
        _check_length(file, have, source, response.headers)
        with partial.open("r+b" if have else "wb") as opened:
            opened.seek(have)
            for chunk in response.iter_raw():
                if stop.is_set():
                    raise Cancelled("Cancelled")
                opened.write(chunk[: file.size_bytes - have])
                have = min(file.size_bytes, have + len(chunk))
                on_bytes(have)
            opened.flush()
            os.fsync(opened.fileno())


def _check_length(file: HubFile, have: int, source: Source, headers: Mapping[str, str]) -> None:
    """Refuse what can't be the file, before it takes the place of what is here."""
    length = headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) != file.size_bytes - have:
        raise another_file(source.model, file.name, file.size_bytes - have, int(length))


def _truncated(partial: Path, size_bytes: int) -> int:
    """The length of the partial file; one longer than the file is not its start, and begins again."""
    if (size := _size(partial)) > size_bytes:
        partial.unlink()
        return 0
    if size_bytes == 0:
        partial.touch()
    return size


def _digest_of(file: HubFile, path: Path, stop: threading.Event) -> hashlib._Hash:
    digest = file.fresh_hash()
    with path.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            if stop.is_set():
                raise Cancelled("Cancelled")
            digest.update(chunk)
    return digest


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
