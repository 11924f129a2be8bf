"""From what a row says to the text that the model sees, in parts that are learned and parts that are only read."""

from __future__ import annotations

import msgspec

from engine.corpus.report import Fault
from engine.corpus.spec import Shape
from engine.corpus.views import Part
from engine.data.frames import find_frame
from engine.data.rows import fault_at
from engine.data.shaping import Content
from engine.errors import TemplateFault
from engine.inference.joining import joined
from engine.protocol import ModelInfo, Prompt, Template, Turn
from engine.templates import render

_LABEL_BODY = "{{ message | trim }}\n\nLabel ({{ labels }}):"
_WORDS_IN_PROMPT = 12


class Dressed(msgspec.Struct, frozen=True):
    """What the model sees of a row, before it is turned into tokens."""

    parts: tuple[Part, ...]
    message: tuple[int, int] = (0, 0)
    """From where to where the message stands in the first part; what is too long loses the end of it first."""
    begins: bool = True
    """It gets the beginning-of-text token where the model wants one."""
    ends: bool = True
    """It gets the end-of-text token."""


class Dresser:
    """Dresses rows with one template."""

    def __init__(
        self,
        template: Template | None,
        model: ModelInfo | None,
        variables: dict[str, str],
        end_marks: tuple[str, ...] = (),
    ) -> None:
        """Take what is the same for all rows.

        Args:
            template: None leaves prompts as they are.
            model: The one that learns; needed where the template is its own.
            variables: Of the template; those of a row come before them.
            end_marks: Texts of special tokens, with one of which a chat template may end a reply.
        """
        self.template = template
        self._model = model
        self._variables = variables
        self._end_marks = end_marks
        self._frame = find_frame(template, model, variables) if template is not None else None

    def dress(self, content: Content) -> Dressed | Fault:
        """Dress a row."""
        if not content.turns:
            row = content.row
            return Dressed((Part(text=content.text, trained=True),), begins=row.begins, ends=row.ends)
        try:
            if self.template is None:
                return self._bare(content.turns)
            return self._dressed(content, self.template)
        except TemplateFault as fault:
            return fault_at(content.row, "template", fault.title, "a row that the template takes", fault.hint)

    def _bare(self, turns: tuple[Turn, ...]) -> Dressed:
        prompt, reply = turns[0].text, turns[-1].text
        return Dressed(_parts(prompt, reply), message=(0, len(prompt)))

    def _dressed(self, content: Content, template: Template) -> Dressed:
        message = content.turns[-2].text.strip() if len(content.turns) > 1 else ""
        if self._frame is not None and len(content.turns) == 2 and not content.variables:
            prompt = self._frame.around(content.turns[0].text)
            parts, is_ended = _parts(prompt, joined(prompt, content.turns[-1].text)), False
        else:
            parts, is_ended = self._conversation(content, template)
        first = parts[0].text
        start = first.rfind(message) if message else -1
        span = (start, start + len(message)) if start >= 0 else (0, 0)
        return Dressed(parts, message=span, begins=not template.uses_chat_template, ends=not is_ended)

    def _conversation(self, content: Content, template: Template) -> tuple[tuple[Part, ...], bool]:
        """Each reply is learned, what stands between them is read; true where the template ends the text itself."""
        turns = content.turns
        parts: list[Part] = []
        done, is_ended = "", False
        for place, turn in enumerate(turns):
            if turn.role != "assistant" or not turn.text.strip():
                continue
            prompt = self._render(content, turns[:place], template)
            if not prompt.startswith(done):
                # The template writes earlier turns in another way than the last: only the last reply can be learned.
                parts, done = [], ""
            reply, tail, is_ended = self._reply(content, place, template, prompt)
            parts += _parts(prompt[len(done) :], reply)
            done = prompt + reply
            del tail
        return tuple(parts), is_ended

    def _reply(self, content: Content, place: int, template: Template, prompt: str) -> tuple[str, str, bool]:
        """A reply up to where it ends, what the template puts behind, and whether a mark of its own ends it."""
        text = content.turns[place].text
        if not template.uses_chat_template:
            return joined(prompt, text), "", False
        whole = self._render(content, content.turns[: place + 1], template, to_reply=False)
        if not whole.startswith(prompt):
            return joined(prompt, text), "", False
        reply = whole[len(prompt) :]
        found = reply.find(text.strip())
        behind = found + len(text.strip()) if found >= 0 else 0
        ends = [at + len(mark) for mark in self._end_marks if (at := reply.find(mark, behind)) >= 0]
        if not ends:
            return reply.rstrip(), "", False
        return reply[: min(ends)], reply[min(ends) :], True

    def _render(self, content: Content, turns: tuple[Turn, ...], template: Template, *, to_reply: bool = True) -> str:
        variables = {**self._variables, **content.variables}
        return render(Prompt(template=template, turns=turns, variables=variables), self._model, to_reply=to_reply)


def choose_template(
    shape: Shape, given: Template | None, model: ModelInfo | None, label_words: tuple[str, ...]
) -> Template | None:
    """The template that rows of a shape are dressed with.

    Args:
        shape: Of the rows.
        given: What a person set.
        model: The one that learns; None where it is not known.
        label_words: Of labelled rows.

    Returns:
        None for raw text, which is never dressed, and for prompts that stay as they are.
    """
    if shape == "text":
        return None
    if given is not None or shape == "completion":
        return given
    if shape == "labelled":
        return label_template(label_words)
    if model is not None and model.chat_template:
        return shipped("own")
    return shipped("assistant" if shape == "instruction" else "chat")


def label_template(words: tuple[str, ...]) -> Template:
    """A template that asks for one of some labels."""
    from engine.protocol import SamplingChange, Variable

    listed = " or ".join((", ".join(words[:-1]), words[-1])) if 1 < len(words) <= _WORDS_IN_PROMPT else ""
    return Template(
        id="label",
        name="Label",
        kind="completion",
        body=_LABEL_BODY if listed else _LABEL_BODY.replace(" ({{ labels }})", ""),
        description="Which label fits the text?",
        variables=(Variable(name="labels", default=listed, label="Labels"),) if listed else (),
        stop=("\n",),
        sampling=SamplingChange(temperature=0.0, max_new_tokens=16),
    )


def shipped(template_id: str) -> Template:
    """A template that comes with the program."""
    from importlib import resources

    from engine.templates import parse

    text = resources.files("engine.templates").joinpath("shipped", f"{template_id}.toml").read_text("utf-8")
    template = parse(text, template_id=template_id, check_body=False).template
    assert template is not None, f"the shipped template {template_id} is faulty"
    return template


def _parts(prompt: str, reply: str) -> tuple[Part, ...]:
    trained = Part(text=reply, trained=True)
    return (Part(text=prompt, trained=False), trained) if prompt else (trained,)
