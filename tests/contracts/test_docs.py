"""What the pages say is there, is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.contracts.pages import PAGES
from tests.contracts.repository import ROOT

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)")
PICTURE = re.compile(r'<img[^>]+src="([^"]+)"')
TREE = re.compile(r"^```\n(engine/ .*?)^```", re.MULTILINE | re.DOTALL)


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [*LINK.findall(text), *PICTURE.findall(text)]
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_picture_is_shown_somewhere() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    made = {picture.name for picture in (ROOT / "docs" / "pictures").glob("*.svg")}
    assert {name for name in made if f"pictures/{name})" not in text} == set()


def test_every_page_of_the_docs_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def test_the_tree_in_the_contributors_page_is_the_tree_on_disk() -> None:
    match = TREE.search((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert match
    top, named = "", set()
    for line in match.group(1).splitlines():
        names = re.match(r"\s*((?:[\w./]+\s)+)", line + " ")
        assert names, line
        if not line.startswith(" "):
            top = line.split("/")[0]
            named.add(top)
        else:
            named |= {f"{top}/{name.rstrip('/')}" for name in names.group(1).split() if re.search(r"[./]", name)}
    assert {name for name in named if not (ROOT / name).exists()} == set()
    files = subprocess.run(["git", "ls-files", "engine", "tui"], cwd=ROOT, capture_output=True, text=True, check=False)
    packages = {"/".join(file.split("/")[:2]) for file in files.stdout.splitlines() if file.count("/") > 1}
    assert packages - named == set(), "tell what these are for"
