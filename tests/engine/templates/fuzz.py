"""Throws broken and hostile templates at everything that reads one.

    python -m tests.engine.templates.fuzz [SECONDS] [SEED]

Whatever the text, it has to end within two seconds, with a template or with sentences: never with a traceback.
"""

# ruff: noqa: E501, SIM905 - pieces of a template read better on one line

from __future__ import annotations

import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from importlib import resources

from engine.protocol import ModelInfo
from engine.templates.authoring import renamed_text
from engine.templates.examination import Examined, examine
from tests.engine.templates.builders import model
from tests.engine.templates.test_hostile import FILE_LINES, HOSTILE

LIMIT_S = 2.0
PIECES = (
    "{{ }} {% %} {# #} {%- -%} {%+ for if endif endfor in message turns examples [ ] ( ) | ~ + * ** // % == 'x' \"y\" 3 "
    "99999999 -1 1e309 . , : \n loop set = macro endmacro call endcall range( 9999 is not and else elif filter upper "
    "endfilter block endblock raw endraw join 'a'.join( tojson {'a':1} namespace( recursive continue break generation "
    "endgeneration do with endwith bos_token .__class__ |attr('__class__') |format(1) '%s'*99 |map('upper') |sort "
    "|groupby(0) |batch(2) |indent(9) |center(99) |replace('','x') cycler( self caller() import include strftime_now( "
    "\\ \\u0041 \x1b \x00 \x1b]52; \u202e \ud800 \U0001f600 e\u0301 \t \r\n"
).split(" ")
SHIPPED = ("plain", "story", "chat", "assistant", "summarise", "translate", "sentiment", "question", "own")


def sources() -> list[str]:
    """Good files to begin with."""
    folder = resources.files("engine.templates").joinpath("shipped")
    return [folder.joinpath(f"{name}.toml").read_text("utf-8") for name in SHIPPED]


def text_from(chance: random.Random, good: list[str]) -> str:
    """A file: a good one with damage, lines of all sorts, or a body of all sorts."""
    make = chance.choice((_damaged, _damaged, _of_lines, _with_body, _with_body, _noise, _hostile))
    return make(chance, good)


def _damaged(chance: random.Random, good: list[str]) -> str:
    text = chance.choice(good)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(text) + 1), chance.choice((0, 1, 1, 2, 8, 40))
        what = chance.choice((chance.choice(PIECES), chance.choice(FILE_LINES), chr(chance.randrange(0x110000)), ""))
        text = text[:at] + what * chance.choice((1, 1, 2, 50)) + text[at + length :]
        if chance.random() < 0.1:
            text += text[at : at + 500]
    return text


def _of_lines(chance: random.Random, _good: list[str]) -> str:
    return "\n".join(chance.choice(FILE_LINES) for _ in range(chance.randint(0, 14)))


def _with_body(chance: random.Random, _good: list[str]) -> str:
    body = chance.choice((" ", "")).join(chance.choice(PIECES) for _ in range(chance.randint(0, 60)))
    return f"body = '''\n{body}\n'''\n" + chance.choice(("", 'kind = "chat"\n', 'stop = ["x"]\n', "[variables.a]\n"))


def _noise(chance: random.Random, _good: list[str]) -> str:
    return "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0x110000)))) for _ in range(80))


def _hostile(chance: random.Random, good: list[str]) -> str:
    return f"body = '''\n{chance.choice(list(HOSTILE.values()))}\n'''\n" + _of_lines(chance, good)[:40]


def try_all(text: str, loaded: ModelInfo | None) -> Examined:
    """Everything that is done with a text in the studio and by `templates check`."""
    found = examine(text, "x", message="sea", variables={"a": "b"}, model=loaded)
    for finding in found.findings:
        assert finding.title, "a finding without words"
        assert len(finding.title) < 2000, "a finding that nobody can read"
        assert 0 <= finding.line <= text.count("\n") + 1, f"line {finding.line} of {text.count(chr(10)) + 1}"
    assert found.template is not None or found.findings, "neither a template nor a fault"
    renamed_text(text, "Another")
    return found


def run(seconds: float, seed: int, say: Callable[[str], object] = print) -> int:
    """Fuzz for so long; returns how many texts did not end as they should."""
    chance, good = random.Random(seed), sources()
    models = (None, model(), model(chat_template="{{ messages[-1].content }}"))
    counts: Counter[str] = Counter()
    slowest_s, end_s = 0.0, time.monotonic() + seconds
    while time.monotonic() < end_s:
        text = text_from(chance, good)
        began_s = time.process_time()
        try:
            found = try_all(text, chance.choice(models))
            kind = "unreadable" if found.template is None else "unrendered" if found.unrendered else "good"
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            kind = "raised"
            say(f"{traceback.format_exc(limit=-4)}\n{text[:600]!r}\n")
        took_s = time.process_time() - began_s
        slowest_s = max(slowest_s, took_s)
        if took_s > LIMIT_S:
            counts["slow"] += 1
            say(f"{took_s:.1f} s\n{text[:600]!r}\n")
        counts[kind] += 1
    say(f"{sum(counts.values())} texts: {dict(counts)}, the slowest took {slowest_s:.2f} s (seed {seed})")
    return counts["raised"] + counts["slow"]


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[1:]]
    sys.exit(1 if run(arguments[0] if arguments else 60.0, int(arguments[1]) if len(arguments) > 1 else 1) else 0)
