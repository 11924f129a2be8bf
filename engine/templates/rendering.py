"""From a prompt to the text that the model sees.

Jinja2 is imported with the first rendering, not with this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import CodeType, TracebackType
from typing import Any

from engine.errors import TemplateFault
from engine.fields import nearest
from engine.protocol import ModelInfo, Prompt, Template
from engine.templates.budget import RENDER_TIMEOUT_S, Budget

MAX_BODY_CHARACTERS = 256_000
_SOURCE = "<template>"
"""What Python believes to be the file of a compiled template."""
_LIMITS_HINT = "Templates are stopped there, so that a faulty one can't hang the program; let it do less"


def render(
    prompt: Prompt,
    model: ModelInfo | None = None,
    *,
    to_reply: bool = True,
    clock: Callable[[], float] = time.thread_time,
    timeout_s: float = RENDER_TIMEOUT_S,
    now: Callable[[], datetime] = datetime.now,
) -> str:
    """Render a prompt: exactly the text that is then turned into tokens, without special tokens being added.

    Args:
        prompt: The template, the turns and the variables.
        model: The model that is to see it; needed where the template is the model's own.
        to_reply: The model is to reply next. False, which only the model's own template can tell apart, ends with the
            last turn, as training wants it.
        clock: Seconds that only go forward, for the time limit: those that this thread computed, because that a machine
            is busy with other things is no fault of the template.
        timeout_s: How long it may take.
        now: What time it is, for chat templates that tell the date.

    Raises:
        TemplateFault: The template can't be rendered: a fault in it, something missing, a limit.
    """
    template = prompt.template
    if template.uses_chat_template:
        check_usable(template, model)
        source, context = model.chat_template if model else "", _chat_context(prompt, model, to_reply)
    else:
        source, context = template.body, _body_context(prompt, model)
    size = sum(len(turn.text) for turn in prompt.turns) + sum(map(len, prompt.variables.values()))
    size += sum(len(example.input) + len(example.output) for example in template.examples)
    budget = Budget(clock, timeout_s, size)
    return _run(template, source, context, budget, now) + prompt.reply_start


def scope(template: Template) -> tuple[str, ...]:
    """The names that a body can use, beside Jinja2's own."""
    return ("message", "turns", "examples", "bos_token", "eos_token", *(v.name for v in template.variables))


def _body_context(prompt: Prompt, model: ModelInfo | None) -> dict[str, Any]:
    template = prompt.template
    users = [turn.text for turn in prompt.turns if turn.role == "user"]
    variables = {variable.name: variable.default for variable in template.variables}
    variables.update((name, text) for name, text in prompt.variables.items() if name in variables)
    return {
        **variables,
        "message": users[-1] if users else "",
        "turns": [{"role": turn.role, "text": turn.text} for turn in prompt.turns],
        "examples": [{"input": example.input, "output": example.output} for example in template.examples],
        "bos_token": model.bos_token if model else "",
        "eos_token": model.eos_token if model else "",
    }


def check_usable(template: Template, model: ModelInfo | None) -> None:
    """Refuse a template that no prompt for this model can be rendered with.

    Raises:
        TemplateFault: It is the model's own, and the model has none, or there is no model.
    """
    if not template.uses_chat_template:
        return
    if model is None:
        title = f'The template "{template.name}" is the model\'s own, and no model is loaded'
        raise TemplateFault(title, "Load a model, or pick another template", file=template.id)
    if not model.chat_template:
        title = f'{model.name} has no chat template, which the template "{template.name}" needs'
        hint = 'It is a base model: pick "Plain" to have a text continued, or "Chat" to talk'
        raise TemplateFault(title, hint, file=template.id)


def _chat_context(prompt: Prompt, model: ModelInfo | None, to_reply: bool) -> dict[str, Any]:
    """What transformers' `apply_chat_template` passes on; a token that the model lacks is undefined there too."""
    messages = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
    system = prompt.variables.get("system", "").strip()
    if system and not any(turn.role == "system" for turn in prompt.turns):
        messages.insert(0, {"role": "system", "content": system})
    tokens = {"bos_token": model.bos_token, "eos_token": model.eos_token} if model else {}
    return {
        "messages": messages,
        "tools": None,
        "documents": None,
        "add_generation_prompt": to_reply,
        **{name: token for name, token in tokens.items() if token},
    }


