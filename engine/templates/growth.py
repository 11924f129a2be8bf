"""How large the result of a call would be, told before it is made: for those that can make much out of little.

The sizes are upper bounds in characters or elements. Calls that are not here make at most a few times what they get.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.templates.budget import Budget, LimitReached

_MAX_WIDTH_DIGITS = 4
_PERCENT = re.compile(r"%(?:\([^)]*\))?([^a-zA-Z%]*)")
_DIGITS = re.compile(r"\d+")
_MAX_PRODUCT = 50_000_000
"""For calls that compare each character of one text with each of another."""

Estimate = Callable[[Budget, Any, tuple[Any, ...], Mapping[str, Any]], int]


def filter_growth(name: str, budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse a filter's call that would make too much.

    Raises:
        LimitReached: It would.
    """
    if name == "trim" and isinstance(value, str):
        method_growth("strip", budget, value, args or tuple(kwargs.values()), {})
    if (estimate := _FILTERS.get(name)) is not None:
        budget.foresee(estimate(budget, value, args, kwargs))


def method_growth(name: str, budget: Budget, text: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse a call of a string's method that would make too much, or take too long.

    Raises:
        LimitReached: It would.
    """
    if name in _QUADRATIC and args and isinstance(args[0], str) and len(text) * len(args[0]) > _MAX_PRODUCT:
        raise LimitReached(f"it calls {name} with texts that are too long")
    if (estimate := _METHODS.get(name)) is not None:
        budget.foresee(estimate(budget, text, args, kwargs))


def percent_growth(budget: Budget, pattern: str, values: Any) -> int:
    """The size of `pattern % values`."""
    width = 0
    count = 0
    for match in _PERCENT.finditer(pattern):
        count += 1
        flags = match.group(1)
        if "*" in flags:
            raise LimitReached("it takes the width of a format from a value")
        width += _widths(flags)
    return len(pattern) + width + count * budget.measure(values) * 2


def braces_growth(budget: Budget, pattern: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """The size of `pattern.format(*args, **kwargs)`."""
    if re.search(r"\{[^{}]*\{[^{]", pattern):
        raise LimitReached("it takes the width of a format from a value")
    values = budget.measure(list(args)) + budget.measure(dict(kwargs))
    return len(pattern) + _widths(pattern) + pattern.count("{") * values * 2


def _widths(text: str) -> int:
    total = 0
    for match in _DIGITS.finditer(text):
        if len(match.group()) > _MAX_WIDTH_DIGITS:
            raise LimitReached("it formats a value to a width of more than 9,999")
        total += int(match.group())
    return total


def _argument(args: tuple[Any, ...], kwargs: Mapping[str, Any], place: int, name: str, default: Any) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)


def _count(value: Any) -> int:
    """A width as a number; the length of a text that stands for one."""
    if isinstance(value, str):
        return len(value)
    return abs(int(value)) if isinstance(value, int | float) and abs(value) < 1e18 else 0 if value is None else 10**18


def _center(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    return _count(_argument(args, kwargs, 0, "width", 80))


def _indent(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    lines = len(value.splitlines()) + 1 if isinstance(value, str) else 1
    return budget.measure(value) + lines * _count(_argument(args, kwargs, 0, "width", 4))


def _join_filter(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    between = _argument(args, kwargs, 0, "d", "")
    return budget.measure(value) * 2 + (len(value) if hasattr(value, "__len__") else 1) * budget.measure(between)


def _join_method(budget: Budget, text: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    value = args[0] if args else ()
    return budget.measure(value) + (len(value) if hasattr(value, "__len__") else 1) * len(text)


def _replace(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    text = str(value)
    old, new = _argument(args, kwargs, 0, "old", ""), _argument(args, kwargs, 1, "new", "")
    times = text.count(old) if isinstance(old, str) else len(text) + 1
    return len(text) + times * (len(new) if isinstance(new, str) else budget.measure(new))


def _format_filter(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    return percent_growth(budget, str(value), dict(kwargs) if kwargs else tuple(args))


def _batch(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    return _count(_argument(args, kwargs, 0, "linecount", 1))


def _slice(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    return _count(_argument(args, kwargs, 0, "slices", 1))


def _round(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    return _count(_argument(args, kwargs, 0, "precision", 0)) * 10_000


def _to_json(budget: Budget, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    size = budget.measure(value)
    between = _argument(args, kwargs, 2, "separators", None)
    indent = _count(_argument(args, kwargs, 1, "indent", 0)) * (_depth(value) + 1)
    return size * (1 + indent + (budget.measure(between) if between else 0))


def _depth(value: Any) -> int:
    """How deep a value nests; walks over all of it, so that large values should have been refused before."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list | tuple) else 0


_FILTERS: dict[str, Estimate] = {
    "batch": _batch,
    "center": _center,
    "format": _format_filter,
    "indent": _indent,
    "join": _join_filter,
    "replace": _replace,
    "round": _round,
    "slice": _slice,
    "tojson": _to_json,
}
_METHODS: dict[str, Estimate] = {"join": _join_method, "replace": _replace}
_QUADRATIC = frozenset({"lstrip", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "strip"})
