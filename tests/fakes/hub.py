"""A small hub on loopback: the model API and the files, with range requests, and faults to order.

Speaks what `huggingface_hub` asks for: GET /api/models/NAME?blobs=true and GET /NAME/resolve/COMMIT/FILE.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
_RANGE = re.compile(r"bytes=(\d+)-")
_LARGE = (".safetensors", ".bin", ".gguf", ".h5")


@dataclass
class Repo:
    """A model on the fake hub, and what goes wrong with it."""

    files: dict[str, bytes]
    commit: str = COMMIT
    cuts: int = 0
    """How many more times a large file's connection breaks half-way through what is left of it."""
    status_after_cut: int = 0
    """Answer requests for large files with this once the cuts are used up; 0 answers as it should."""
    corrupt: bool = False
    """Large files arrive with wrong bytes."""
    status: int = 0
    """Answer everything with this; 0 answers as it should."""
    gated: bool = False
    """The list of files is public, the files are for who accepted the licence."""
    ignores_ranges: bool = False
    instead: bytes | None = None
    """What large files are answered with by something on the way, whatever is asked: a page to log in at."""
    says_length: bool = True
    """Whether `instead` comes with its length; else the end of the connection is its end."""
    trickle: threading.Event | None = None
    """The first half of a large file comes at once, the rest when this is set."""
    half_sent: threading.Event = field(default_factory=threading.Event)
    """Set when a trickling file has come half-way."""


class FakeHub:
    """The hub, its models, and what was asked of it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.repos: dict[str, Repo] = {}
        self.served_bytes: dict[str, int] = {}
        """Bytes of bodies that were sent, by file name."""
        self.asked: list[str] = []
        """Paths, in order."""

        self.starts: list[tuple[str, int]] = []
        """Each file that was asked for, and from which byte on."""

    def forget(self) -> None:
        """Count from here on."""
        self.served_bytes.clear()
        self.asked.clear()
        self.starts.clear()


@contextmanager
def running_hub() -> Iterator[FakeHub]:
    """Serve until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.hub = FakeHub(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.hub
        finally:
            for repo in server.hub.repos.values():
                if repo.trickle:
                    repo.trickle.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    hub: FakeHub
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.hub.asked.append(path)
        with suppress(ConnectionError, TimeoutError):
            if match := re.fullmatch(r"/api/models/(.+?)(?:/revision/[^/]+)?", path):
                self._describe(match[1])
            elif match := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", path):
                self._serve(match[1], match[3])
            else:
                self._refuse(404, "EntryNotFound")

    def _describe(self, name: str) -> None:
        repo = self.server.hub.repos.get(name)
        if repo is None:
            self._refuse(401, "RepoNotFound")
            return
        if repo.status:
            self._refuse(repo.status, "")
            return
        siblings = [_sibling(file, data) for file, data in repo.files.items()]
        self._answer(200, json.dumps({"id": name, "sha": repo.commit, "siblings": siblings}).encode())

    def _serve(self, name: str, file: str) -> None:
        repo = self.server.hub.repos.get(name)
        if repo is None or file not in repo.files:
            self._refuse(404, "EntryNotFound")
            return
        if repo.gated and "Bearer accepted" not in self.headers.get("Authorization", ""):
            self._refuse(403, "GatedRepo")
            return
        data = repo.files[file]
        large = file.endswith(_LARGE)
        if large and repo.status_after_cut and not repo.cuts:
            self._refuse(repo.status_after_cut, "")
            return
        if repo.corrupt and large:
            data = bytes(byte ^ 0xFF for byte in data)
        start = 0
        if (match := _RANGE.fullmatch(self.headers.get("Range", ""))) and not repo.ignores_ranges:
            start = int(match[1])
            if start >= len(data):
                self._refuse(416, "")
                return
        self.server.hub.starts.append((file, start))
        if repo.instead is not None and large:
            self._send_instead(repo.instead, repo.says_length)
            return
        self._send(repo, file, data, start, large)

    def _send(self, repo: Repo, file: str, data: bytes, start: int, large: bool) -> None:
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Content-Type", "application/octet-stream")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        half = start + (len(data) - start) // 2
        if large and repo.cuts > 0:
            repo.cuts -= 1
            self._write(file, data[start:half])
            self.close_connection = True
            return
        if large and repo.trickle:
            self._write(file, data[start:half])
            repo.half_sent.set()
            repo.trickle.wait(30)
            self._write(file, data[half:])
            return
        self._write(file, data[start:])

    def _send_instead(self, body: bytes, says_length: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if says_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = not says_length

    def _write(self, file: str, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()
        served = self.server.hub.served_bytes
        served[file] = served.get(file, 0) + len(data)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, b"{}", {"X-Error-Code": code} if code else {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _sibling(name: str, data: bytes) -> dict[str, Any]:
    git_id = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": git_id}
    if name.endswith(_LARGE):
        digest = hashlib.sha256(data).hexdigest()
        entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
    return entry
