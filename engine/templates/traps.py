"""The usual traps: templates that are no fault, and still make a model answer worse than it could.

Each is found by reading the body or by rendering it with a few sample turns; a template that can't be rendered with
those is told as such, since the chat could not use it either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from engine.errors import TemplateFault
from engine.fields import short
from engine.figures import plural
from engine.protocol import Frozen, ModelInfo, Prompt, Template, Turn
from engine.templates.rendering import render
from engine.toml import Document, TomlFault, read_toml

SAMPLE_MESSAGE = "a lighthouse by the sea"
_SAMPLE_TURNS = (
    Turn(role="user", text="a boat"),
    Turn(role="assistant", text="a reply"),
    Turn(role="user", text=SAMPLE_MESSAGE),
)
_TIMEOUT_S = 0.4
_BEGINNING = "\ue000beginning\ue000"
"""Stands for the beginning-of-text token of a model that is not known; from a private area of Unicode."""
_WRITTEN_BEGINNINGS = ("<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "[BOS]")
_CHAT_MARKS = ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<|user|>", "[INST]", "<|start_of_role|>")
_SPEAKER = re.compile(r"^[#*>\[ ]{0,5}[^\W\d_][\w'-]{0,20}(?: [\w'-]{1,20}){0,2}\]?\*{0,2}:", re.MULTILINE)
"""A line that begins with somebody's name: User:, ### Response:, **Model answer:**"""


class Trap(Frozen, frozen=True):
    """Something that is allowed, and seldom meant."""

    code: str
    """What scripts know it by."""
    title: str
    why: str
    """Why it matters."""
    hint: str
    """What to do."""
    line: int = 0
    """1-based, in the file."""


def find_traps(text: str, template: Template, model: ModelInfo | None = None) -> tuple[Trap, ...]:
    """Find the traps of a template, by line.

    Args:
        text: The TOML that it was read from.
        template: What was read.
        model: The loaded model; what depends on the model is left out without one.
    """
    try:
        document = read_toml(text)
    except TomlFault:
        return ()
    found = [*_unused(template, document), *_wrong_model(template, document, model)]
    if not template.uses_chat_template:
        try:
            found += _rendered_traps(template, document, model)
        except TemplateFault as fault:
            found.append(_not_rendered(fault, document))
    return tuple(sorted(found, key=lambda trap: trap.line))


def overflow_trap(text: str, template: Template, sizes: str) -> Trap | None:
    """The trap of examples that leave no room for a message; None where there are none.

    Args:
        text: The TOML.
        template: What was read from it.
        sizes: What the host said of a short message with them: how much it needs, and how much there is.
    """
    if not template.examples:
        return None
    try:
        line = read_toml(text).line(("examples", 0))
    except TomlFault:
        line = 1
    return Trap(
        code="overflow",
        title=f"its {plural(len(template.examples), 'example')} overflow the model's window: {sizes}",
        why="What does not fit can't be sent at all",
        hint="Take examples out, make them shorter, or allow fewer new tokens",
        line=line,
    )


def _unused(template: Template, document: Document) -> Iterator[Trap]:
    used = {"system"} if template.uses_chat_template else _names(template.body)
    for variable in template.variables:
        if variable.name not in used:
            own = "The model's own template reads system alone" if template.uses_chat_template else ""
            yield Trap(
                code="unused-variable",
                title=f"the variable {short(variable.name)} is never used",
                why="Whoever fills in its blank changes nothing by it",
                hint=own or f"Write {{{{ {variable.name} }}}} where it belongs, or take it out",
                line=document.line(("variables", variable.name)),
            )


