"""Where the repository is, and what is in it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HEAVY_MODULES = ("data", "host", "inference", "training")
"""The children of engine that may load torch and its like, directly or not."""
HEAVY_LIBRARIES = ("torch", "transformers", "datasets", "peft", "accelerate", "numba")


def project() -> dict[str, Any]:
    """The contents of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def sources(*packages: str) -> list[Path]:
    """The Python files of the packages, or of any other folders of the repository."""
    return sorted(file for package in packages for file in (ROOT / package).rglob("*.py"))


def modules(package: str, *without: str) -> list[str]:
    """The dotted names of a package's modules, save those that run when imported and the children in `without`."""
    names = []
    for file in sources(package):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if parts[-1] != "__main__" and not (len(parts) > 1 and parts[1] in without):
            names.append(".".join(parts).removesuffix(".__init__"))
    return names


def run_python(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run this Python in the repository, and fail with what it said where it fails."""
    result = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert result.returncode == 0, f"{arguments} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
    return result
