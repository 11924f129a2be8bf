"""All that can be told of a template while it is written: its faults, its traps, what the model would see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.errors import TemplateFault
from engine.protocol import ModelInfo, Prompt, Template, Turn
from engine.protocol.base import Frozen
from engine.templates.format import parse
from engine.templates.rendering import render
from engine.templates.traps import Trap, find_traps, place_in_body
from engine.toml import TomlFault, read_toml


class Finding(Frozen, frozen=True):
    """A fault or a trap, at its line."""

    kind: Literal["fault", "trap"]
    line: int
    """1-based; 0 where it is of no line."""
    title: str
    hint: str = ""


class Examined(Frozen, frozen=True):
    """What was found."""

    template: Template | None
    """None where the text has faults."""
    findings: tuple[Finding, ...] = ()
    prompt: Prompt | None = None
    """What would be sent; None where there is no template."""
    text: str = ""
    """The prompt as rendered."""
    unrendered: str = ""
    """Why there is no text."""


def examine(
    text: str,
    template_id: str,
    *,
    message: str,
    variables: Mapping[str, str] | None = None,
    model: ModelInfo | None = None,
) -> Examined:
    """Read a template, look for traps, and render it. Takes up to two seconds where it is hostile.

    Args:
        text: The TOML.
        template_id: The file's stem.
        message: What stands for the message.
        variables: What its blanks are filled with; its own defaults otherwise.
        model: The loaded model.
    """
    parsed = parse(text, template_id=template_id)
    if parsed.template is None:
        return Examined(template=None, findings=tuple(_of_fault(fault) for fault in parsed.faults))
    template = parsed.template
    prompt = Prompt(
        template=template, turns=(Turn(role="user", text=message),), variables=_known(template, variables or {})
    )
    findings = [of_trap(trap) for trap in find_traps(text, template, model) if trap.code != "not-rendered"]
    try:
        return Examined(
            template=template, findings=tuple(findings), prompt=prompt, text=render(prompt, model, timeout_s=0.9)
        )
    except TemplateFault as fault:
        if not template.uses_chat_template:
            line = _line(text, fault)
            findings.append(Finding(kind="fault", line=line, title=fault.title, hint=fault.hint))
            findings.sort(key=lambda finding: finding.line)
        return Examined(template=template, findings=tuple(findings), prompt=prompt, unrendered=str(fault))


def of_trap(trap: Trap) -> Finding:
    """A trap as a finding."""
    return Finding(kind="trap", line=trap.line, title=trap.title, hint=f"{trap.why}. {trap.hint}")


def _of_fault(fault: TemplateFault) -> Finding:
    return Finding(kind="fault", line=fault.line, title=fault.title, hint=fault.hint)


def _known(template: Template, variables: Mapping[str, str]) -> dict[str, str]:
    return {v.name: variables[v.name] for v in template.variables if v.name in variables}


def _line(text: str, fault: TemplateFault) -> int:
    try:
        return place_in_body(read_toml(text), fault.line)
    except TomlFault:
        return fault.line
