"""Templates that would hang, flood or leave the program end soon, with a sentence."""

# ruff: noqa: E501, SIM905 - a template that is cut into short lines can't be read

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TemplateFault
from engine.protocol import Prompt, Turn
from engine.templates import parse, render
from engine.templates.examination import examine
from engine.templates.traps import find_traps
from tests.engine.templates.builders import model, own, prompt, template
from tests.examples import examples

DOUBLING = "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = OP %}{% endfor %}{{ ns.x | length }}"
NESTING = "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
BIG = "{% set big = 'a' * 1000000 %}"

HOSTILE = {
    "nested loops over range": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "nested loops over lists": "{% for a in range(99999)|list %}{% for b in range(99999)|list %}x{% endfor %}{% endfor %}",
    "a loop whose filter never holds": "{% for a in range(9999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}",
    "a loop over a text": BIG + "{% for a in big %}{% for b in big %}{% endfor %}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that doubles": "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% else %}ab{% endif %}{% endmacro %}{{ m(60) }}",
    "a silent macro that doubles": "{% macro m(n) %}{% if n %}{% set a = m(n-1) %}{% set b = m(n-1) %}{% endif %}{% endmacro %}{{ m(60) }}",
    "a recursive loop": "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a recursive loop that widens": "{% for a in range(9) recursive %}{% if loop.depth < 90 %}{{ loop(range(9)) }}{% endif %}{% endfor %}",
    "a call block": "{% macro m(n) %}{% if n %}{% call m(n-1) %}{% endcall %}{% call m(n-1) %}{% endcall %}{% endif %}{% endmacro %}{{ m(60) }}",
    "a range": "{{ range(10**9) | list | length }}",
    "a text repeated": "{{ 'x' * 10**10 }}",
    "a list repeated": "{{ [0] * 10**10 }}",
    "a text repeated step by step": DOUBLING.replace("OP", "ns.x * 2"),
    "doubling with +": DOUBLING.replace("OP", "ns.x + ns.x"),
    "doubling with ~": DOUBLING.replace("OP", "ns.x ~ ns.x"),
    "doubling with join": DOUBLING.replace("OP", "[ns.x, ns.x] | join"),
    "doubling with a joined method": DOUBLING.replace("OP", "''.join([ns.x, ns.x])"),
    "doubling with %": DOUBLING.replace("OP", "'%s%s' % (ns.x, ns.x)"),
    "doubling with format": DOUBLING.replace("OP", "'%s%s' | format(ns.x, ns.x)"),
    "doubling with braces": DOUBLING.replace("OP", "'{0}{0}'.format(ns.x)"),
    "doubling with replace": DOUBLING.replace("OP", "ns.x.replace('a', 'aaaa')"),
    "doubling with a set block": "{% set x = 'ab' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40 + "{{ x | length }}",
    "doubling with a filter block": "{% macro m(n) %}{% filter upper %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}a{% endfilter %}{% endmacro %}{{ m(60) }}",
    "doubling a list": DOUBLING.replace("'ab'", "[1]").replace("OP", "ns.x + ns.x"),
    "lists that hold each other, printed": NESTING + "{{ ns.x }}",
    "lists that hold each other, as text": NESTING + "{{ ns.x | string | length }}",
    "lists that hold each other, compared": NESTING + NESTING.replace("ns", "ms") + "{{ ns.x == ms.x }}",
    "tuples that hold each other, hashed": NESTING.replace("[ns.x, ns.x]", "(ns.x, ns.x)") + "{{ {ns.x: 1} | length }}",
    "dicts that hold each other": NESTING.replace("[ns.x, ns.x]", "{1: ns.x, 2: ns.x}") + "{{ ns.x | tojson }}",
    "namespaces that hold each other": NESTING.replace("[ns.x, ns.x]", "namespace(a=ns.x, b=ns.x)") + "{{ ns.x | string * 10**9 }}",
    "deep lists": "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
    "a power": "{{ 9 ** (9 ** 9) }}",
    "a power step by step": "{% set ns = namespace(x=9) %}{% for i in range(60) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "a round power": "{{ 1 | round(10**9, 'ceil') }}",
    "a % width": "{{ '%999999999d' % 1 }}",
    "a % width from a value": "{{ '%*d' % (10**9, 1) }}",
    "a format width": "{{ '%0999999999d' | format(1) }}",
    "a width in braces": "{{ '{:>999999999}'.format(1) }}",
    "a width in braces from a value": "{{ '{:>{w}}'.format(1, w=10**9) }}",
    "many of one in a format": BIG + "{{ ('%(a)s' * 1000) % {'a': big} }}",
    "center": "{{ 'x' | center(10**9) }}",
    "center with a constant": "{{ 'x' | center(1000000000) }}",
    "the method center": "{{ 'x'.center(10**9) }}",
    "the method zfill": "{{ 'x'.zfill(10**9) }}",
    "the method expandtabs": "{{ '\t'.expandtabs(10**9) }}",
    "indent": "{{ 'x\ny' | indent(10**9) }}",
    "indent with a text": BIG + "{{ ('\n' * 10000) | indent(big) | length }}",
    "batch": "{{ [1] | batch(10**9, 0) | list }}",
    "slice": "{{ [1] | slice(10**9) | list | length }}",
    "join with a long separator": BIG + "{{ range(90000) | join(big) | length }}",
    "join a lazy list": BIG + "{{ big.join(range(90000) | map('string')) | length }}",
    "replace in a filter": BIG + "{{ big | replace('a', big) | length }}",
    "tojson with an indent": "{{ range(9999) | list | tojson(indent=10**6) | length }}",
    "a slow search": BIG + "{{ big.rfind('b' + 'a' * 500000) }}",
    "a slow strip": BIG + "{{ big.strip('b' * 900000 + 'a') | length }}",
    "a slow trim": BIG + "{{ big | trim('b' * 900000 + 'a') | length }}",
    "sorting a text": BIG + "{{ big | sort | length }}",
    "grouping a text": BIG + "{{ big | groupby(0) | length }}",
    "many slow filters": BIG + "{% for i in range(99999) %}{% set x = big | upper | lower %}{% endfor %}",
    "many large texts kept": BIG + "".join(f"{{% set v{i} = big ~ '{i}' %}}" for i in range(900)),
    "many slices kept": BIG + "".join(f"{{% set v{i} = big[{i + 1}:] %}}" for i in range(900)),
    "many comparisons": "{% set a = range(99999)|list %}{% set b = range(99999)|list %}"
    + "{% if a == b and a == b and a == b %}{% endif %}" * 400,
    "much plain text in a loop": "{% macro m() %}{% for i in range(99999) %}" + "x" * 9999 + "{% endfor %}{% endmacro %}{{ m() }}",
    "much output": "{% for i in range(99999) %}" + "x" * 999 + "{% endfor %}",
    "output of one large value": BIG + "{{ big }}" * 2000,
    "output within a macro": BIG + "{% macro m() %}" + "{{ big }}" * 2000 + "{% endmacro %}{{ m() }}",
    "lazy filters on one another": "{{ range(99999)" + "|map('string')|map('upper')" * 40 + "|list|length }}",
    "a class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a class by its name": "{{ ''['__class__'] }}",
    "a class by a filter": "{{ '' | attr('__class__') }}",
    "a class by map": "{{ ['x'] | map(attribute='__class__') | join }}",
    "a class by a format": "{{ '{0.__class__}'.format('x') }}",
    "globals of a function": "{{ range.__globals__ }}{{ cycler.__init__.__globals__ }}",
    "globals of a filter": "{{ raise_exception.__globals__['__builtins__'] }}",
    "the environment": "{{ self._TemplateReference__context.environment }}",
    "format_map": "{{ '{x}'.format_map({'x': 1}) }}",
    "bytes": "{{ 'x'.encode() }}",
    "changing a list": "{{ turns.append(1) }}{{ turns.clear() }}",
    "including": "{% include '/etc/passwd' %}",
    "importing": "{% import 'os' as os %}",
    "extending": "{% extends 'x' %}",
    "chance": "{{ [1, 2] | random }}",
    "many brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "many nested ifs": "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    "many nested loops": "{% for a in [1] %}" * 50 + "{% endfor %}" * 50,
    "a long sum": "{{ " + "1+" * 20000 + "1 }}",
    "a long sum within the limit": "{{ " + "1+" * 4000 + "1 }}",
    "much code": "{{ message }}" * 40000,
    "a very long body": "x" * 300_000,
    "a long number": "{{ " + "9" * 5000 + " }}",
    "dividing by zero": "{{ 1 / 0 }}",
    "an unknown name": "{{ mesage }}",
    "an unknown name, quietly": "{% if mesage %}{% endif %}",
    "nothing to call": "{{ nothing() }}",
}  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_ends_soon_with_a_sentence(body: str) -> None:
    began = time.thread_time()
    with pytest.raises(TemplateFault) as caught:
        render(prompt(body), timeout_s=0.1)
    assert time.thread_time() - began < 2.0
    assert 10 < len(caught.value.title) < 500
    assert "\n" not in caught.value.title


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nested loops over range", "a macro that calls itself", "doubling with ~", "a class"])
def test_so_does_a_hostile_chat_template(name: str) -> None:
    hostile = model(chat_template=HOSTILE[name].replace("{{ ''.__class__.__mro__", "{{ ''.__class__.__mro__.x.y"))
    began = time.thread_time()
    with pytest.raises(TemplateFault):
        render(prompt(own()), hostile)
    assert time.thread_time() - began < 2.0


