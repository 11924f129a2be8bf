"""The whole program on the fake host: `python -m tests.integration.program MODEL`; FAKE_HOST_* are its options."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from engine.client import HostClient
from tests.fakes.host import fake_host
from tui.app import run
from tui.services import Services
from tui.start import make_services


def services(environ: Mapping[str, str]) -> Services:
    return msgspec.structs.replace(make_services(environ), client=HostClient(argv=fake_host()))


if __name__ == "__main__":
    sys.exit(run(model=sys.argv[1] if len(sys.argv) > 1 else "", make_services=services))
