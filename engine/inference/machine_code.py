"""Loops that torch has no operation for, made into machine code when they are first needed, and kept on disk.

Numba (Lam et al., 2015) compiles them through LLVM for the processor that is there. Where it keeps them says the
variable NUMBA_CACHE_DIR, which it reads when it is imported; that takes a third of a second.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache

_F = TypeVar("_F", bound=Callable[..., Any])
_logger = logging.getLogger(__name__)
_OPTIONS = {
    # Not all of fastmath: it would take for granted that each number is finite, and what is not must stay to be seen.
    "fastmath": {"nsz", "arcp", "contract", "reassoc"},
    "error_model": "numpy",
    "nogil": True,
}


def compiled(function: _F) -> _F:
    """Into machine code at the first call; it is kept where there is a folder to keep it in."""
    made: _F = numba.njit(**_OPTIONS)(function)
    with contextlib.suppress(RuntimeError):  # no folder can be written to
        made._cache = _Kept(function)  # type: ignore[attr-defined] # what cache=True does, with a cache of Numba's own
    return made


class _Kept(FunctionCache):
    """Numba's cache, whose troubles end neither a reply nor a run.

    Numba itself raises where the disk is full, and for ever where a power cut left a file empty: it does not sync.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """None where there is nothing, or nothing that can be read: that is thrown away."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever unpickling makes of a damaged file
            _logger.warning("Kept machine code can't be read", exc_info=True)
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Where that can be done."""
        try:
            super().save_overload(sig, data)
        except Exception:
            _logger.warning("Machine code can't be kept", exc_info=True)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        # The options stand in another file than the function, whose changes alone Numba notices.
        return (*super()._index_key(sig, codegen), json.dumps(_OPTIONS, default=sorted, sort_keys=True))
