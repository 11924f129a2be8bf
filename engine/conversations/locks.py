"""The operating system's file lock, which ends with the program that holds it, however that ends."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Lock the open file for this program alone; say at once whether that worked."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def try_share(descriptor: int) -> bool:
        """Lock the open file against who wants it alone; on this system nobody else can share it meanwhile."""
        return try_lock(descriptor)
else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock the open file for this program alone; say at once whether that worked."""
        return _try(descriptor, fcntl.LOCK_EX)

    def try_share(descriptor: int) -> bool:
        """Lock the open file, as others may too, against who wants it alone; say at once whether that worked."""
        return _try(descriptor, fcntl.LOCK_SH)

    def _try(descriptor: int, kind: int) -> bool:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
