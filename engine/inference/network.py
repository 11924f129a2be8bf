"""The model of transformers behind a reference, opened when somebody asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Network:
    """Opened once, by whoever asks first; other threads wait."""

    def __init__(self, make: Callable[[], Any], made: Any = None) -> None:
        """Prepare.

        Args:
            make: Reads the model: in its place, in evaluation mode.
            made: What `make` would return, where it is there already.
        """
        self._make = make
        self._made = made
        self._lock = threading.Lock()

    def __call__(self) -> Any:
        """The model.

        Raises:
            LoadFailed: It can't be read any more.
        """
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
