"""Data sets on a small hub on loopback, as the `datasets` library asks for them."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
_ABOUT = re.compile(r"/api/datasets/([^/]+/[^/]+)(?:/revision/[^/]+)?")
_TREE = re.compile(r"/api/datasets/([^/]+/[^/]+)/tree/[^/]+")
_FILE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/[^/]+/(.+)")


class DataHub:
    """What is on it, and what of it does not come yet."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.sets: dict[str, dict[str, bytes]] = {}
        """The files of each data set."""
        self.held = ""
        """A file that does not come before `go_on` is set."""
        self.go_on = threading.Event()


@contextmanager
def running_data_hub() -> Iterator[DataHub]:
    """Serve until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.hub = DataHub(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.hub
        finally:
            server.hub.go_on.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    hub: DataHub
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        sets = self.server.hub.sets
        if (match := _ABOUT.fullmatch(path)) and match[1] in sets:
            siblings = [{"rfilename": name} for name in sets[match[1]]]
            self._json({"id": match[1], "sha": COMMIT, "siblings": siblings, "tags": [], "private": False})
        elif (match := _TREE.fullmatch(path)) and match[1] in sets:
            self._json([_entry(name, data) for name, data in sets[match[1]].items()])
        elif (match := _FILE.fullmatch(path)) and match[2] in sets.get(match[1], {}):
            self._file(match[2], sets[match[1]][match[2]])
        else:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})

    def _file(self, name: str, data: bytes) -> None:
        self._send(200, b"", {"ETag": f'"{_digest(data)}"', "X-Repo-Commit": COMMIT}, len(data))
        if self.command == "HEAD":
            return
        if name == self.server.hub.held:
            self.server.hub.go_on.wait(60)
        self.wfile.write(data)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _digest(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


def _entry(name: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "oid": _digest(data), "size": len(data), "path": name}
