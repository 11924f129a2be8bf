"""A template's variables as somebody types them: NAME=TEXT."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import Misuse
from engine.fields import nearest, short
from engine.protocol import Template


def read_variables(template: Template, pairs: Iterable[str]) -> dict[str, str]:
    """Turn NAME=TEXT pairs into a prompt's variables; of a name that comes twice the last counts.

    Raises:
        Misuse: A pair has no "=", or the template has no variable of that name.
    """
    names = [variable.name for variable in template.variables]
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals:
            raise Misuse(f"{short(pair)} does not set a variable", "Write it as NAME=TEXT")
        if name not in names:
            near = nearest(name, names)
            known = f"It has {', '.join(names)}" if names else "It has none"
            title = f'The template "{template.name}" has no variable {short(name)}'
            raise Misuse(title, f'Did you mean "{near}"? {known}' if near else known)
        values[name] = text
    return values
