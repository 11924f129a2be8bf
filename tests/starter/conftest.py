"""The recipe needs torch throughout: where its tests are left out, they are not even imported."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where tests with torch are left out, don't import them."""
    heavy = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    return True if heavy and "not torch" in str(config.getoption("markexpr", "")) else None
