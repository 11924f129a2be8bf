"""What every test gets: a home of its own, no network, no hub."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from engine.inference.garbage import without_collections
from engine.paths import Paths, find_paths
from tests.examples import QUICK

if TYPE_CHECKING:
    from xdist.remote import Producer  # type: ignore[import-untyped]

    from tests.shares import Shares

_HERE = {"localhost", "127.0.0.1", "::1", ""}
_REAL_CONNECT = socket.socket.connect
_REAL_LOOK_UP = socket.getaddrinfo


def pytest_configure() -> None:
    """Set what libraries read when they are imported, which is before any fixture."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("thorough", deadline=None, suppress_health_check=slow)
    hypothesis.settings.register_profile("quick", deadline=None, suppress_health_check=slow, max_examples=QUICK)
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "thorough"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what it runs in the background so, and programs under test would inherit deafness to Ctrl+C.
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import all tests, and what they test, as the program does: without looking for garbage in it, then or later."""
    with without_collections():
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest tests first, where several processes share them."""
    if hasattr(config, "workerinput"):
        from tests.shares import place

        items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Shares | None:
    """Share the tests out; another way can be asked for with `--dist`."""
    if config.getoption("dist") != "load":
        return None
    from tests.shares import Shares

    return Shares(config, log)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the homes of all tests are in."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def home(homes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move home, config, cache, state and the hub's cache into a folder of this test alone."""
    root = Path(tempfile.mkdtemp(dir=homes))  # pytest's own numbering reads all the folders that there are
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("TUNESMITH_HOME", str(root / "tunesmith"))
    monkeypatch.setenv("HF_HOME", str(root / "huggingface"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HUB_CACHE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test reach nothing but this machine; other names can't be looked up, as on a machine that is offline."""

    def connect(self: socket.socket, address: tuple[object, ...] | str | bytes) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _HERE:
            raise OSError(f"a test tried to reach {address!r}")
        _REAL_CONNECT(self, address)

    def look_up(host: str | bytes | None, *arguments: object, **options: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name not in _HERE:
            raise socket.gaierror(socket.EAI_NONAME, f"a test tried to look up {name!r}")
        return _REAL_LOOK_UP(host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def paths(home: Path) -> Paths:
    """The folders of the program, inside this test's home."""
    return find_paths({"TUNESMITH_HOME": str(home / "tunesmith")})


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data, where there is one."""
    folder = os.environ.get("TUNESMITH_TEST_DATA")
    if not folder:
        pytest.skip("TUNESMITH_TEST_DATA is not set: no real data here")
    return Path(folder)
