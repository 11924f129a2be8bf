"""Tests can't reach the network or the real home."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from engine.paths import Paths


def test_no_name_can_be_looked_up() -> None:
    with pytest.raises(socket.gaierror):
        socket.create_connection(("example.invalid", 443), timeout=1)


def test_no_address_elsewhere_can_be_reached() -> None:
    with socket.socket() as connection, pytest.raises(OSError, match="a test tried to reach"):
        connection.connect(("192.0.2.1", 443))


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            assert connection.getpeername()[1] == port


def test_home_and_all_folders_are_the_tests_own(home: Path, paths: Paths) -> None:
    assert Path.home() == home
    assert all(folder.is_relative_to(home) for folder in (paths.config, paths.data, paths.cache, paths.state))
    assert Path(os.environ["HF_HOME"]).is_relative_to(home)
