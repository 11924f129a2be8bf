# ruff: noqa: E501 - a template that is cut into short lines can't be read

from __future__ import annotations

import pytest

from engine.protocol import Example, SamplingChange, Variable
from engine.templates import parse
from engine.templates.format import MAX_FILE_BYTES

COMPLETE = '''
name = "Haiku"
description = "Three lines about something"
kind = "completion"
stop = ["\\n\\n"]
body = """
Write a haiku about {{ message }} in the manner of {{ poet }}.
{% for example in examples %}
{{ example.input }}: {{ example.output }}
{% endfor %}

"""

[variables.poet]
default = "Bashō"
label = "Poet"

[[examples]]
input = "a frog"
output = """old pond
a frog leaps in"""

[sampling]
temperature = 1
top_k = 40
max_new_tokens = 40
'''


def faults(text: str) -> list[tuple[int, str]]:
    parsed = parse(text, template_id="test", file="test.toml")
    assert parsed.template is None
    assert all(fault.file == "test.toml" for fault in parsed.faults)
    return [(fault.line, fault.title) for fault in parsed.faults]


def test_a_complete_file_is_read() -> None:
    parsed = parse(COMPLETE, template_id="haiku")
    assert not parsed.faults
    template = parsed.template
    assert template is not None
    assert (template.id, template.name, template.kind) == ("haiku", "Haiku", "completion")
    assert template.variables == (Variable(name="poet", default="Bashō", label="Poet"),)
    assert template.examples == (Example(input="a frog", output="old pond\na frog leaps in"),)
    assert template.stop == ("\n\n",)
    assert template.sampling == SamplingChange(temperature=1.0, top_k=40, max_new_tokens=40)


def test_one_newline_at_the_end_of_a_body_is_not_meant() -> None:
    template = parse(COMPLETE, template_id="haiku").template
    assert template is not None
    assert template.body.endswith("{% endfor %}\n")


def test_the_least_file_is_a_body() -> None:
    template = parse('body = "{{ message }}"', template_id="mine").template
    assert template is not None
    assert (template.name, template.kind, template.sampling) == ("mine", "completion", SamplingChange())


def test_one_stop_text_needs_no_list() -> None:
    template = parse('body = "x"\nstop = "END"', template_id="mine").template
    assert template is not None
    assert template.stop == ("END",)


def test_windows_line_ends_and_a_byte_order_mark_are_taken() -> None:
    assert (
        parse("\ufeff" + COMPLETE.replace("\n", "\r\n"), template_id="x").template
        == parse(COMPLETE, template_id="x").template
    )


def test_all_faults_of_a_file_are_told_at_once_in_their_order() -> None:
    text = (
        "name = 3\n"
        'kind = "chatt"\n'
        "\n"
        "# body below\n"
        'body = """\n'
        "{{ message }}\n"
        "{{ mesage }}\n"
        '"""\n'
        'stopp = ["x"]\n'
        "[sampling]\n"
        "temperature = -1\n"
        'top_k = "many"\n'
        "[variables.topic]\n"
        'defalt = "x"\n'
        "[[examples]]\n"
        'input = "a"\n'
        'output = "b"\n'
        "[[examples]]\n"
        'input = "a"\n'
        "output = 4\n"
    )
    assert faults(text) == [
        (1, "name is the number 3"),
        (2, 'kind is "chatt"'),
        (7, 'the body uses "mesage", which is not a variable'),
        (9, '"stopp" is not a key'),
        (11, "temperature is the number -1.0"),
        (12, 'top_k is the text "many"'),
        (14, '"defalt" is not a key in [variables.topic]'),
        (20, "output is the number 4"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "title"),
    [
        ('name = "x"\nbody = """\na\n{% if %}\n"""', 4, "in the body, expected an expression"),
        ("name = 'x'\nbody = '''\na\n\n{{ message }\n'''", 5, "in the body, unexpected '}'"),
        ('body = "{{ message | shout }}"', 1, "in the body, no filter named 'shout'"),
        ('\nbody = """a\n{% for x in turns %}"""', 3, "in the body, unexpected end of template"),
        ('body = "a"\nkind == "chat"', 2, "it is not TOML"),
        ('body = """\nnever closed', 2, "it is not TOML"),
        ('body = "a"\nbody = "b"', 2, "it is not TOML: cannot overwrite a value"),
        ("name = 'x'", 1, "body is missing"),
        ('name = "x"\nbody = " \\n"', 2, "body is empty"),
        ('uses_chat_template = true\nbody = "x"', 2, "body is given beside uses_chat_template"),
        ('body = "x"\nstop = ["a", ""]', 2, "stop has an empty text"),
        ('body = "x"\nstop = ["a", 1]', 2, "stop is a list"),
        ('body = "x"\n[variables]\n"a b".default = "c"', 3, '"a b" can\'t be the name of a variable'),
        ('body = "x"\n[variables.message]\n', 2, '"message" already means something in a body'),
        ('body = "x"\n[variables]\ntopic = "cats"', 3, 'topic is the text "cats"'),
        ('body = "x"\n[sampling]\ntop_p = nan', 3, "top_p is the number nan"),
        ('body = "x"\n[sampling]\nmax_new_tokens = 0', 3, "max_new_tokens is the number 0"),
        ('body = "x"\n[sampling]\nseed = true', 3, "seed is true"),
        ('body = "x"\nexamples = ["a"]', 2, "examples is a list"),
        ('body = "x"\nname = "a\\nb"', 2, "name has several lines"),
        ("body = 1979-05-27", 1, "body is a date or time"),
        ("x = " + "[" * 5000, 1, "it is not TOML"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(text: str, line: int, title: str) -> None:
    found = faults(text)
    assert found[0][0] == line
    assert found[0][1].startswith(title)


def test_a_mistyped_key_or_word_is_told_with_its_like() -> None:
    parsed = parse('bodi = "x"\nkind = "chta"', template_id="x")
    assert [fault.hint.split("?")[0] for fault in parsed.faults if "Did you" in fault.hint] == [
        'Did you mean "body"',
        'Did you mean "chat"',
    ]


def test_names_that_a_body_sets_or_guards_itself_are_not_missed() -> None:
    body = (
        "{% set a = 1 %}{{ a }}{% for b in turns %}{{ b }}{{ loop.index }}{% endfor %}{% macro c(d) %}{{ d }}{% endmacro %}"
        "{{ c(1) }}{{ e | default('x') }}{% if f is defined %}{{ f }}{% endif %}{{ namespace(g=1).g }}{{ range(2) | list }}"
    )
    assert not parse(f"body = '''{body}'''", template_id="x").faults


def test_a_text_that_no_file_may_have_is_told_before_it_is_saved() -> None:
    parsed = parse("# " + "x" * MAX_FILE_BYTES + '\nbody = "{{ message }}"\n', template_id="x")
    assert parsed.template is None
    assert "A template has at most 262,144" in parsed.faults[0].title
