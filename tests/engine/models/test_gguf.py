from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.gguf_file import inspect_gguf
from engine.models.gguf_header import read_gguf_header
from engine.models.records import ModelFacts
from tests.fakes.models import gguf_bytes


def write(folder: Path, data: bytes) -> Path:
    file = folder / "tiny.gguf"
    file.write_bytes(data)
    return file


def test_a_file_tells_its_facts(tmp_path: Path) -> None:
    data = gguf_bytes()
    report = inspect_gguf(write(tmp_path, data))
    assert report.problem is None
    assert report.title == "Tiny"
    assert report.facts == ModelFacts(
        architecture="llama", kind="instruct", parameters=32, size_bytes=len(data), context_tokens=256, dtype="F32"
    )


def test_without_a_chat_template_it_is_a_base_model(tmp_path: Path) -> None:
    assert inspect_gguf(write(tmp_path, gguf_bytes(chat=False))).facts.kind == "base"


def test_the_header_reads_as_the_gguf_package_reads_it(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    file = write(tmp_path, gguf_bytes())
    theirs = gguf.GGUFReader(file)
    ours = read_gguf_header(file)
    for name, value in ours.fields.items():
        assert theirs.fields[name].contents() == value
    assert ours.parameters == sum(int(tensor.n_elements) for tensor in theirs.tensors)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a GGUF file"),
        (b"GGUF", "cut off or damaged"),
        (b"GG", "not a GGUF file"),
        (b"not a model at all", "not a GGUF file"),
        (b"GGUF\x63\0\0\0" + bytes(32), "version 99"),
        (gguf_bytes()[:-1], "cut off: 5"),
        (gguf_bytes()[:60], "cut off or damaged"),
    ],
)
def test_what_is_no_whole_file_is_told(tmp_path: Path, data: bytes, words: str) -> None:
    problem = inspect_gguf(write(tmp_path, data)).problem
    assert problem is not None
    assert words in problem.title


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    assert inspect_gguf(tmp_path / "gone.gguf").problem is not None


@given(st.binary(max_size=200), st.integers(0, 500))
def test_no_damage_makes_more_than_a_problem(damage: bytes, at: int) -> None:
    import tempfile

    whole = gguf_bytes()
    with tempfile.TemporaryDirectory() as folder:
        inspect_gguf(write(Path(folder), whole[:at] + damage + whole[at + len(damage) :]))
