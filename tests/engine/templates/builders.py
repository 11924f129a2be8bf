"""Prompts and models for these tests."""

from __future__ import annotations

from engine.protocol import Example, ModelInfo, Prompt, Template, Turn, Variable


def template(body: str, **fields: object) -> Template:
    return Template(**{"id": "test", "name": "Test", "kind": "completion", "body": body, **fields})  # type: ignore[arg-type]


def own() -> Template:
    return template("", uses_chat_template=True, variables=(Variable(name="system"),))


def talk(*texts: str, system: str = "") -> tuple[Turn, ...]:
    """Turns of a user and an assistant, in turn."""
    turns = [Turn(role="assistant" if place % 2 else "user", text=text) for place, text in enumerate(texts)]
    return (Turn(role="system", text=system), *turns) if system else tuple(turns)


def prompt(body: str | Template, *texts: str, variables: dict[str, str] | None = None, start: str = "") -> Prompt:
    made = template(body) if isinstance(body, str) else body
    return Prompt(template=made, turns=talk(*(texts or ("Hello",))), variables=variables or {}, reply_start=start)


def model(chat_template: str = "", bos_token: str = "<s>", eos_token: str = "</s>") -> ModelInfo:
    return ModelInfo(
        ref="m",
        name="tiny",
        architecture="gpt2",
        kind="instruct" if chat_template else "base",
        parameters=1,
        size_bytes=1,
        context_tokens=128,
        vocabulary=10,
        device="cpu",
        dtype="float32",
        chat_template=chat_template,
        bos_token=bos_token,
        eos_token=eos_token,
    )


EXAMPLES = (Example(input="one", output="1"), Example(input="two", output="2"))
