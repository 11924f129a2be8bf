"""What gets installed: the wheel holds the two packages, and the environment what the constraints say."""

from __future__ import annotations

import re
import subprocess
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.contracts.repository import ROOT, project, run_python

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


@pytest.mark.slow
def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "tui"}
    assert not [name for name in wheel.namelist() if "__pycache__" in name or name.endswith((".pyc", ".db", ".log"))]


def test_the_wheel_holds_every_file_of_the_packages_and_none_that_is_not_in_the_repository(
    wheel: zipfile.ZipFile,
) -> None:
    listed = subprocess.run(["git", "ls-files", "engine", "tui"], cwd=ROOT, capture_output=True, text=True, check=True)
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_the_wheel_brings_the_starter_and_stays_small(wheel: zipfile.ZipFile) -> None:
    sizes = {info.filename: info.file_size for info in wheel.infolist()}
    assert 1_000_000 < sizes["engine/starter/model.safetensors"] <= 12_000_000
    assert {"engine/starter/tokenizer.json", "engine/starter/lesson.jsonl"} <= set(sizes)
    rest = sum(size for name, size in sizes.items() if name != "engine/starter/model.safetensors")
    assert rest < 5_000_000


def test_the_wheel_brings_the_licence(wheel: zipfile.ZipFile) -> None:
    (licence,) = [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]
    assert "Apache License" in wheel.read(licence).decode()
    (metadata,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    assert "License-Expression: Apache-2.0" in wheel.read(metadata).decode()


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
