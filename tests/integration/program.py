"""The whole program on the fake host: `python -m tests.integration.program MODEL`; FAKE_HOST_* are its options."""

from __future__ import annotations

import os
import sys

import msgspec

from engine.client import HostClient
from engine.memory import load_memory
from engine.paths import find_paths
from tests.fakes.host import fake_host
from tui.app import TunesmithApp
from tui.services import Services
from tui.start import make_services


def services() -> Services:
    return msgspec.structs.replace(make_services(os.environ), client=HostClient(argv=fake_host()))


if __name__ == "__main__":
    theme = load_memory(find_paths(os.environ).memory_file).theme
    TunesmithApp(services, theme=theme, model=sys.argv[1] if len(sys.argv) > 1 else "").run()
