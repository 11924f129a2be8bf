"""The pages on templates and settings say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.protocol import Prompt
from engine.sampling import LIMITS
from engine.settings import Settings, parse_settings
from engine.templates import Library, parse, render
from engine.templates.budget import MAX_ITEMS, OUTPUT_CHARACTERS, RENDER_TIMEOUT_S, WORK_BYTES, Budget
from engine.templates.sandbox import MAX_TOKENS, Sandbox
from tests.engine.templates.builders import talk

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def templates_page() -> str:
    return (DOCS / "templates.md").read_text("utf-8")


@pytest.fixture(scope="module")
def settings_page() -> str:
    return (DOCS / "settings.md").read_text("utf-8")


def toml_of(page: str) -> str:
    match = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert match is not None
    return match.group(1)


def test_the_complete_example_is_good(templates_page: str) -> None:
    parsed = parse(toml_of(templates_page), template_id="haiku")
    assert not parsed.faults
    assert parsed.template is not None
    text = render(Prompt(template=parsed.template, turns=talk("rain ")))
    assert text.startswith(
        "A haiku about a pond, in the manner of Bashō:\nold pond\na frog leaps in\nwater's sound\n\nA h"
    )
    assert text.endswith("autumn evening\n\nA haiku about rain, in the manner of Bashō:")


def test_every_shipped_template_is_in_the_table(templates_page: str, tmp_path: Path) -> None:
    section = templates_page.partition("## The shipped ones")[2].partition("## Your own")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\w' ]+) \|", section, re.MULTILINE)
    assert rows == [(template.id, template.name) for template in Library(tmp_path).scan().templates]


def test_the_filters_and_functions_are_those_that_there_are(templates_page: str) -> None:
    sandbox = Sandbox(Budget(lambda: 0.0))
    match = re.search(r"these filters:\n`([a-z \n]+)`", templates_page)
    assert match is not None
    assert match.group(1).split() == list(sandbox.filters)
    for name in sandbox.globals:
        assert f"`{name}" in templates_page


def test_the_limits_are_those_that_hold(templates_page: str) -> None:
    assert f"| time | {RENDER_TIMEOUT_S:g} second |" in templates_page
    assert f"{OUTPUT_CHARACTERS:,} characters" in templates_page
    assert f"{WORK_BYTES // 10**6} MB" in templates_page
    assert f"| {MAX_ITEMS:,} |" in templates_page
    assert f"| {MAX_TOKENS:,} |" in templates_page


def test_every_setting_is_on_its_page(settings_page: str) -> None:
    settings, problems = parse_settings(toml_of(settings_page))
    assert not problems
    assert settings != Settings()
    for name in Settings.__struct_fields__:
        assert f"| `{name}` |" in settings_page or f"## [{name}]" in settings_page
    for name, limits in LIMITS.items():
        assert re.search(rf"\| `{name}` \|.*{int(limits.high):,}", settings_page), name
