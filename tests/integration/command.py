"""The command line on the fake host: `python -m tests.integration.command ARGUMENTS`; FAKE_HOST_* are its options."""

from __future__ import annotations

import sys

import engine.client
from tests.fakes.host import fake_host
from tui.launcher import main

if __name__ == "__main__":
    engine.client.HOST_ARGV = fake_host()
    sys.exit(main())