def test_the_time_limit_is_of_the_clock_that_is_passed_in() -> None:
    times = iter(range(1000))
    with pytest.raises(TemplateFault, match="longer than 30 s"):
        render(prompt("{% for i in range(100) %}{% endfor %}"), clock=lambda: float(next(times)), timeout_s=30)


def test_the_place_of_a_fault_in_a_body_is_told() -> None:
    with pytest.raises(TemplateFault, match='The template "Test", line 3') as caught:
        render(prompt("a\nb\n{{ 1 // 0 }}"))
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "body",
    [
        "{% for turn in turns %}{{ loop.index }}: {{ turn.text | trim | upper | replace('A', 'b') | indent(2) }}\n{% endfor %}",
        "{{ turns | map(attribute='text') | join('\n' + '-' * 70 + '\n') }}",
        "{% set ns = namespace(out='') %}{% for t in turns %}{% set ns.out = ns.out ~ t.text %}{% endfor %}{{ ns.out }}",
        "{% set ns = namespace(l=[]) %}{% for t in turns %}{% set ns.l = ns.l + [t] %}{% endfor %}{{ ns.l | length }}",
        "{{ turns[1:] | tojson }}{{ turns | selectattr('role', 'equalto', 'user') | list | length }}",
        "{{ '%03d' % 7 }}{{ '{:>8}'.format('x') }}{{ 'x' | center(40) }}{{ 2 ** 10 }}{{ 3.14159 | round(2) }}",
        "{{ 'a,b'.split(',') | first }}{{ message.strip().startswith('x') }}{{ {'a': 1}.items() | list }}",
    ],
)
def test_a_long_conversation_is_not_hostile(body: str) -> None:
    turns = tuple(Turn(role="assistant" if place % 2 else "user", text="word " * 100) for place in range(1000))
    assert render(Prompt(template=template(body), turns=turns))


