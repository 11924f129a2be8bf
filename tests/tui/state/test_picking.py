"""What the pickers list, in which order, and in which words."""

from __future__ import annotations

import pytest

from engine.errors import TemplateFault
from engine.models.records import ModelEntry
from engine.protocol import SamplingChange, Template, Variable
from tui.state.picking import (
    change_words,
    fault_place,
    is_pickable,
    match_spans,
    model_cells,
    model_facts,
    model_rows,
    narrow,
    narrow_faults,
    narrow_templates,
    preview_text,
    rank,
    template_facts,
)

MEDIUM = ModelEntry(ref="gpt2-medium", name="gpt2-medium", source="hub", architecture="gpt2", parameters=354_823_168)
GPT2 = ModelEntry(ref="gpt2", name="gpt2", source="hub", architecture="gpt2", here=True, parameters=124_439_808)
TUNED = ModelEntry(ref="/m/my-gpt2", name="my-gpt2", source="folder", architecture="gpt2", here=True)


@pytest.mark.parametrize(
    ("words", "name", "others", "expected"),
    [
        ([], "gpt2", [], 0),
        (["gpt2"], "GPT2", [], 0),
        (["gpt"], "gpt2", [], 1),
        (["gpt"], "my-gpt2", [], 2),
        (["pt2"], "gpt2", [], 3),
        (["llama"], "smol", ["Llama family"], 4),
        (["gt2"], "gpt2", [], 6),
        (["g"], "abc", [], None),
        (["gpt", "medium"], "gpt2-medium", [], 3),
        (["gpt", "large"], "gpt2-medium", [], None),
    ],
)
def test_ranks(words: list[str], name: str, others: list[str], expected: int | None) -> None:
    assert rank(words, name, others) == expected


def test_entries_that_answer_alike_keep_their_order() -> None:
    names = ["b-one", "a-one", "one", "two"]
    assert narrow("one", names, lambda name: (name, ())) == ("one", "b-one", "a-one")
    assert narrow("", names, lambda name: (name, ())) == tuple(names)


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("The Sea, the sea", "sea", ["Sea", "sea"]),
        ("a.b a+b", "a.b", ["a.b"]),
        ("seaside sea", "sea seaside", ["seaside", "sea"]),
        ("nothing", "", []),
        ("nothing", "x", []),
    ],
)
def test_matches_are_found_in_any_case(text: str, query: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in match_spans(text, query)] == found


def test_models_come_in_two_groups_the_best_first() -> None:
    rows = model_rows((MEDIUM, TUNED, GPT2), "gpt2")
    assert (rows.here, rows.offers, rows.typed) == ((GPT2, TUNED), (MEDIUM,), "")


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("", False),
        ("gpt2", False),
        ("gpt", False),
        ("opt-125m", True),
        ("m/my", True),
        ("/m/my-gpt2", False),
        ("/m/other", True),
        ("./here", True),
        ("~/x", True),
        ("x.gguf", True),
        ("run:first@200", True),
        ("two words", False),
        ("a/b/c", False),
    ],
)
def test_what_may_be_a_reference_is_offered_as_it_was_typed(query: str, offered: bool) -> None:
    assert model_rows((MEDIUM, TUNED, GPT2), query).typed == (query if offered else "")


def test_numbers_that_are_not_known_are_blank() -> None:
    assert model_cells(TUNED) == ("my-gpt2", "", "", "", "base", "")
    assert model_cells(ModelEntry(ref="x", name="x\x1b", source="hub")) == ("x␛", "", "", "", "", "")
    assert model_cells(MEDIUM)[1] == "355M"


def test_a_model_is_pickable_unless_faulty_or_else_resumable() -> None:
    faulty = ModelEntry(ref="x", name="x", source="folder", here=True, fault="a pickle")
    resumable = ModelEntry(ref="y", name="y", source="hub", here=True, fault="cut short", resumable=True)
    assert [is_pickable(entry) for entry in (GPT2, MEDIUM, faulty, resumable)] == [True, True, False, True]
    assert model_cells(faulty)[-1] == "a pickle"
    assert "goes on" in model_cells(resumable)[-1]


