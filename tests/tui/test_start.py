"""What happens before there is a screen."""

from __future__ import annotations

import os

import pytest
from msgspec import structs

from engine.conversations import DELETED_KEPT_S, Store
from engine.errors import ConversationNotFound
from engine.paths import Paths
from tui.start import make_services, open_store


def test_what_was_deleted_long_ago_is_removed_for_good(paths: Paths) -> None:
    deleted_at_s = 1_000_000.0
    services = make_services({"TUNESMITH_HOME": os.environ["TUNESMITH_HOME"]})

    def opened(now_s: float) -> Store:
        return open_store(structs.replace(services, now=lambda: now_s))[0]

    store = opened(deleted_at_s)
    kept, gone = store.create(title="kept"), store.create(title="gone")
    store.delete(gone.id)
    store.close()

    store = opened(deleted_at_s + DELETED_KEPT_S - 1)
    store.undelete(gone.id)
    store.delete(gone.id)
    store.close()

    store = opened(deleted_at_s + 2 * DELETED_KEPT_S)
    with pytest.raises(ConversationNotFound):
        store.undelete(gone.id)
    assert store.conversation(kept.id).title == "kept"
    store.close()
