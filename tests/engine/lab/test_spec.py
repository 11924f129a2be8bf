"""A spec file becomes a lab, or all of its faults at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.lab.spec import LabFault, Parsed, load_spec, parse_spec
from engine.templates import Library

Parse = Callable[..., Parsed]


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    def call(text: str, limit: int = 0) -> Parsed:
        return parse_spec(text, name="mine", folder=tmp_path, library=Library(tmp_path / "none"), limit=limit)

    return call


ROWS = """{"text": "A fine film", "label": 1}
{"text": "A dull film", "label": 0}
{"text": "Another one", "label": 1}
"""
GOOD = """
name = "films"
model = "gpt2"
scores = ["accuracy", "exact"]
seed = 7

[data]
file = "rows.jsonl"

[labels]
0 = "bad"
1 = "good"

[sampling]
max_new_tokens = 5

[[variations]]
template = "sentiment"

[[variations]]
name = "Own"
template = "own.toml"
model = ["gpt2", "distilgpt2"]
stop = "!"
variables = { tone = "kind" }

[variations.sampling]
temperature = 0.5
"""
OWN = 'name = "My own"\nbody = "{{ tone }}: {{ message }}"\n[variables.tone]\ndefault = "plain"\n'


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text(ROWS)
    (tmp_path / "own.toml").write_text(OWN)
    return tmp_path


def test_a_spec_becomes_a_lab(parse: Parse, files: Path) -> None:
    lab = parse(GOOD).lab
    assert lab is not None
    assert (lab.name, lab.seed, lab.metrics) == ("films", 7, ("accuracy", "exact"))
    assert [(row.input, row.label) for row in lab.rows] == [
        ("A fine film", "1"),
        ("A dull film", "0"),
        ("Another one", "1"),
    ]
    assert [(label.value, label.word) for label in lab.labels] == [("0", "bad"), ("1", "good")]
    assert [(each.name, each.model) for each in lab.variations] == [
        ("Sentiment", "gpt2"),
        ("Own · gpt2", "gpt2"),
        ("Own · distilgpt2", "distilgpt2"),
    ]
    first, second, _ = lab.variations
    assert (first.sampling.temperature, first.sampling.max_new_tokens) == (0.0, 5)
    assert (second.sampling.temperature, second.stop, second.variables) == (0.5, ("!",), {"tone": "kind"})
    assert lab.parts == ("labels", "reply")


def test_rows_may_be_typed(parse: Parse) -> None:
    lab = parse(
        'model = "m"\n[[inputs]]\ninput = "one"\nreference = "eins"\n[[inputs]]\ninput = "two"\nlabel = true\n'
        '[[variations]]\ntemplate = "plain"\n'
    ).lab
    assert lab is not None
    assert [(row.input, row.reference, row.label) for row in lab.rows] == [("one", "eins", ""), ("two", "", "true")]
    assert (lab.name, lab.parts) == ("mine", ("reply",))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", "question,answer\nWho?,Me\nWhat?,That\n"),
        ("rows.json", '[{"question": "Who?", "answer": "Me"}, {"question": "What?", "answer": "That"}]'),
        ("rows.tsv", "question\tanswer\nWho?\tMe\nWhat?\tThat\n"),
    ],
)
def test_columns_are_found_by_their_names(parse: Parse, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    lab = parse(f'model = "m"\n[data]\nfile = "{name}"\n[[variations]]\ntemplate = "plain"\n').lab
    assert lab is not None
    assert [(row.input, row.reference) for row in lab.rows] == [("Who?", "Me"), ("What?", "That")]


def test_a_text_file_has_an_input_on_each_line(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("one\n\ntwo\n")
    lab = parse('model = "m"\n[data]\nfile = "rows.txt"\n[[variations]]\ntemplate = "plain"\n').lab
    assert lab is not None
    assert [row.input for row in lab.rows] == ["one", "two"]


def test_rows_are_skipped_and_limited(parse: Parse, files: Path) -> None:
    text = GOOD.replace('file = "rows.jsonl"', 'file = "rows.jsonl"\nskip = 1\nlimit = 2')
    whole, limited = parse(text).lab, parse(text, limit=1).lab
    assert whole is not None
    assert limited is not None
    assert [row.input for row in whole.rows] == ["A dull film", "Another one"]
    assert [row.input for row in limited.rows] == ["A dull film"]


def test_all_faults_are_told_at_once_with_their_lines(parse: Parse, files: Path) -> None:
    text = """scores = ["accuracy", "bleu"]