def test_facts_of_a_model() -> None:
    entry = ModelEntry(
        ref="/m/tiny",
        name="tiny",
        source="folder",
        kind="instruct",
        architecture="llama",
        parameters=260_032,
        size_bytes=1_050_000,
        context_tokens=512,
        dtype="float32",
        here=True,
        where="/m/tiny",
    )
    assert dict(model_facts(entry)) == {
        "Kind": "instruct: it answers what you ask",
        "Parameters": "260,032",
        "Size": "1.1 MB on disk",
        "Window": "512 tokens",
        "Architecture": "llama",
        "Weights": "float32",
        "From": "a folder",
        "Where": "/m/tiny",
    }
    assert dict(model_facts(ModelEntry(ref="a/b", name="b", source="hub", size_bytes=5_000_000))) == {
        "Size": "5 MB to download",
        "From": "the hub",
        "Reference": "a/b",
    }


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("", ""),
        ("a", "a"),
        ("a  ", "a␣␣"),
        ("a \n\n b\n", "a␣⏎\n⏎\n b⏎\n"),
        ("  ", "␣␣"),
        ("a\r\nb\x1b", "a⏎\nb␛"),
        ("a\tb", "a\tb"),
    ],
)
def test_invisible_ends_become_visible_in_a_preview(prompt: str, text: str) -> None:
    shown = preview_text(prompt)
    assert shown.text == text
    assert set("".join(shown.text[start:end] for start, end in shown.marks)) <= {"␣", "⏎"}


def test_a_sign_that_is_in_the_prompt_itself_is_not_marked() -> None:
    shown = preview_text("⏎ a\n")
    assert [shown.text[start:end] for start, end in shown.marks] == ["⏎"]
    assert shown.marks == ((3, 4),)


def test_facts_of_a_template() -> None:
    template = Template(
        id="t",
        name="T",
        kind="chat",
        body="",
        stop=("\nUser:", "\x1b"),
        sampling=SamplingChange(top_k=5),
        variables=(Variable(name="topic"), Variable(name="x", label="The x")),
    )
    assert dict(template_facts(template, "/t.toml")) == {
        "Stops at": "“⏎User:”, “␛”",
        "Sampling": "top-k 5",
        "Blanks": "topic, The x",
        "File": "/t.toml",
    }
    assert template_facts(Template(id="t", name="T", kind="chat", body="")) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (SamplingChange(), ""),
        (SamplingChange(temperature=0), "greedy"),
        (SamplingChange(temperature=0.70, top_p=0.9), "temperature 0.7, top-p 0.9"),
        (SamplingChange(min_p=0.1, repetition_penalty=1.1, seed=0), "min-p 0.1, repetition penalty 1.1, seed 0"),
        (SamplingChange(max_new_tokens=1_200), "at most 1,200 tokens"),
    ],
)
def test_a_change_of_the_sampling_in_words(change: SamplingChange, words: str) -> None:
    assert change_words(change) == words


def test_templates_and_faults_are_narrowed_alike() -> None:
    story = Template(id="story", name="Story", kind="completion", body="", description="A creative tale")
    chat = Template(id="chat", name="Chat", kind="chat", body="")
    fault = TemplateFault("unexpected end", file="/templates/story-two.toml", line=4)
    assert narrow_templates("tale", (chat, story)) == (story,)
    assert narrow_templates("chat", (story, chat)) == (chat,)
    assert narrow_faults("story", (fault,)) == (fault,)
    assert narrow_faults("chat", (fault,)) == ()
    assert fault_place(fault) == "story-two.toml:4"
    assert fault_place(TemplateFault("x", file="/templates")) == "templates"
