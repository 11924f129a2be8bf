"""The Jinja2 environment that templates run in: they come from anybody, and may neither hang, flood nor leave it.

Jinja2's own sandbox keeps a template away from Python's internals. This one adds what it does not do: each turn of a
loop, call, filter and comparison looks at the clock, each value that is made is counted, and whatever could make much
out of little is foreseen. Attributes and filters are listed, not merely those that are forbidden.
"""

# ruff: noqa: SIM905 - words in a text read better than one to a line

from __future__ import annotations

import functools
import json
import types
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes, pass_eval_context
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import Extension, LoopControlExtension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace

from engine.templates import growth
from engine.templates.budget import MAX_INTEGER_BITS, MAX_ITEMS, Budget, LimitReached
from engine.templates.instruments import instrument

MAX_TOKENS = 10_000
"""How many words and signs a template's code may have; text outside of braces counts as one."""

_TEXT_METHODS = frozenset(
    "capitalize casefold count endswith find format index isalnum isalpha isascii isdecimal isdigit islower isnumeric "
    "isspace istitle isupper join lower lstrip partition removeprefix removesuffix replace rfind rindex rpartition "
    "rsplit rstrip split splitlines startswith strip swapcase title upper".split()
)
_DICT_METHODS = frozenset({"copy", "get", "items", "keys", "values"})
_LIST_METHODS = frozenset({"copy", "count", "index"})
_RANGE_ATTRIBUTES = frozenset({"start", "stop", "step"})
_OPEN_TYPES = (BlockReference, Cycler, Joiner, LoopContext, Macro, Namespace)
_FILTERS = (
    "abs attr batch capitalize center count d default dictsort e escape first float format groupby indent int items "
    "join last length list lower map max min reject rejectattr replace reverse round safe select selectattr slice "
    "sort string title tojson trim truncate unique upper wordcount"
).split()
_WALKING_FILTERS = frozenset(
    {"groupby", "map", "max", "min", "reject", "rejectattr", "select", "selectattr", "sort", "unique"}
)
"""Those that look at every item in Python, of which a long text has too many."""


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment for one rendering, or for compiling."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, budget: Budget, *, chat_template: bool = False, now: Callable[[], datetime] = datetime.now):
        """Make an environment.

        Args:
            budget: What the rendering may cost.
            chat_template: Keep to the habits of transformers: a final newline is dropped, an unknown name is empty.
            now: The clock behind `strftime_now`.
        """
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=not chat_template,
            undefined=Undefined if chat_template else StrictUndefined,
            extensions=[GenerationTag, LoopControlExtension],
            optimized=False,
            finalize=self._written,
        )
        self._budget = budget
        available = {**self.filters, "tojson": _to_json}
        self.filters = {name: self._guarded(name, available[name]) for name in _FILTERS}
        self.tests = {name: self._guarded(name, cast(Callable[..., Any], test)) for name, test in self.tests.items()}
        self.globals = {
            "cycler": Cycler,
            "dict": dict_from,
            "joiner": Joiner,
            "namespace": PlainNamespace,
            "raise_exception": raise_exception,
            "range": short_range,
            "strftime_now": lambda pattern: now().strftime(pattern),
        }

    # What Jinja2 calls while it compiles

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        stream = super()._tokenize(source, name, filename, state)
        return TokenStream(self._counted(stream, name), name, filename)

    def _counted(self, stream: TokenStream, name: str | None) -> Iterator[Token]:
        for count, token in enumerate(stream):
            if count >= MAX_TOKENS:
                raise TemplateSyntaxError(
                    f"it has more than {MAX_TOKENS:,} words and signs of code", token.lineno, name
                )
            yield token

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(instrument(source, self), name, filename, defer_init)

    # What compiled templates call

    @pass_eval_context
    def _written(self, _context: nodes.EvalContext, value: Any) -> str:
        """What an expression in double braces writes; the context keeps Jinja2 from doing it while compiling."""
        text = str(value)
        self._budget.emit(len(text))
        return text

    def turned(self, characters: int = 0) -> bool:
        """Note one turn of a loop, which writes so many characters of plain text, or one comparison."""
        self._budget.emit(characters)
        return True

    def joined(self, *values: Any) -> str:
        """The operator ~."""
        texts = [str(value) for value in values]
        self._budget.foresee(sum(map(len, texts)))
        return str(self._budget.admit("".join(texts)))

    def made(self, value: Any) -> Any:
        """A list, tuple or dict that the template wrote down."""
        return self._budget.admit(value)

    def sliced(self, value: Any, start: Any, stop: Any, step: Any) -> Any:
        """A slice in brackets."""
        return self._budget.admit(value[start:stop:step])

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Any call; those of this environment's own methods come from `instrument`."""
        if isinstance(obj, types.MethodType) and obj.__self__ is self:
            return obj(*args)
        self._budget.tick()
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str):
            args = tuple(self._known_length(value) for value in args)
            growth.method_growth(obj.__name__, self._budget, owner, args, kwargs)
        return self._watched(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The operators that can make much out of little."""
        if operator == "*":
            for items, times in ((left, right), (right, left)):
                if isinstance(times, int) and isinstance(items, str | list | tuple):
                    size = len(items) if isinstance(items, str) else self._budget.measure(items)
                    self._budget.foresee(size * max(times, 0))
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * max(right, 0) > MAX_INTEGER_BITS:
                raise LimitReached("it makes a number of more than a thousand digits")
        elif operator == "%" and isinstance(left, str):
            self._budget.foresee(growth.percent_growth(self._budget, left, right))
        result = super().call_binop(context, operator, left, right)
        # A list that grows by one in each turn of a loop is not measured anew each time.
        grown = operator == "+" and isinstance(result, list)
        return self._budget.admit(result, self._budget.measure(left) + self._budget.measure(right) if grown else None)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`format` of a text, with a look at what it would make; `format_map` is not offered."""
        formatted = super().wrap_str_format(value)
        if formatted is None or value.__name__ != "format":
            return None

        def checked(*args: Any, **kwargs: Any) -> str:
            self._budget.foresee(growth.braces_growth(self._budget, value.__self__, args, kwargs))
            return formatted(*args, **kwargs)

        return checked

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only what is listed: attributes that templates use, of types that they meet."""
        if not super().is_safe_attribute(obj, attr, value):
            return False
        match obj:
            case str():
                return attr in _TEXT_METHODS
            case dict():
                return attr in _DICT_METHODS
            case list():
                return attr in _LIST_METHODS
            case tuple():
                return attr in _LIST_METHODS or attr in getattr(obj, "_fields", ())
            case range():
                return attr in _RANGE_ATTRIBUTES
            case _:
                return isinstance(obj, _OPEN_TYPES)

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter or test that counts, and whose call is refused where it would make too much."""
        place = 1 if hasattr(function, "jinja_pass_arg") else 0

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self._budget.tick()
            if len(args) > place:
                value = self._input_of(name, args[place])
                args = (*args[:place], value, *args[place + 1 :])
                growth.filter_growth(name, self._budget, value, args[place + 1 :], kwargs)
            return self._watched(function(*args, **kwargs))

        return guarded

    def _input_of(self, name: str, value: Any) -> Any:
        """What a filter is to work on, in a form that tells its size or counts its items."""
        if name == "join":
            return self._known_length(value)
        if name in _WALKING_FILTERS and isinstance(value, str | list | tuple | dict | range):
            return self._budget.watched(iter(value))
        return value

    def _watched(self, value: Any) -> Any:
        """A value that was made, counted; a lazy one is counted as it is used."""
        if isinstance(value, Iterator) and not isinstance(value, LoopContext):
            return self._budget.watched(value)
        return self._budget.admit(value)

    def _known_length(self, value: Any) -> Any:
        """The items of a lazy value as a list, so that its size can be foreseen."""
        return self._budget.admit(list(value)) if isinstance(value, Iterator) else value


class GenerationTag(Extension):
    """{% generation %}, by which templates mark a reply for training; here it writes its body."""

    tags = {"generation"}  # noqa: RUF012 - declared so by Jinja2

    def parse(self, parser: Parser) -> nodes.Node:
        """Read up to {% endgeneration %}."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("body"), [], [], body).set_lineno(line)

    def body(self, caller: Callable[[], str]) -> str:
        """The text inside."""
        return caller()


class PlainNamespace(Namespace):
    """A namespace without names that begin with an underscore, which prints as a word.

    Jinja2's own prints what it holds: namespaces that hold each other twice would print for ever.
    """

    def __init__(*args: Any, **kwargs: Any) -> None:
        """Take a mapping, pairs or keywords, as a dict does."""
        values = dict(*args[1:], **kwargs)
        for name in values:
            _check_name(name)
        Namespace.__init__(args[0], values)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)

    def __repr__(self) -> str:
        return "<namespace>"


def _check_name(name: object) -> None:
    if not isinstance(name, str) or name.startswith("_"):
        raise SecurityError("a namespace can't hold names that begin with an underscore")


def dict_from(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    """Make a dict; the type itself would hand out its methods."""
    return dict(*args, **kwargs)


def short_range(*args: int) -> range:
    """A range that is not too long to walk over."""
    result = range(*args)
    if result and abs(result[-1] - result[0]) // abs(result.step) >= MAX_ITEMS:
        raise LimitReached(f"it makes a range of more than {MAX_ITEMS:,} numbers")
    return result


def raise_exception(message: object) -> None:
    """How a template says that it can't render what it got."""
    raise TemplateError(str(message))


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """As transformers has it: no HTML escapes, in which Jinja2's own writes quotes and brackets."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
