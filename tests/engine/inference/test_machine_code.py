"""Machine code is kept on disk, and trouble with that disk is nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core.caching import CompileResultCacheImpl

from engine.inference import machine_code
from engine.inference.machine_code import compiled

pytestmark = pytest.mark.torch


def twice(number: int) -> int:
    return 2 * number


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is kept."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kernels"))
    return tmp_path / "kernels"


def from_disk() -> bool:
    """Compile and call; whether it was there already."""
    made: Any = compiled(twice)
    assert made(21) == 42
    return bool(made.stats.cache_hits)


def test_it_is_compiled_once() -> None:
    assert not from_disk()
    assert from_disk()


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("left", [b"", b"\x80\x05garbage"])
def test_what_was_damaged_is_compiled_anew_once(folder: Path, kind: str, left: bytes) -> None:
    from_disk()
    (file,) = folder.rglob(kind)
    file.write_bytes(left)
    assert not from_disk()
    assert from_disk()


def test_a_folder_that_is_gone_is_made_again(folder: Path) -> None:
    made = compiled(twice)
    (inner,) = folder.iterdir()
    inner.rmdir()
    folder.rmdir()
    assert made(21) == 42
    assert from_disk()


def test_a_folder_that_can_not_be_written_to_any_more_is_done_without(folder: Path) -> None:
    made = compiled(twice)
    (inner,) = folder.iterdir()
    inner.rmdir()
    inner.write_text("in the way")
    assert made(21) == 42


def test_no_folder_at_all_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    assert not from_disk()
    assert not from_disk()


def test_other_options_make_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    from_disk()
    monkeypatch.setitem(machine_code._OPTIONS, "error_model", "python")
    assert not from_disk()
