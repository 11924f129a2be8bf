"""What a cell is known by: all that decides its content, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from engine.lab import Lab
from engine.lab.keys import Keys, cell_key
from engine.lab.records import Part, Place
from engine.lab.spec import load_spec
from engine.lab.writing import write_spec
from engine.paths import Paths
from engine.protocol import Example, Sampling, SamplingChange, Template, Variable
from engine.templates import Library
from tests.engine.lab.conftest import template

REPLY = Place(row=0, variation=0, part="reply")


def with_template(lab: Lab, changed: Template) -> Lab:
    return msgspec.structs.replace(
        lab, variations=(msgspec.structs.replace(lab.variations[0], template=changed), *lab.variations[1:])
    )


def change(**fields: object) -> Callable[[Template], Template]:
    return lambda template: msgspec.structs.replace(template, **fields)


@pytest.mark.parametrize(
    "renamed",
    [change(id="x"), change(name="X"), change(description="x"), change(variables=(Variable("a", label="x"),))],
)
@pytest.mark.parametrize("part", ["reply", "labels", "reference"])
def test_what_a_template_is_called_decides_nothing(
    lab: Lab, part: Part, renamed: Callable[[Template], Template]
) -> None:
    lab = with_template(lab, msgspec.structs.replace(lab.variations[0].template, variables=(Variable("a"),)))
    place = Place(row=0, variation=0, part=part)
    other = with_template(lab, renamed(lab.variations[0].template))
    assert cell_key(other, place, "model") == cell_key(lab, place, "model")


@pytest.mark.parametrize(
    "changed",
    [
        change(body="Say {{ message }}"),
        change(variables=(Variable("a", default="x"),)),
        change(examples=(Example("a", "b"),)),
        change(stop=("!",)),
        change(uses_chat_template=True),
    ],
)
def test_what_a_template_says_decides(lab: Lab, changed: Callable[[Template], Template]) -> None:
    other = with_template(lab, changed(lab.variations[0].template))
    assert cell_key(other, REPLY, "model") != cell_key(lab, REPLY, "model")


def test_a_lab_that_is_written_and_read_has_the_same_cells(lab: Lab, paths: Paths, tmp_path: Path) -> None:
    own = msgspec.structs.replace(template("Mine"), description="Of mine", sampling=SamplingChange(seed=5))
    columns = tuple(
        msgspec.structs.replace(lab.variations[0], name=name, template=own, sampling=Sampling(seed=seed))
        for name, seed in (("without", None), ("with", 7))
    )
    lab = msgspec.structs.replace(lab, variations=columns, seed=3)
    library = Library(paths.templates)
    write_spec(lab, tmp_path / "w.toml", library)
    read = load_spec(tmp_path / "w.toml", library)
    for variation in (0, 1):
        place = Place(row=0, variation=variation, part="reply")
        assert cell_key(read, place, "model") == cell_key(lab, place, "model")


def test_the_precision_that_is_really_computed_with_decides(lab: Lab) -> None:
    def key(dtype: str, device: str) -> str:
        return cell_key(msgspec.structs.replace(lab, dtype=dtype, device=device), REPLY, "model")

    assert key("int8", "cpu") == key("float32", "cpu") == key("auto", "cpu")
    assert key("float16", "cpu") != key("float32", "cpu")
    assert key("int8", "auto") == key("float32", "auto")


@pytest.mark.parametrize("file", ["chat_template.jinja", "tokenizer_config.json"])
def test_a_chat_template_that_tells_the_date_is_asked_anew_each_day(
    lab: Lab, paths: Paths, model: str, file: str
) -> None:
    lab = with_template(lab, change(uses_chat_template=True, body="")(lab.variations[0].template))
    other = Place(row=0, variation=1, part="reply")

    def keys(day: int) -> tuple[str, str]:
        found = Keys(lab, paths, {}, today=lambda: date(2026, 1, day))
        return found[REPLY], found[other]

    assert keys(1) == keys(2)
    (Path(model) / file).write_text('{"chat_template": "{{ strftime_now(\'%d\') }}"}')
    assert keys(1)[0] != keys(2)[0]
    assert keys(1)[1] == keys(2)[1]


def test_a_body_that_tells_the_date_is_asked_anew_each_day(lab: Lab, paths: Paths) -> None:
    lab = with_template(lab, template("Dated", "{{ strftime_now('%d') }} {{ message }}"))
    first, second = (Keys(lab, paths, {}, today=lambda day=day: date(2026, 1, day)) for day in (1, 2))  # type: ignore[misc]
    assert first[REPLY] != second[REPLY]
