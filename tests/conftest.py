"""What every test gets: a home of its own, no network, no hub."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.paths import Paths, find_paths


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move home, config, cache, state and the hub's cache into a folder of this test alone."""
    root = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("TUNESMITH_HOME", str(root / "tunesmith"))
    monkeypatch.setenv("HF_HOME", str(root / "huggingface"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HUB_CACHE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture
def paths(home: Path) -> Paths:
    """The folders of the program, inside this test's home."""
    return find_paths({"TUNESMITH_HOME": str(home / "tunesmith")})


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data, where there is one."""
    folder = os.environ.get("TUNESMITH_TEST_DATA")
    if not folder:
        pytest.skip("TUNESMITH_TEST_DATA is not set: no real data here")
    return Path(folder)
