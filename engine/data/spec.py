"""The old place of `DataSpec`."""

from __future__ import annotations

from engine.corpus.spec import DataSpec

__all__ = ["DataSpec"]
