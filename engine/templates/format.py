"""The template file: TOML to a `Template`, or all that is wrong with it."""

from __future__ import annotations

import re
from typing import cast

import msgspec

from engine.errors import TemplateFault
from engine.fields import Fields, Problem, nearest, short
from engine.protocol import Example, Template, TemplateKind, Variable
from engine.sampling import read_sampling
from engine.templates.rendering import compile_body, scope
from engine.toml import Document, TomlFault, read_toml

MAX_FILE_BYTES = 256 * 1024
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = frozenset({"message", "turns", "examples", "bos_token", "eos_token", "loop", "true", "false", "none", "self"})
MAX_STOPS = 32
_MAX_FAULTS = 50
"""More than somebody reads; and a file of nothing but faults would take long to find words for."""
_MAX_NAMES_TOLD = 30


class Parsed(msgspec.Struct, frozen=True):
    """What came of a template file: a template, or faults."""

    template: Template | None
    faults: tuple[TemplateFault, ...] = ()


def parse(text: str, *, template_id: str, file: str = "", check_body: bool = True) -> Parsed:
    """Read the text of a template file; all of its faults are found at once.

    Args:
        text: The TOML.
        template_id: What the template is called by, the file's stem.
        file: The path, for the faults.
        check_body: Compile the body. False saves importing Jinja2, for a file that is known to be good.
    """
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_FILE_BYTES:
        title = f"it has {size_bytes:,} bytes. A template has at most {MAX_FILE_BYTES:,}"
        return Parsed(None, (_fault(Problem(1, title, "Make it shorter"), file or template_id),))
    try:
        document = read_toml(text)
    except TomlFault as fault:
        return Parsed(None, (_fault(Problem(fault.line, f"it is not TOML: {fault.title}"), file or template_id),))
    problems: list[Problem] = []
    template = _read(document, template_id, problems)
    if check_body and not template.uses_chat_template and template.body:
        problems.extend(_body_problems(template, document))
    if problems:
        problems.sort(key=lambda problem: problem.line)
        shown = problems[:_MAX_FAULTS]
        if more := len(problems) - len(shown):
            shown.append(Problem(problems[_MAX_FAULTS].line, f"and {more:,} more faults", "Mend those above first"))
        return Parsed(None, tuple(_fault(problem, file or template_id) for problem in shown))
    return Parsed(template)


def _fault(problem: Problem, file: str) -> TemplateFault:
    return TemplateFault(problem.title, problem.hint, file=file, line=problem.line)


def _read(document: Document, template_id: str, problems: list[Problem]) -> Template:
    fields = Fields(document, (), document.values, problems)
    name = fields.line_of_text("name", template_id) or template_id
    description = fields.line_of_text("description")
    kind = fields.choice("kind", ("completion", "chat"), "completion")
    body = fields.text("body")
    own = fields.flag("uses_chat_template", False)
    stop = fields.texts("stop")
    variables = _variables(fields.table("variables"))
    examples = tuple(_example(item) for item in fields.tables("examples"))
    sampling = read_sampling(fields.table("sampling"))
    fields.finish()
    if "body" not in fields and not own:
        problems.append(Problem(1, "body is missing", 'Write body = """…""" with {{ message }} where the message goes'))
    elif "body" in fields and own:
        fields.complain("body", "body is given beside uses_chat_template", "Keep one of the two")
    elif not own and not body.strip():
        fields.complain("body", "body is empty", "Write {{ message }} where the message goes")
    if "" in stop or len(stop) > MAX_STOPS:
        fields.complain("stop", "stop has an empty text" if "" in stop else f"stop has more than {MAX_STOPS} texts")
    return Template(
        id=template_id,
        name=name,
        kind=cast(TemplateKind, kind),
        # The closing quotes of a multi-line text stand on a line of their own: its newline is not meant.
        body=body.removesuffix("\n"),
        description=description,
        variables=variables,
        examples=examples,
        stop=stop,
        sampling=sampling,
        uses_chat_template=own,
    )


def _variables(fields: Fields) -> tuple[Variable, ...]:
    variables = []
    for name in fields.names():
        if not _NAME.fullmatch(name):
            hint = "A variable's name has letters, digits and _, and begins with a letter"
            fields.complain(name, f"{short(name)} can't be the name of a variable", hint)
        elif name.lower() in _TAKEN:
            fields.complain(name, f'"{name}" already means something in a body', "Choose another name")
        table = fields.table(name)
        variables.append(Variable(name=name, default=table.text("default"), label=table.line_of_text("label")))
        table.finish()
    return tuple(variables)


def _example(fields: Fields) -> Example:
    for key in ("input", "output"):
        if key not in fields:
            fields.complain(key, f"an example has no {key}", "Each has an input and an output")
    example = Example(input=fields.text("input"), output=fields.text("output"))
    fields.finish()
    return example


def _body_problems(template: Template, document: Document) -> list[Problem]:
    """What is wrong with the body, at the lines of the file."""
    span = document.span(("body",))

    def place(line: int) -> int:
        return min(span.first + max(line, 1) - 1, span.last)

    try:
        compile_body(template.body)
        unknown = _unknown_names(template)
    except TemplateFault as fault:
        return [Problem(place(fault.line), f"in the body, {_lower_first(fault.title)}", fault.hint)]
    known = scope(template)[:_MAX_NAMES_TOLD]
    problems = []
    for place_in_list, (name, line) in enumerate(unknown.items()):
        near = nearest(name, known) if place_in_list < _MAX_FAULTS else ""
        did_you_mean = f'Did you mean "{near}"? ' if near else ""
        hint = f"{did_you_mean}Known here: {', '.join(known)}. Others are declared under [variables.{name[:40]}]"
        problems.append(Problem(place(line), f"the body uses {short(name)}, which is not a variable", hint))
    return problems


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _unknown_names(template: Template) -> dict[str, int]:
    """Names that the body reads and nobody sets, each with its first line there.

    A name that is tested by `is defined` or given a default is left alone.
    """
    from jinja2 import meta, nodes

    from engine.templates.budget import Budget
    from engine.templates.sandbox import Sandbox

    environment = Sandbox(Budget(lambda: 0.0))
    try:
        tree = environment.parse(template.body)
        names = meta.find_undeclared_variables(tree) - set(scope(template)) - set(environment.globals)
    except (RecursionError, MemoryError):
        return {}
    optional = {
        test.node.name
        for kind, allowed in ((nodes.Test, {"defined", "undefined"}), (nodes.Filter, {"default", "d"}))
        for test in tree.find_all(kind)
        if test.name in allowed and isinstance(test.node, nodes.Name)
    }
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.name in names - optional and name.ctx == "load":
            lines.setdefault(name.name, name.lineno)
    return lines
