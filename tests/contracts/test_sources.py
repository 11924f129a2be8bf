"""What no source file of the project may hold, and what every one must."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.contracts.repository import ROOT, sources

LINES = 300
PACKAGES = sources("engine", "tui")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".tcss", ".txt", ".yml", ".cfg", ".sh", ""}
HOME = re.compile(r"(?<![\w.~/])/(?:home|Users|root)/\w+")


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def text_files() -> list[Path]:
    folders = ("engine", "tui", "tests", "bench", "docs", ".ci")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file()]
    files += [file for file in ROOT.iterdir() if file.is_file()]
    return [file for file in files if file.suffix in TEXT_SUFFIXES and "__pycache__" not in file.parts]


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_no_file_names_a_home_folder() -> None:
    found = [
        f"{relative(file)}:{number}"
        for file in text_files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if HOME.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("file", PACKAGES, ids=relative)
def test_a_module_is_documented_and_short(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if file.name != "__init__.py" or text.strip():
        assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert text.count("\n") <= LINES, f"over {LINES} lines: split it"


@pytest.mark.parametrize("file", PACKAGES, ids=relative)
def test_no_module_can_run_code_that_came_with_a_model(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert imported(tree).isdisjoint({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"})
    for call in calls(tree):
        name = ast.unparse(call.func)
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert keywords.get("trust_remote_code", "False") == "False", f"line {call.lineno}"
        assert name not in {"eval", "exec", "builtins.eval", "builtins.exec"}, f"line {call.lineno}"
        if name == "torch.load":
            assert keywords.get("weights_only") == "True", f"line {call.lineno}"


@pytest.mark.parametrize("file", PACKAGES, ids=relative)
def test_importing_a_module_does_no_work(file: Path) -> None:
    """No environment read, no folder made and no file opened at the top level of a module."""
    suspects = {"open", "mkdir", "read_text", "read_bytes", "write_text", "getenv", "makedirs", "home", "cwd", "run"}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If):
            continue
        for call in calls(statement):
            assert ast.unparse(call.func).split(".")[-1] not in suspects, f"line {call.lineno}"
        assert "os.environ" not in ast.unparse(statement), f"line {statement.lineno}"
