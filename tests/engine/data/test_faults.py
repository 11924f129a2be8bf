"""Whatever may be in a file: told in words with its place, and never the end of the reading."""

from __future__ import annotations

import random
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus import DataSpec, Fault
from engine.corpus.report import FAULT_WORDS, FaultKind
from engine.data import rows as rows_module
from engine.data.inspection import inspect_rows, survey
from engine.errors import DataFault, Misuse, TunesmithError
from tests.engine.data.conftest import Write, items, look
from tests.examples import examples

GOOD = '{"text": "good"}\n'


def only_fault(path: Path, **spec: object) -> Fault:
    report = look(path, **spec)
    assert report.faulty_rows == 1
    return report.faults[0].first[0]


@pytest.mark.parametrize(
    ("line", "kind", "found"),
    [
        ('{"text": "a"', "not-json", "position 13"),
        ("{'text': 'a'}", "not-json", "text"),
        ('{"text": "a"},', "not-json", "position 14"),
        ("[1, 2]", "not-an-object", "a list"),
        ("5", "not-an-object", "the number 5"),
        ("null", "not-an-object", "null"),
        ("[" * 90_000, "not-json", "nested without end"),
        ('{"text": 5}', "wrong-type", "the number 5"),
        ('{"text": ["a"]}', "wrong-type", "a list"),
        ('{"text": {"a": 1}}', "wrong-type", "an object"),
        ('{"text": null}', "missing-column", "null"),
        ('{"Text": "a"}', "missing-column", "only the columns Text"),
        ("{}", "missing-column", "none"),
        ('{"text": ""}', "empty", "an empty text"),
        ('{"text": " \\n\\t"}', "empty", "nothing but blanks"),
        ('{"text": "a\\u0000b"}', "nul-character", "a NUL character"),
        ('{"te\0xt": "a"}', "nul-character", "a NUL character"),
        ('{"text": "\\ud83d"}', "not-utf8", "half of a character"),
    ],
)
def test_a_faulty_line_is_told_with_its_place(write: Write, line: str, kind: str, found: str) -> None:
    fault = only_fault(write("rows.jsonl", GOOD + "\n" + line + "\n" + GOOD))
    assert (fault.kind, fault.row, fault.line, fault.file) == (kind, 2, 3, "rows.jsonl")
    assert found in fault.found
    assert fault.words.startswith("rows.jsonl, row 2 (line 3)")
    assert f"found {fault.found}; expected {fault.expected}" in fault.words


def test_bytes_that_are_no_text_are_told_with_their_place(write: Write) -> None:
    fault = only_fault(write("rows.jsonl", GOOD.encode() + b'{"text": "caf\xe9"}\r\n'))
    assert (fault.kind, fault.found) == ("not-utf8", "the byte 0xE9 at position 14, which is not UTF-8")
    assert "iconv" in fault.hint


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.txt"])
def test_a_file_that_is_no_text_is_called_so(write: Write, name: str) -> None:
    with pytest.raises(DataFault) as refused:
        survey(DataSpec(source=str(write(name, random.Random(1).randbytes(5000)))))
    assert "found bytes that are no text" in refused.value.title
    assert "It looks like a packed file" in refused.value.title


def test_a_torn_last_line_is_called_torn(write: Write) -> None:
    assert only_fault(write("rows.jsonl", GOOD + '{"text": "goo')).kind == "torn-line"
    assert only_fault(write("rows.json", '[{"text": "a"}, {"text": "b"}')).kind == "torn-line"


def test_numbers_that_json_does_not_know_are_no_fault(write: Write) -> None:
    assert look(write("rows.jsonl", '{"text": "a", "score": NaN}\n')).faulty_rows == 0


