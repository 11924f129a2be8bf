"""The text that the model sees: what is learned, what is only read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus import DataSpec
from engine.corpus.report import Fault
from engine.data.dressing import Dressed, Dresser, choose_template, label_template, shipped
from engine.data.frames import find_frame
from engine.data.inspection import inspect_rows
from engine.data.rows import Row
from engine.data.shaping import Content
from engine.protocol import Example, ModelInfo, Prompt, Template, Turn, Variable
from engine.templates import render
from tests.engine.data.conftest import CHATML, Write

PLAIN = Template(id="t", name="T", kind="completion", body="Q: {{ message | trim }}\nA:")


def model(chat_template: str) -> ModelInfo:
    return ModelInfo(
        ref="",
        name="M",
        architecture="",
        kind="instruct",
        parameters=0,
        size_bytes=0,
        context_tokens=0,
        vocabulary=0,
        device="",
        dtype="",
        chat_template=chat_template,
        bos_token="<s>",
        eos_token="<|im_end|>",
    )


def shown(write: Write, rows: list[Any], **spec: Any) -> list[tuple[tuple[str, bool], ...]]:
    views = inspect_rows(DataSpec(source=str(write("rows.jsonl", rows)), **spec), None, 1, len(rows))
    assert all(view.fault is None for view in views), views
    return [tuple((part.text, part.trained) for part in view.parts) for view in views]


def dress(turns: list[tuple[str, str]], template: Template, chat_template: str = "", **variables: str) -> Dressed:
    dresser = Dresser(template, model(chat_template), {}, ("<|im_end|>", "</s>"))
    content = Content(Row({}, 1), tuple(Turn(role=role, text=text) for role, text in turns), variables=variables)  # type: ignore[arg-type]
    dressed = dresser.dress(content)
    assert isinstance(dressed, Dressed), dressed
    return dressed


def flat(dressed: Dressed) -> list[tuple[str, bool]]:
    return [(part.text, part.trained) for part in dressed.parts]


def test_raw_text_is_learned_as_it_is(write: Write) -> None:
    assert shown(write, [{"text": " a\n"}], template=PLAIN) == [((" a\n", True),)]


def test_a_prompt_without_a_template_stays_as_it_is(write: Write) -> None:
    rows = [{"prompt": "2+2=", "completion": "4"}, {"prompt": "", "completion": "x"}]
    assert shown(write, rows) == [(("2+2=", False), ("4", True)), (("x", True),)]


def test_a_template_dresses_the_prompt_and_a_blank_parts_the_reply(write: Write) -> None:
    rows = [{"prompt": " why? ", "completion": "so"}, {"prompt": "a", "completion": " b"}]
    assert shown(write, rows, template=PLAIN) == [
        (("Q: why?\nA:", False), (" so", True)),
        (("Q: a\nA:", False), (" b", True)),
    ]


def test_a_prompt_that_ends_in_a_newline_gets_no_blank(write: Write) -> None:
    template = Template(id="t", name="T", kind="completion", body="{{ message }}\n->\n")
    assert shown(write, [{"prompt": "a", "completion": "b"}], template=template)[0][1] == ("b", True)


def test_labels_become_words(write: Write) -> None:
    rows = [{"text": "fine", "label": 1}, {"text": "bad", "label": 0}]
    assert shown(write, rows, label_words=("negative", "positive")) == [
        (("fine\n\nLabel (negative or positive):", False), (" positive", True)),
        (("bad\n\nLabel (negative or positive):", False), (" negative", True)),
    ]


def test_an_instruction_and_what_it_is_about_are_one_message(write: Write) -> None:
    rows = [{"instruction": "Sum up.", "input": "A text.", "output": "T."}, {"instruction": "Hi.", "output": "Ho."}]
    first, second = shown(write, rows)
    assert first[0][0].endswith("### Instruction:\nSum up.\n\nA text.\n\n### Response:")
    assert second[0][0].endswith("### Instruction:\nHi.\n\n### Response:")
    assert (first[1], second[1]) == ((" T.", True), (" Ho.", True))


def test_a_column_fills_in_a_variable_of_its_name(write: Write) -> None:
    template = Template(
        id="t",
        name="T",
        kind="completion",
        body="{{ message }} in {{ language }}:",
        variables=(Variable(name="language", default="French"),),
    )
    rows = [{"prompt": "cat", "completion": "Katze", "language": "German"}, {"prompt": "cat", "completion": "chat"}]
    first, second = shown(write, rows, template=template)
    assert (first[0][0], second[0][0]) == ("cat in German:", "cat in French:")
    assert shown(write, rows[1:], template=template, variables={"language": "X"})[0][0][0] == "cat in X:"


TALK = [("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello!"), ("user", "Bye"), ("assistant", "Ciao")]


def test_only_what_the_assistant_says_is_learned_with_the_mark_that_ends_it() -> None:
    dressed = dress(TALK, shipped("own"), CHATML)
    assert flat(dressed) == [
        ("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", False),
        ("Hello!<|im_end|>", True),
        ("\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n", False),
        ("Ciao<|im_end|>", True),
    ]
    assert (dressed.begins, dressed.ends) == (False, False)


def test_a_chat_template_without_a_mark_gets_the_end_of_text() -> None:
    bare = CHATML.replace("<|im_end|>", "")
    dressed = dress(TALK[1:3], shipped("own"), bare)
    assert flat(dressed)[-1] == ("Hello!", True)
    assert dressed.ends


def test_a_template_that_rewrites_earlier_turns_teaches_the_last_reply_alone() -> None:
    rewriting = (
        "{% for m in messages %}"
        "{% if m.role == 'assistant' and not loop.last %}[old]{% else %}"
        "{% if m.role == 'assistant' %}>{% endif %}{{ m.content }}{% endif %}|{% endfor %}"
        "{% if add_generation_prompt %}>{% endif %}"
    )
    assert flat(dress(TALK[1:], shipped("own"), rewriting)) == [("Hi|[old]|Bye|>", False), ("Ciao|", True)]


def test_a_transcript_teaches_each_reply() -> None:
    parts = flat(dress(TALK[1:], shipped("chat")))
    assert [text.strip() for text, trained in parts if trained] == ["Hello!", "Ciao"]
    assert "User: Bye" in parts[2][0]


def test_a_row_that_the_template_refuses_is_faulty() -> None:
    strict = "{{ raise_exception('roles must alternate') }}"
    dresser = Dresser(shipped("own"), model(strict), {})
    talk = (Turn(role="user", text="a"), Turn(role="assistant", text="b"))
    fault = dresser.dress(Content(Row({}, 3, "rows.jsonl", 4), talk))
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.row, fault.line) == ("template", 3, 4)
    assert "roles must alternate" in fault.found


def test_the_message_is_found_behind_examples_that_say_the_same() -> None:
    template = Template(
        id="t",
        name="T",
        kind="completion",
        body="{% for e in examples %}{{ e.input }}={{ e.output }}\n{% endfor %}{{ message }}=",
        examples=(Example(input="cat", output="Katze"),),
    )
    dressed = dress([("user", "cat"), ("assistant", "Kater")], template)
    start, end = dressed.message
    assert (start, dressed.parts[0].text[start:end]) == (len("cat=Katze\n"), "cat")


@pytest.mark.parametrize(
    ("shape", "chat_template", "expected"),
    [
        ("text", "", None),
        ("completion", CHATML, None),
        ("instruction", "", "assistant"),
        ("instruction", CHATML, "own"),
        ("chat", "", "chat"),
        ("chat", CHATML, "own"),
        ("labelled", CHATML, "label"),
    ],
)
def test_a_template_is_chosen_by_shape_and_model(shape: Any, chat_template: str, expected: str | None) -> None:
    template = choose_template(shape, None, model(chat_template), ("a", "b"))
    assert (template.id if template else None) == expected


def test_braces_in_a_label_are_no_code() -> None:
    template = label_template(("{{ 7 * 7 }}", "b"))
    prompt = Prompt(template=template, turns=(Turn(role="user", text="x"),))
    assert render(prompt) == "x\n\nLabel ({{ 7 * 7 }} or b):"


BODIES = (
    "{{ message }}",
    "A {{ message | trim }} B",
    "{{ system }}{% for turn in turns %}{% if turn.role == 'user' %}U:{{ turn.text | trim }}{% endif %}{% endfor %}R:",
    "{% for turn in turns %}{{ turn.text }}{% endfor %}",
    "{% for turn in turns %}{{ loop.index }}{{ turn.text }}{% endfor %}",
    "{% if 'bad' in message %}no{% else %}{{ message }}{% endif %}",
    "{{ message | upper }}",
    "{{ message }}{{ message }}",
    "{% set m = message %}{{ m }}",
    "{{ message ~ '!' }}",
    "{{ message[:3] }}",
    "{{ turns[0].text }}",
    "{% for turn in turns if turn.text != 'a' %}{{ turn.text }}{% endfor %}",
    "{% for turn in turns %}{{ turn['text'] }}{% endfor %}",
    "{% filter upper %}{{ message }}{% endfilter %}",
    "{% for turn in turns %}{{ loop.changed(turn.text) }}{{ turn.text }}{% endfor %}",
    "{% macro m() %}{{ message }}{% endmacro %}{{ m() | upper }}",
    "{% for turn in turns %}{{ turn.text }}{% endfor %}{% for turn in [1] %}{{ turn }}{% endfor %}",
    "{{ message | trim('a') }}",
    "{{ message | length }}",
    "{% set x %}{{ message }}{% endset %}{{ x | upper }}",
    "{% macro m() %}{{ caller() | upper }}{% endmacro %}{% call m() %}{{ message }}{% endcall %}",
)
TEXTS = st.one_of(st.sampled_from(["a", " bad ", "", "\n", "aAa", "{{ x }}", "é\u3000"]), st.text(max_size=12))


@given(body=st.sampled_from(BODIES), message=TEXTS, reply=TEXTS)
def test_a_frame_writes_what_rendering_writes(body: str, message: str, reply: str) -> None:
    template = Template(id="t", name="T", kind="completion", body=body, variables=(Variable(name="system"),))
    frame = find_frame(template, None, {})
    if frame is not None:
        prompt = Prompt(template=template, turns=(Turn(role="user", text=message),))
        assert frame.around(message) == render(prompt)


def test_simple_bodies_have_a_frame_and_others_do_not() -> None:
    framed = [
        find_frame(Template(id="t", name="T", kind="chat", body=body, variables=(Variable(name="system"),)), None, {})
        for body in BODIES
    ]
    assert [frame is not None for frame in framed] == [True] * 5 + [False] * (len(BODIES) - 5)
    assert all(find_frame(shipped(name), None, {}) is not None for name in ("assistant", "chat", "sentiment", "plain"))
