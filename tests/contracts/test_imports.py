"""The borders between the packages hold, in the source and in a running interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.repository import HEAVY_LIBRARIES, HEAVY_MODULES, ROOT, modules, project, run_python

SCREEN_LIBRARIES = ("tui", "textual", "rich")
REPORT_LOADED = """
import json, sys
names, forbidden = json.loads(sys.argv[1])
for name in names:
    __import__(name)
{then}
print(json.dumps([name for name in forbidden if name in sys.modules]))
"""


def loaded(names: list[str], forbidden: tuple[str, ...], then: str = "") -> list[str]:
    """Import modules in a fresh interpreter, run `then`, and list which forbidden ones were loaded on the way."""
    result = run_python("-c", REPORT_LOADED.format(then=then), json.dumps([names, forbidden]))
    found = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(found, list)
    return found


@pytest.mark.slow
def test_import_contracts_hold_in_the_source() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_light_module_stands_in_the_contract() -> None:
    contracts = project()["tool"]["importlinter"]["contracts"]
    listed = {name for contract in contracts for name in contract["source_modules"]}
    children = {".".join(name.split(".")[:2]) for name in modules("engine", *HEAVY_MODULES)} - {"engine"}
    assert children - listed == set(), "add these to the second contract in pyproject.toml"


def test_light_engine_modules_load_neither_heavy_nor_screen_libraries() -> None:
    assert loaded(modules("engine", *HEAVY_MODULES), (*HEAVY_LIBRARIES, *SCREEN_LIBRARIES)) == []


@pytest.mark.slow
def test_the_tui_loads_no_heavy_library() -> None:
    assert loaded(modules("tui"), HEAVY_LIBRARIES) == []


@pytest.mark.slow
def test_a_built_app_has_loaded_no_heavy_library() -> None:
    then = """
import os
from tui.app import TunesmithApp
from tui.start import make_services
TunesmithApp(lambda: make_services(dict(os.environ)))
make_services(dict(os.environ))
"""
    assert loaded([], HEAVY_LIBRARIES, then) == []


@pytest.mark.torch
def test_the_model_host_and_what_it_stands_on_are_headless() -> None:
    assert loaded(modules("engine"), SCREEN_LIBRARIES) == []


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "--help"], ["models", "list"]], ids=" ".join)
def test_the_command_line_loads_no_heavy_library(arguments: list[str]) -> None:
    then = f"""
from tui.launcher import main
try:
    code = main({arguments!r})
except SystemExit as end:
    code = end.code
assert not code, code
"""
    assert loaded([], (*HEAVY_LIBRARIES, "textual"), then) == []
