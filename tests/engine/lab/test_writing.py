"""A lab that is written as a spec file is read again as the same lab."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.lab import Lab, Label, Row, Variation
from engine.lab.inputs import DataFile
from engine.lab.spec import load_spec, read_spec
from engine.lab.writing import lab_spec, write_spec
from engine.paths import Paths
from engine.protocol import Sampling
from engine.templates import Library
from tests.engine.lab.conftest import template

HOSTILE = 'quotes " and \\ and\nlines\t\x1b[31m \x7f 😀 \u202e'


@pytest.fixture
def library(paths: Paths) -> Library:
    return Library(paths.templates)


@pytest.fixture
def lab(library: Library) -> Lab:
    shipped = library.get("sentiment")
    return Lab(
        name="Which words?",
        rows=(Row(input=HOSTILE, label="1"), Row(input="Two", reference=HOSTILE)),
        variations=(
            Variation(name="Shipped", model="gpt2", template=shipped, sampling=Sampling(temperature=0.0, seed=7)),
            Variation(name=HOSTILE.replace("\n", " ").strip(), model="run:x@3", template=shipped, stop=("\n\n", '"')),
        ),
        metrics=("accuracy", "exact"),
        labels=(Label(value="0", word="bad"), Label(value="1", word="good ones")),
        normalisation="token",
        seed=11,
    )


def test_a_lab_with_templates_of_the_library(tmp_path: Path, lab: Lab, library: Library) -> None:
    file = tmp_path / "which.toml"
    assert write_spec(lab, file, library) == [file]
    assert load_spec(file, library) == lab


def test_a_template_that_is_in_no_library_lies_beside_the_spec(tmp_path: Path, lab: Lab, library: Library) -> None:
    one, other = template("Mine", "Say: {{ message }}"), template("Mine", "Tell: {{ message }}")
    varied = tuple(
        msgspec.structs.replace(lab.variations[0], name=name, template=own)
        for name, own in (("a", one), ("b", other), ("c", one))
    )
    lab = msgspec.structs.replace(lab, variations=varied)
    files = write_spec(lab, tmp_path / "w.toml", library)
    assert [file.name for file in files] == ["w.toml", "w.mine.toml", "w.mine-2.toml"]
    read = load_spec(files[0], library)
    bodies = [variation.template.body for variation in read.variations]
    assert bodies == ["Say: {{ message }}", "Tell: {{ message }}", "Say: {{ message }}"]
    assert read.rows == lab.rows


def test_nothing_that_lies_there_is_overwritten(tmp_path: Path, lab: Lab, library: Library) -> None:
    own = msgspec.structs.replace(lab.variations[0], template=template("Mine", "Say: {{ message }}"))
    lab = msgspec.structs.replace(lab, variations=(own,))
    theirs = tmp_path / "w.mine.toml"
    theirs.write_text("of somebody else")
    files = write_spec(lab, tmp_path / "w.toml", library)
    assert [file.name for file in files] == ["w.toml", "w-2.mine.toml"]
    assert theirs.read_text() == "of somebody else"
    assert load_spec(files[0], library).variations[0].template.body == "Say: {{ message }}"
    before = files[0].read_bytes()
    with pytest.raises(FileExistsError):
        write_spec(msgspec.structs.replace(lab, seed=99), files[0], library)
    assert files[0].read_bytes() == before
    files[0].unlink()
    assert write_spec(lab, files[0], library) == files  # the template that lies there is the very same


def test_rows_of_a_file_stay_there(tmp_path: Path, lab: Lab, library: Library) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "Three", "label": 1}\n{"text": "Four", "label": 0}\n')
    data = DataFile(file=rows, limit=1)
    whole = msgspec.structs.replace(lab, rows=(*lab.rows, Row(input="Three", label="1")))
    spec = lab_spec(whole, library, data=data, typed=2)
    assert "Three" not in spec.text
    write_spec(whole, tmp_path / "s.toml", library, data=data, typed=2)
    read = read_spec(tmp_path / "s.toml", library)
    assert (read.lab, read.data, read.typed) == (whole, data, 2)
