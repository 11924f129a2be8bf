"""A hub on loopback, and an environment that names it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.hub import FakeHub, running_hub


@pytest.fixture(scope="session")
def hub_client() -> Iterator[None]:
    """The hub library's connections, past any proxy; made once, as that takes 0.2 s."""
    import huggingface_hub

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        huggingface_hub.close_session()
        huggingface_hub.get_session()
        yield
        huggingface_hub.close_session()


@pytest.fixture
def hub(hub_client: None, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[FakeHub]:
    """A fake hub that the hub's library may reach in this test."""
    from huggingface_hub import constants

    # The library reads the environment once, when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    with running_hub() as running:
        yield running


@pytest.fixture
def environ(hub: FakeHub, home: Path) -> dict[str, str]:
    """What the environment of a person would say who uses that hub."""
    return {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home / "huggingface"), "HOME": str(home)}


@pytest.fixture
def cache(home: Path) -> Path:
    """The hub's cache of `environ`."""
    return home / "huggingface" / "hub"


_CAPABILITIES_VERSION = 0x20080522
_READ_ANYTHING = 0b110
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


@pytest.fixture
def close() -> Iterator[Callable[..., None]]:
    """Take all rights to folders away, those of this thread too where it may read anything as root."""
    closed: list[tuple[Path, int]] = []

    def take_away(*folders: Path) -> None:
        for folder in folders:
            closed.append((folder, folder.stat().st_mode))
            folder.chmod(0)
        _may_read_anything(False)
        if os.access(folders[-1], os.R_OK, effective_ids=True):
            pytest.skip("nothing can be closed to this user")

    yield take_away
    _may_read_anything(True)
    for folder, mode in reversed(closed):
        folder.chmod(mode)


def _may_read_anything(allowed: bool) -> None:
    """Give root's right to this thread or take it, on Linux; everybody else has none."""
    if not sys.platform.startswith("linux") or os.getuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, twice
    libc.capget(header, sets)
    sets[0] = sets[0] | (sets[1] & _READ_ANYTHING) if allowed else sets[0] & ~_READ_ANYTHING
    libc.capset(header, sets)
