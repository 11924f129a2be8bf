"""What gets installed: the wheel holds the two packages, and the environment what the constraints say."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.contracts.repository import ROOT, project, run_python, sources

BUILD = """
import sys
from hatchling.builders.wheel import WheelBuilder
print(*WheelBuilder(sys.argv[1]).build(directory=sys.argv[2], versions=["standard"]))
"""
BESIDE_TORCH = re.compile(r"nvidia-|cuda-|triton|intel-|tbb|colorama|pywin32|tzdata|appnope")
"""What torch and others ask for on other machines only, pinned by themselves."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    result = run_python("-c", BUILD, str(ROOT), str(tmp_path_factory.mktemp("wheel")))
    return zipfile.ZipFile(Path(result.stdout.strip()))


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "tui"}
    assert not [name for name in wheel.namelist() if "__pycache__" in name or name.endswith((".pyc", ".db", ".log"))]


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    needed = {file.relative_to(ROOT).as_posix() for file in sources("engine", "tui")}
    for package in "engine", "tui":
        for suffix in "toml", "tcss", "json", "typed":
            needed |= {file.relative_to(ROOT).as_posix() for file in (ROOT / package).rglob(f"*.{suffix}")}
    assert needed - set(wheel.namelist()) == set()


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "tunesmith = tui.launcher:main" in wheel.read(entry_points).decode()


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def installed(requirements: list[str]) -> dict[str, str]:
    """The distributions that the requirements bring in, as installed here, with their versions."""
    found: dict[str, str] = {}
    waiting = [Requirement(line) for line in requirements]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        for extra in requirement.extras | {""}:
            name = canonicalize_name(requirement.name)
            if (name, extra) in seen or not _applies(requirement):
                continue
            seen.add((name, extra))
            try:
                package = distribution(name)
            except PackageNotFoundError:
                continue
            found[name] = package.version.split("+")[0]
            needs = [Requirement(line) for line in package.requires or ()]
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return found


def _applies(requirement: Requirement) -> bool:
    return "extra" in str(requirement.marker) or requirement.marker is None or requirement.marker.evaluate()


def test_what_is_installed_is_what_the_constraints_say() -> None:
    pins = constraints()
    table = project()["project"]
    found = installed([*table["dependencies"], *table["optional-dependencies"]["dev"]])
    assert {name: pins.get(name) for name in found if not BESIDE_TORCH.match(name)} == {
        name: version for name, version in found.items() if not BESIDE_TORCH.match(name)
    }


def test_every_constraint_is_within_the_bounds_of_the_project() -> None:
    pins = constraints()
    table = project()["project"]
    for line in [*table["dependencies"], *table["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), line
