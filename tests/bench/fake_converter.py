"""Writes a file for the fake rival, unless it is asked for one that it does not know."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    if sys.argv[2] == "unknown":
        sys.exit("unknown precision")
    Path(sys.argv[3]).write_text("converted", encoding="utf-8")
