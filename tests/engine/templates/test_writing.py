"""A template that travels comes back as it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.paths import Paths
from engine.protocol import Example, SamplingChange, Template, Variable
from engine.templates import Library, parse
from engine.templates.writing import TRAVELLING, read_travelling, template_toml, with_stops, write_template

LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(
    lambda text: text == text.strip()
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    name=LINES,
    body=TEXTS.filter(lambda text: bool(text.strip())),
    stop=st.lists(TEXTS.filter(bool), max_size=3),
    examples=st.lists(st.tuples(TEXTS, TEXTS), max_size=2),
    default=TEXTS,
    temperature=st.none() | st.floats(0, 2),
)
def test_any_template_survives(
    name: str, body: str, stop: list[str], examples: list[tuple[str, str]], default: str, temperature: float | None
) -> None:
    template = Template(
        id="trained",
        name=name,
        kind="chat",
        body=body,
        description="",
        variables=(Variable(name="topic", default=default),),
        examples=tuple(Example(input=one, output=other) for one, other in examples),
        stop=tuple(stop),
        sampling=SamplingChange(temperature=temperature),
    )
    parsed = parse(template_toml(template), template_id="trained", check_body=False)
    assert parsed.faults == ()
    assert parsed.template == template


def test_every_shipped_template_survives(paths: Paths, tmp_path: Path) -> None:
    for template in Library(paths.templates).listing.templates:
        write_template(template, tmp_path / TRAVELLING)
        assert read_travelling(tmp_path) == msgspec.structs.replace(template, id="trained")


def test_a_folder_without_one_or_with_a_faulty_one_has_none(tmp_path: Path) -> None:
    assert read_travelling(tmp_path) is None
    (tmp_path / TRAVELLING).write_bytes(b"\xff")
    assert read_travelling(tmp_path) is None
    (tmp_path / TRAVELLING).write_text("name = 3")
    assert read_travelling(tmp_path) is None


def test_stop_strings_make_a_template_of_its_own() -> None:
    found = parse(
        'name = "Mine"\nkind = "completion"\nstop = ["\\n"]\nbody = "{{ message }}"', template_id="mine"
    ).template
    assert found is not None
    more = with_stops(found, ("User:", "\n", "User:"))
    assert (more.id, more.stop) == ("mine-stops", ("\n", "User:"))
    assert more.name != found.name
    assert with_stops(found, ("\n",)) is found
    assert parse(template_toml(more), template_id=more.id).template == more
    with pytest.raises(ValueError, match="at most 32"):
        with_stops(found, [str(number) for number in range(32)])
