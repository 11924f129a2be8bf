"""A hub on loopback, and an environment that names it."""

from __future__ import annotations

from collections.abc import Iterator
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