def test_a_line_without_end_is_passed_over(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("engine.data.lines", "engine.data.json_file"):
        monkeypatch.setattr(f"{module}.MAX_ROW_BYTES", 1000)
    file = write("rows.jsonl", GOOD + '{"text": "' + "a" * 5000 + '"}\n' + GOOD)
    assert only_fault(file).kind == "too-big"
    assert look(file).used_rows == 2
    assert only_fault(write("x.json", '[{"text": "a"}, {"text": "' + "a" * 500_000)).kind == "too-big"
    assert rows_module.MAX_ROW_BYTES > 1000


@pytest.mark.parametrize(
    ("line", "kind", "found"),
    [
        ("alone", "ragged", "1 field"),
        ("a,1,2", "ragged", "3 fields"),
        ('"a" b,1', "ragged", "expected after"),
        (",1", "empty", "an empty text"),
        ("a,7", "unknown-label", '"7"'),
    ],
)
def test_a_faulty_row_of_a_table_is_told(write: Write, line: str, kind: str, found: str) -> None:
    file = write("rows.csv", f"text,label\nfirst,0\n{line}\nlast,1\n")
    report = look(file, label_words=("bad", "good")) if kind != "unknown-label" else look(file)
    if kind == "unknown-label":
        assert [label.label for label in report.labels] == ["0", "1", "7"]
        return
    fault = report.faults[0].first[0]
    assert (report.faulty_rows, fault.kind, fault.row, fault.line) == (1, kind, 2, 3)
    assert found in fault.found


def test_an_open_quote_is_told_where_it_begins(write: Write) -> None:
    fault = only_fault(write("rows.csv", 'text,label\na,0\n"b,1\nc,0\n'))
    assert (fault.kind, fault.row, fault.line) == ("torn-line", 2, 3)
    assert fault.found == "a quote that is never closed, which swallows the 1 line behind it"


def test_a_table_in_another_encoding_names_the_column(write: Write) -> None:
    fault = only_fault(write("rows.csv", b"text,label\ncaf\xe9,1\nb,0\n"))
    assert (fault.kind, fault.column, fault.row) == ("not-utf8", "text", 1)


def test_columns_of_one_name_are_refused(write: Write) -> None:
    with pytest.raises(DataFault, match="same name"):
        items(write("rows.csv", "text,text\na,b\n"))


def test_what_is_behind_a_break_in_an_array_is_counted_as_one_fault(write: Write) -> None:
    report = look(write("rows.json", '[{"text": "a"}, {"text": "b"}, {text: "c"}, {"text": "d"}]'))
    assert (report.rows, report.faulty_rows) == (3, 1)
    assert "Nothing behind it can be read" in report.faults[0].first[0].hint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", "", "it is empty"),
        ("a.jsonl", "\n\n", "it is empty"),
        ("a.jsonl", "nonsense\n", "not-json|nonsense"),
        ("a.csv", "", "it is empty"),
        ("a.csv", "text,label\n", "it is empty"),
        ("a.json", "[]", "it is empty"),
        ("a.json", "hello", "is not JSON"),
        ("a.json", '{"a": 1}', "without a list of rows"),
        ("a.json", '{"a": ', "is not JSON"),
        ("a.json", b'[{"text": "caf\xe9"}]', "is not UTF-8"),
        ("a.txt", " \n", "it is empty"),
        ("a.parquet", "PAR1 no PAR1", "can't be read as Parquet"),
        ("a.xyz", "a", "ends in .xyz"),
        ("a.jsonl", "a".encode("utf-16"), "is UTF-16"),
    ],
)
def test_a_file_without_rows_says_why(write: Write, name: str, content: str | bytes, words: str) -> None:
    with pytest.raises(DataFault, match=words) as caught:
        look(write(name, content))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"messages": "hello"}, "hello"),
        ({"messages": []}, "an empty list"),
        ({"messages": [{"role": "user", "content": "a"}]}, "no message of the assistant"),
        ({"messages": [{"role": "tool", "content": "a"}]}, 'the role "tool" in message 1'),
        ({"messages": [{"content": "a"}]}, "the role null in message 1"),
        ({"messages": ["a"]}, 'the text "a" as message 1'),
        ({"messages": [{"role": "user", "content": 5}]}, "the number 5 as the content of message 1"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "a list as the content of message 1"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": " "}]}, "no message of"),
    ],
)
def test_a_faulty_conversation_is_told(write: Write, row: object, found: str) -> None:
    good = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    fault = only_fault(write("rows.jsonl", [good, good, row]))
    assert (fault.row, fault.column) == (3, "messages")
    assert found in fault.found


def test_faults_are_counted_and_the_first_few_shown(write: Write) -> None:
    report = look(write("rows.jsonl", [{"text": "a"}] + [{"text": ""}] * 30 + [{"text": 1}] * 2))
    assert [(kind.kind, kind.count, len(kind.first)) for kind in report.faults] == [
        ("empty", 30, 5),
        ("wrong-type", 2, 2),
    ]
    assert (report.rows, report.faulty_rows, report.empty_rows, report.used_rows) == (33, 32, 30, 1)


def test_escape_sequences_never_reach_the_words(write: Write) -> None:
    fault = only_fault(write("rows.jsonl", [{"text": "a"}, {"text": "a"}, {"\x1b]52;c;x\x07": "b"}]))
    assert "\x1b" not in fault.words
    assert "␛]52" in fault.words


def test_a_faulty_row_is_shown_among_others(write: Write) -> None:
    file = write("rows.jsonl", [{"text": "a"}, {"text": 5}, {"text": "c"}])
    views = inspect_rows(DataSpec(source=str(file)), None, 1, 10)
    assert [view.fault is not None for view in views] == [False, True, False]
    assert views[1].raw == {"text": "5"}


@pytest.mark.slow
@examples(150)
@given(content=st.binary(max_size=300), suffix=st.sampled_from(["jsonl", "json", "csv", "tsv", "txt", "parquet"]))
def test_no_bytes_raise_anything_but_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    file = tmp_path_factory.mktemp("bytes") / f"rows.{suffix}"
    file.write_bytes(content)
    try:
        report = survey(DataSpec(source=str(file)))
    except TunesmithError:
        return
    assert report.rows >= report.faulty_rows


LINES = st.lists(
    st.one_of(
        st.just('{"text": "a"}'),
        st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs"]), max_size=30),
        st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.integers(), st.text(max_size=9))).map(str),
    ),
    max_size=20,
)


@given(lines=LINES)
def test_every_line_is_a_row_or_a_fault(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    file = tmp_path_factory.mktemp("lines") / "rows.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8", newline="")
    found = items(file)
    assert [item.row for item in found] == list(range(1, len(found) + 1))
    blank = sum(not line.encode().strip() for line in lines)
    assert len(found) == len(lines) - blank
    assert [item.row for item in items(file, skip=2)] == [item.row for item in found[2:]]


def test_a_column_that_is_not_there_is_a_misuse(write: Write) -> None:
    with pytest.raises(Misuse, match='no column "lable"') as caught:
        look(write("rows.jsonl", [{"text": "a", "label": 1}]), label_column="lable")
    assert "Did you mean label?" in caught.value.hint


def test_every_kind_of_fault_has_words() -> None:
    assert set(FAULT_WORDS) == set(get_args(FaultKind))
