"""The command line alone: `python -m engine.cli models list`."""

from __future__ import annotations

from engine.cli.app import main_without_screen

if __name__ == "__main__":
    raise SystemExit(main_without_screen())