normalisation = "chioce"
colour = 3
[data]
file = "rows.jsonl"
input = "txt"
[[variations]]
template = "sentimnet"
model = "m"
[[variations]]
template = "own.toml"
variables = { tnoe = "x" }
[variations.sampling]
temperature = -1
"""
    problems = parse(text).problems
    told = {(problem.line, problem.title) for problem in problems}
    assert (1, '"bleu" is not a score') in told
    assert (2, 'normalisation is "chioce"') in told
    assert (3, '"colour" is not a key') in told
    assert (8, 'No template is called "sentimnet"') in told
    assert "a variation has no model" in {title for _, title in told}
    assert (12, 'the template "My own" has no variable "tnoe"') in told
    assert any(title.endswith('has no column "txt"') and line == 5 for line, title in told)
    assert any(title.startswith("temperature is") and line == 14 for line, title in told)
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "there is nothing to compare on"),
        ("", "there is no variation"),
        ("x = ", "it is not TOML"),
        ("seed = -1", "seed is out of range"),
        ("seed = 99999999999999999999999", "seed is out of range"),
        ('[data]\nfile = "no.jsonl"', "There is no file"),
        ("[data]\nlimit = 3", "[data] names no file"),
        ('[data]\nfile = ".."', "is a folder"),
        ('[data]\nfile = "a\\u0000b"', "There is no file"),
        ('[[inputs]]\ninput = " "', "an input is empty"),
        ('[labels]\n0 = "x"\n1 = "x"', "two labels have the same word"),
        (
            'scores = ["accuracy"]\n[[inputs]]\ninput = "x"\nlabel = 1',
            "accuracy needs the words of at least two labels",
        ),
        ('scores = ["exact"]\n[[inputs]]\ninput = "x"', "exact needs references, and no row has one"),
        ('model = "m"\n' + '[[variations]]\ntemplate = "plain"\n' * 2, 'two variations are called "Plain"'),
        ('[[variations]]\ntemplate = "none.toml"', "none.toml"),
    ],
)
def test_a_fault_is_told_in_words(parse: Parse, text: str, title: str) -> None:
    assert any(title in problem.title for problem in parse(text).problems)


def test_a_label_without_a_word_is_told(parse: Parse, files: Path) -> None:
    text = GOOD.replace('1 = "good"\n', '2 = "good"\n')
    [problem] = parse(text).problems
    assert problem.title == 'the rows have a label "1", which has no word'


def test_a_file_with_faults_is_refused_with_all_of_them(files: Path) -> None:
    (files / "spec.toml").write_text('scores = "bleu"\n')
    with pytest.raises(LabFault) as caught:
        load_spec(files / "spec.toml", Library(files / "none"))
    assert "spec.toml has 3 faults" in caught.value.title
    assert "line 1" in caught.value.hint


def test_a_model_beside_the_spec_is_found_from_anywhere(files: Path) -> None:
    (files / "tiny").mkdir()
    (files / "spec.toml").write_text(GOOD.replace('model = "gpt2"', 'model = "./tiny"'))
    lab = load_spec(files / "spec.toml", Library(files / "none"))
    assert Path(lab.variations[0].model) == files / "tiny"


@pytest.mark.parametrize(("limit", "inputs"), [(1, "T"), (2, "TU"), (3, "TUA"), (0, "TUAB"), (9, "TUAB")])
def test_the_first_rows_are_those_that_are_typed_and_then_the_file(
    parse: Parse, tmp_path: Path, limit: int, inputs: str
) -> None:
    (tmp_path / "rows.txt").write_text("A\nB\n")
    text = '[data]\nfile = "rows.txt"\n[[inputs]]\ninput = "T"\n[[inputs]]\ninput = "U"\n'
    parsed = parse(text + '[[variations]]\nmodel = "m"\ntemplate = "plain"\n', limit=limit)
    assert parsed.lab is not None
    assert "".join(row.input for row in parsed.lab.rows) == inputs
    assert parsed.typed == min(2, limit or 2)
