"""Options that several commands share, declared once as the keys of a typed dictionary."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

_Command = TypeVar("_Command", bound=Callable[..., None])
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def takes_option_sets(command: _Command) -> _Command:
    """Give a command whose last parameter is ``**options: Unpack[SomeTypedDict]`` an option for each of its keys.

    The keys are annotated as typer's own parameters are. All of them may be left out, and are None then.
    """
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    *own, rest = signature.parameters.values()
    (option_set,) = get_args(hints[rest.name])
    parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in get_type_hints(option_set, include_extras=True).items()
    ]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return command


def changed(before: _Struct, changes: Mapping[str, Any]) -> _Struct:
    """Set what somebody set; None leaves a field alone."""
    return msgspec.structs.replace(before, **{name: value for name, value in changes.items() if value is not None})


def words(text: str | None) -> tuple[str, ...] | None:
    """Take apart what was typed with commas between; nothing at all is no words."""
    if text is None:
        return None
    return tuple(word.strip() for word in text.split(",")) if text.strip() else ()
