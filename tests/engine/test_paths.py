"""Where things live on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import current_folder


def test_a_folder_that_was_deleted_is_no_place_to_write_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, home = tmp_path / "gone", tmp_path / "home"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setenv("HOME", str(home))
    assert current_folder() == gone
    gone.rmdir()
    assert current_folder() == home
