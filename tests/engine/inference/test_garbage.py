"""Imports without collections of garbage."""

from __future__ import annotations

import gc

import pytest

from engine.inference.garbage import without_collections


@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_is_collected_meanwhile_and_what_was_made_is_not_gone_through_again(enabled: bool) -> None:
    was_enabled, frozen = gc.isenabled(), gc.get_freeze_count()
    try:
        (gc.enable if enabled else gc.disable)()
        with without_collections():
            made = [[number] for number in range(1_000)]
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
        assert gc.get_freeze_count() >= frozen + len(made)
    finally:
        (gc.enable if was_enabled else gc.disable)()


def test_a_failed_import_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    with pytest.raises(ImportError), without_collections():
        raise ImportError
    assert gc.isenabled()