PIECES = st.sampled_from(
    "{{ }} {% %} {# #} {%- -%} for if endif endfor in message turns [ ] ( ) | ~ + * ** % == 'x' 3 . , : \n loop set = "
    "macro endmacro call endcall range( 9999 is not and else elif filter upper endfilter block endblock raw endraw join "
    "x 'a'.join( tojson {'a':1} namespace( recursive continue break generation endgeneration do with endwith".split(" ")
)
BODIES = st.one_of(st.lists(PIECES, max_size=40).map(" ".join), st.text(max_size=80))


@examples(150)
@given(BODIES)
def test_no_body_raises_anything_but_a_fault(body: str) -> None:
    with contextlib.suppress(TemplateFault):
        render(prompt(body), timeout_s=0.1)


FILE_LINES = [
    'name = "x"', "body = 3", 'body = """\n{{ a }}\n"""', "stop = [1]", "[sampling]", "top_k = -1", "[[examples]]",
    "[variables.a]", 'default = "x"', "x.y.z = {a = [1, {b = 2}]}", "[", "]]", "'''", '"""', "seed = 0x" + "f" * 5000,
    "temperature = nan", "min_p = inf", "input = 1979-05-27", '"a.b" = 1', "variables = 3", "examples = [[]]", "# x",
]  # fmt: skip