def _names(body: str) -> set[str]:
    """All names that a body reads."""
    from jinja2 import TemplateError, nodes

    from engine.templates.budget import Budget
    from engine.templates.sandbox import Sandbox

    try:
        tree = Sandbox(Budget(lambda: 0.0)).parse(body)
        return {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    except (TemplateError, RecursionError, MemoryError):
        return set()


def _wrong_model(template: Template, document: Document, model: ModelInfo | None) -> Iterator[Trap]:
    if model is None or model.kind != "base":
        return
    if template.uses_chat_template:
        key, what = "uses_chat_template", "this is a chat template"
    elif mark := next((mark for mark in _CHAT_MARKS if mark in template.body), ""):
        key, what = "body", f"{short(mark)} marks the turns of models that were taught to chat"
    else:
        return
    yield Trap(
        code="chat-template-on-base",
        title=f"{what}, and {model.name} is a base model",
        why="It has never seen such marks, and goes on with them as with any odd text",
        hint='Write the turns out as a transcript, as "Chat" does, or pick a model that was taught to chat',
        line=_line_of(document, template, mark) if key == "body" else document.line((key,)),
    )


def _rendered_traps(template: Template, document: Document, model: ModelInfo | None) -> Iterator[Trap]:
    alone = _render(template, _SAMPLE_TURNS[-1:], model)
    yield from _trailing_space(alone, document)
    yield from _doubled_beginning(alone, template, document, model)
    if not template.stop:
        talk = alone if template.kind == "completion" else _render(template, _SAMPLE_TURNS, model)
        # What stands in front of the first speaker's name would hide it.
        beginning = (model.bos_token if model else "") or _BEGINNING
        yield from _without_stop(talk.removeprefix(beginning), document)


def _render(template: Template, turns: tuple[Turn, ...], model: ModelInfo | None) -> str:
    beginning = (model.bos_token if model else "") or _BEGINNING
    stand_in = msgspec.structs.replace(model or _ANY_MODEL, bos_token=beginning)
    return render(Prompt(template=template, turns=turns), stand_in, timeout_s=_TIMEOUT_S)


def _trailing_space(text: str, document: Document) -> Iterator[Trap]:
    if text[-1:] in (" ", "\t", "\u00a0"):
        yield Trap(
            code="trailing-space",
            title="the prompt ends in a blank",
            why="Most tokenizers keep a blank with the word behind it: the model is left with a start that it has "
            "hardly ever seen",
            hint="Take the blank at the end of the body away; the reply brings its own",
            line=_last_line(document),
        )


def _doubled_beginning(text: str, template: Template, document: Document, model: ModelInfo | None) -> Iterator[Trap]:
    marks = {_BEGINNING, *_WRITTEN_BEGINNINGS, *([model.bos_token] if model and model.bos_token else [])}
    rest, count, moved = text, 0, False
    while mark := next((mark for mark in marks if rest.lstrip().startswith(mark)), ""):
        moved = moved or (count == 0 and not rest.startswith(mark))
        rest, count = rest.lstrip()[len(mark) :], count + 1
    if not (count > 1 or (count == 1 and moved)):
        return
    title = "the prompt begins with two beginning-of-text tokens"
    if count == 1:
        title = "the beginning-of-text token comes after a blank or an empty line"
    yield Trap(
        code="doubled-beginning",
        title=title,
        why="A model meets that token once, at the very front, where it is put by itself; a second one confuses it",
        hint="Take it out of the body",
        line=_line_of(document, template, "bos_token", *_WRITTEN_BEGINNINGS),
    )


def _without_stop(text: str, document: Document) -> Iterator[Trap]:
    last = text.rstrip().rsplit("\n", 1)[-1]
    if _SPEAKER.fullmatch(last.strip()) is None:
        return
    others = [found.group().strip() for found in _SPEAKER.finditer(text[: len(text.rstrip()) - len(last)])]
    if not others:
        return
    stop = "\\n" + others[0]
    yield Trap(
        code="no-stop",
        title="this is a transcript, and nothing stops the reply",
        why=f"A model goes on with both sides of the talk: after its answer it writes {short(others[0])} itself",
        hint=f'Add stop = ["{stop}"], the beginning of the next line that is not its own',
        line=document.line(("body",)),
    )


def _not_rendered(fault: TemplateFault, document: Document) -> Trap:
    return Trap(
        code="not-rendered",
        title=f"it can't be rendered with a sample message. {fault.title}",
        why="A message that is sent with it comes back with this fault",
        hint=fault.hint or "Mend it, or say in the description what it needs",
        line=place_in_body(document, fault.line),
    )


def place_in_body(document: Document, line: int) -> int:
    """The line of the file for a line of the body; the body's first where that is not known."""
    span = document.span(("body",))
    return min(span.first + max(line, 1) - 1, span.last)


def _last_line(document: Document) -> int:
    """Where a body ends; its closing quotes may stand on a line of their own."""
    span = document.span(("body",))
    lines = str(document.values.get("body", "")).count("\n")
    ends_alone = str(document.values.get("body", "")).endswith("\n")
    return min(max(span.first, span.first + lines - ends_alone), span.last)


def _line_of(document: Document, template: Template, *words: str) -> int:
    """The first line of the body with one of these words."""
    for number, line in enumerate(template.body.split("\n"), 1):
        if any(word and word in line for word in words):
            return place_in_body(document, number)
    return place_in_body(document, 1)


_ANY_MODEL = ModelInfo(
    ref="",
    name="any model",
    architecture="",
    kind="base",
    parameters=0,
    size_bytes=0,
    context_tokens=0,
    vocabulary=0,
    device="",
    dtype="",
)