def _run(
    template: Template, source: str, context: Mapping[str, Any], budget: Budget, now: Callable[[], datetime]
) -> str:
    from jinja2 import Template as Compiled

    from engine.templates.sandbox import Sandbox

    is_chat = template.uses_chat_template
    compiled = None
    try:
        code = compile_body(source, chat_template=is_chat)
        environment = Sandbox(budget, chat_template=is_chat, now=now)
        compiled = Compiled.from_code(environment, code, dict(environment.globals))
        pieces = []
        for piece in compiled.root_render_func(compiled.new_context(dict(context))):
            budget.emit(len(piece))
            pieces.append(piece)
        return str(budget.admit("".join(pieces)))
    except TemplateFault as fault:
        raise TemplateFault(
            f"{_whose(template)}: {fault.title}", fault.hint, file=template.id, line=fault.line
        ) from None
    except Exception as error:
        line = _line(error.__traceback__, compiled.get_corresponding_lineno) if compiled else 0
        title, hint = _words(error, template)
        place = f", line {line}" if line else ""
        raise TemplateFault(f"{_whose(template)}{place}: {title}", hint, file=template.id, line=line) from None


def compile_body(source: str, *, chat_template: bool = False) -> CodeType:
    """Compile a body; a second time costs nothing.

    Raises:
        TemplateFault: Its syntax is wrong; `line` counts from the body's first line.
    """
    if len(source) > MAX_BODY_CHARACTERS:
        raise TemplateFault(f"the body has more than {MAX_BODY_CHARACTERS:,} characters", "Make it shorter")
    return _compiled(source, chat_template)


@lru_cache(maxsize=64)
def _compiled(source: str, chat_template: bool) -> CodeType:
    from jinja2 import TemplateSyntaxError

    from engine.templates.sandbox import Sandbox

    # Compiling needs no clock of its own: what it takes is bounded by the number of tokens.
    environment = Sandbox(Budget(lambda: 0.0), chat_template=chat_template)
    try:
        return environment.compile(source, filename=_SOURCE)
    except TemplateSyntaxError as error:
        raise TemplateFault(_sentence(error.message or "the syntax is wrong"), line=error.lineno) from None
    except (RecursionError, MemoryError, SyntaxError):
        hint = "Take it apart into smaller pieces"
        raise TemplateFault("loops, conditions or brackets are nested too deeply", hint) from None
    except Exception as error:
        raise TemplateFault(_sentence(str(error)) or type(error).__name__) from None


def _whose(template: Template) -> str:
    return "The model's own chat template" if template.uses_chat_template else f'The template "{template.name}"'


def _line(traceback: TracebackType | None, corresponding: Callable[[int], int]) -> int:
    """The template's line in which an error came up; 0 where there is none."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == _SOURCE:
            line = corresponding(traceback.tb_lineno)
        traceback = traceback.tb_next
    return line


def _words(error: Exception, template: Template) -> tuple[str, str]:
    """What happened and what to do, for any error that a rendering can raise."""
    from jinja2 import TemplateError, UndefinedError
    from jinja2.exceptions import SecurityError, TemplateRuntimeError

    from engine.templates.budget import LimitReached

    message = _sentence(str(error))
    match error:
        case LimitReached():
            return message, _LIMITS_HINT
        case UndefinedError():
            name = message.split("'")[1] if message.endswith("is undefined") and "'" in message else ""
            near = nearest(name, scope(template)) if not template.uses_chat_template else ""
            return message, f'Did you mean "{near}"?' if near else f"Known here: {', '.join(scope(template))}"
        case SecurityError():
            return message, "A template reads texts and lists; it can't reach what lies behind them"
        case TemplateRuntimeError():
            return message, ""
        case TemplateError():
            return f"it refuses this conversation: {message}", "Pick another template, or change the turns"
        case RecursionError():
            return "it calls itself, or nests values, without end", _LIMITS_HINT
        case MemoryError():
            return "it needs more memory than there is", _LIMITS_HINT
        case _:
            return message or type(error).__name__, ""


def _sentence(text: str) -> str:
    """One line of text without a trailing full stop, cut where it is too long for a sentence."""
    line = " ".join(text[:2000].split()).rstrip(".")
    return f"{line[:300]}…" if len(line) > 300 else line
