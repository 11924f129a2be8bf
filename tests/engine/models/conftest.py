"""A hub on loopback, and an environment that names it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from tests.fakes.hub import FakeHub, running_hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[FakeHub]:
    """A fake hub that the hub's library may reach in this test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    # The library reads the environment once, when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    huggingface_hub.close_session()
    with running_hub() as running:
        yield running
    huggingface_hub.close_session()


@pytest.fixture
def environ(hub: FakeHub, home: Path) -> dict[str, str]:
    """What the environment of a person would say who uses that hub."""
    return {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home / "huggingface"), "HOME": str(home)}


@pytest.fixture
def cache(home: Path) -> Path:
    """The hub's cache of `environ`."""
    return home / "huggingface" / "hub"