@examples(150)
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
FILE_LINES
            ),
            max_size=12,
        ).map("\n".join),
    )
)  # fmt: skip
def test_no_file_raises_anything(text: str) -> None:
    parsed = parse(text, template_id="x")
    assert (parsed.template is None) == bool(parsed.faults)
    for fault in parsed.faults:
        assert fault.title
        assert 1 <= fault.line <= text.count("\n") + 1


HOSTILE_FILES = {
    "a key of many parts": "a." * 120_000 + "b = 1",
    "a table of many parts": "[" + "a." * 120_000 + "b]",
    "a quoted key of many parts": '"a".' * 60_000 + "b = 1",
    "deep lists": "x = " + "[" * 100_000,
    "deep tables": "x = " + "{a = " * 20_000,
    "many tables": "\n".join(f"[a{i}]" for i in range(30_000)),
    "many examples without anything": "[[examples]]\n" * 19_000,
    "many unknown keys": "\n".join(f"nme{i} = 1" for i in range(20_000)),
    "many unknown names": 'body = """' + "".join(f"{{{{ a{i} }}}}" for i in range(3300)) + '"""\n'
    + "\n".join(f"[variables.v{i}]" for i in range(8000)),
    "a long number": "x = " + "9" * 250_000,
    "a long fraction": "x = 0." + "9" * 250_000,
    "quotes": '"' * 250_000,
    "an open text": 'body = """' + '\\"' * 120_000,
    "comment marks": 'body = """' + "{#" * 100_000 + '"""',
    "code marks": 'body = """' + "{%" * 100_000 + '"""',
    "blanks before a tag": "body = '''" + " \n" * 100_000 + "{%- if '''",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE_FILES.values(), ids=HOSTILE_FILES.keys())
def test_a_hostile_file_is_read_soon_and_told_in_few_sentences(text: str) -> None:
    began = time.thread_time()
    parsed = parse(text[: 256 * 1024], template_id="x")
    assert time.thread_time() - began < 2.0
    assert 1 <= len(parsed.faults) <= 51
    assert all(len(str(fault)) < 1500 for fault in parsed.faults)


def test_a_body_may_have_many_full_stops() -> None:
    text = (
        'body = """'
        + "a.b" * 1000
        + '"""\nstop = ['
        + '"a.b", ' * 30
        + "]\n"
        + "[sampling]\ntop_p = 0.5\n"
        + "# x.y" * 200
    )
    assert parse(text, template_id="x").faults == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nested loops over range", "a recursive loop that widens", "many comparisons"])
def test_looking_for_traps_in_a_hostile_template_ends_soon(name: str) -> None:
    began = time.thread_time()
    found = find_traps("body = 'x'", template(HOSTILE[name]))
    assert time.thread_time() - began < 2.0
    assert "not-rendered" in {trap.code for trap in found}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nested loops over range", "a macro that doubles", "much output", "a class"])
def test_all_that_is_done_with_a_hostile_file_ends_soon(name: str) -> None:
    began_s = time.process_time()
    found = examine(f"body = '''\n{HOSTILE[name].replace(chr(39), chr(34))}\n'''", "x", message="Hello")
    assert time.process_time() - began_s < 2.0
    assert found.unrendered
    assert [finding.kind for finding in found.findings] == ["fault"]
