"""What the form and the inspector need: services with a fake process that reads data, and a fake start."""

from __future__ import annotations

from engine.client import HostClient
from engine.errors import Failed
from engine.memory import Memory
from engine.paths import Paths
from engine.runs import RunFolder
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.data import fake_data
from tests.fakes.host import fake_host
from tui.services import Services


def services(paths: Paths, **options: object) -> Services:
    """Services whose data is fake; options are the fake's."""
    return Services(
        paths=paths,
        settings=Settings(),
        memory=Memory(),
        library=Library(paths.templates),
        client=HostClient(argv=fake_host()),
        environ={"HF_HUB_OFFLINE": "1", "HF_HOME": str(paths.cache / "hf"), "TUNESMITH_HOME": str(paths.data.parent)},
        data_argv=fake_data(**options),
    )


class Trainers:
    """Starts trainers that do nothing; the first `failures` of them fail."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.begun: list[RunFolder] = []

    def __call__(self, run: RunFolder) -> int:
        if self.failures:
            self.failures -= 1
            raise Failed("The trainer ended at once: \x1b[31mno memory", f"Its log is {run.log_file}")
        self.begun.append(run)
        return 4242
