"""Traps are found where they are, told with their line, and nowhere else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.paths import Paths
from engine.protocol import ModelInfo
from engine.templates import Library, parse
from engine.templates.traps import Trap, find_traps, overflow_trap
from tests.engine.templates.builders import model
from tests.examples import examples

CHATTY = model(chat_template="{{ messages[-1].content }}")


def traps(text: str, of: ModelInfo | None = None) -> dict[str, Trap]:
    parsed = parse(text, template_id="x")
    assert parsed.template is not None, parsed.faults
    return {trap.code: trap for trap in find_traps(text, parsed.template, of)}


@pytest.mark.parametrize("loaded", [None, model(), CHATTY])
def test_no_shipped_template_has_a_trap(paths: Paths, loaded: ModelInfo | None) -> None:
    library = Library(paths.templates)
    for template in library.scan().templates:
        if template.uses_chat_template and loaded is not None and loaded.kind == "base":
            continue
        assert find_traps(library.source(template.id), template, loaded) == (), template.id


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('body = "{{ message }}: "', 1),
        ('body = """\nQ\n{{ message }}: \n"""', 3),
        ('body = """\nQ\n{{ message }}:\t"""', 3),
    ],
)
def test_a_blank_at_the_end_is_told_with_its_line(body: str, line: int) -> None:
    assert traps(body)["trailing-space"].line == line


@pytest.mark.parametrize(
    "body", ['body = "{{ message }}:"', 'body = """\n{{ message }}:\n\n"""', 'body = "a {{ message }}"']
)
def test_a_prompt_may_end_in_a_newline_or_a_word(body: str) -> None:
    assert "trailing-space" not in traps(body)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('body = "{{ bos_token }}{{ bos_token }}{{ message }}"', 1),
        ('body = """\n\n{{ bos_token }}{{ message }}\n"""', 3),
        ('body = "{{ bos_token }}<s>{{ message }}"', 1),
        ('body = " <s>{{ message }}"', 1),
    ],
)
def test_a_doubled_beginning_is_told(body: str, line: int) -> None:
    assert traps(body)["doubled-beginning"].line == line
    assert "doubled-beginning" in traps(body, model(bos_token="<s>"))


@pytest.mark.parametrize("body", ['body = "{{ bos_token }}{{ message }}"', 'body = "{{ message }} <s> is a mark"'])
def test_one_beginning_is_right(body: str) -> None:
    assert "doubled-beginning" not in traps(body)


@pytest.mark.parametrize(
    "text",
    [
        'body = "User: {{ message }}\\nAssistant:"',
        'body = "### Instruction:\\n{{ message }}\\n\\n### Response:\\n"',
        'kind = "chat"\nbody = """\n{% for t in turns %}\n{{ t.role }}: {{ t.text }}\n{% endfor %}\nassistant:\n"""',
        'body = "{% for e in examples %}Q: {{ e.input }}\\nA: {{ e.output }}\\n{% endfor %}Q: {{ message }}\\nA:"',
    ],
)
def test_a_transcript_wants_a_stop_string(text: str) -> None:
    found = traps(text)["no-stop"]
    assert "stop = " in found.hint
    assert found.line >= 1
    assert "no-stop" not in traps('stop = ["\\nUser:"]\n' + text)


@pytest.mark.parametrize("body", ["Write a story about {{ message }}:", "{{ message }}\\n\\nTL;DR:", "{{ message }}"])
def test_what_is_no_transcript_needs_none(body: str) -> None:
    assert "no-stop" not in traps(f'body = "{body}"')


CHATML = 'body = """\n<|im_start|>user\n{{ message }}<|im_end|>\n<|im_start|>assistant\n"""'


def test_a_chat_template_on_a_base_model_is_told_with_the_model_loaded() -> None:
    own = 'name = "x"\nuses_chat_template = true'
    assert traps(own, model())["chat-template-on-base"].line == 2
    assert traps(CHATML, model())["chat-template-on-base"].line == 2
    for text in (own, CHATML):
        assert "chat-template-on-base" not in traps(text)
        assert "chat-template-on-base" not in traps(text, CHATTY)


def test_a_variable_that_is_never_used_is_told_with_its_line() -> None:
    text = 'body = "{{ message }} {% if a %}{% endif %}"\n\n[variables.a]\n\n[variables.poet]\ndefault = "x"\n'
    found = traps(text)
    assert found["unused-variable"].line == 5
    assert '"poet"' in found["unused-variable"].title
    assert "unused-variable" in traps("uses_chat_template = true\n[variables.poet]\n")
    assert "unused-variable" not in traps("uses_chat_template = true\n[variables.system]\n")


def test_a_template_that_refuses_every_message_is_told() -> None:
    found = traps('body = """\nx\n{{ 1 // 0 }}\n"""')["not-rendered"]
    assert found.line == 3
    assert "zero" in found.title


def test_examples_that_leave_no_room_are_told() -> None:
    text = 'body = "{{ examples }}{{ message }}"\n\n[[examples]]\ninput = "a"\noutput = "b"\n'
    template = parse(text, template_id="x").template
    assert template is not None
    found = overflow_trap(text, template, "The message needs 300 tokens, and there is room for 100")
    assert found is not None
    assert found.line == 3
    assert "300 tokens" in found.title
    plain = parse('body = "x"', template_id="x").template
    assert plain is not None
    assert overflow_trap('body = "x"', plain, "too long") is None


@pytest.mark.parametrize(
    "text", [CHATML, 'body = "{{ message }}: "', 'body = "A: {{ message }}\\nB:"', 'body = "{{ 1 // 0 }}"']
)
def test_each_says_why_it_matters_and_what_to_do(text: str) -> None:
    found = traps(text, model())
    assert found
    for trap in found.values():
        assert trap.title
        assert trap.why
        assert trap.hint


@examples(100)
@given(st.integers(min_value=0, max_value=2**32), st.sampled_from([None, model(), CHATTY]))
def test_whatever_the_text_all_that_reads_it_ends_in_words(seed: int, loaded: ModelInfo | None) -> None:
    from tests.engine.templates.fuzz import sources, text_from, try_all

    try_all(text_from(random.Random(seed), sources()), loaded)


@pytest.mark.parametrize("loaded", [None, model()])
def test_a_transcript_behind_the_beginning_of_text_wants_a_stop_string_too(loaded: ModelInfo | None) -> None:
    body = "{{ bos_token }}{% for turn in turns %}User: {{ turn.text }}\n{% endfor %}Assistant:"
    assert "no-stop" in traps(f'body = """{body}"""', loaded)
