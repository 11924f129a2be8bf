"""`python -m tui` is the command `tunesmith`."""

from __future__ import annotations

from tui.launcher import main

if __name__ == "__main__":
    raise SystemExit(main())
