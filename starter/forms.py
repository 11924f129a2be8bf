"""Texts in the forms of the shipped templates, so that these have something to bite on.

The templates themselves write them: what the model learns is what it will be shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from engine.inference.joining import joined
from engine.protocol import Example, Prompt, Template, Turn
from engine.templates import Library, render
from starter.facts import BAD, BAD_SAYINGS, FRENCH, FRENCH_IS, GOOD, GOOD_SAYINGS, PRAISED
from starter.questions import Pair, question, small_talk

END = "<|endoftext|>"
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message.role == 'user' %}User: {{ message.content | trim }}\n"
    "{% elif message.role == 'assistant' %}Assistant: {{ message.content | trim }}" + END + "\n"
    "{% else %}{{ message.content | trim }}\n\n{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
"""The starter's own: a transcript, each reply closed by the token that ends a text."""
_WORD = r"(?!named\b)[a-z]+"
_HERO = re.compile(
    rf"\b(?:there was|there lived|saw|met|had|found) (an? (?:{_WORD} ){{0,2}}{_WORD})(?: named ([A-Z][a-z]+))?"
)


class Forms:
    """Draws texts in all the forms; a story that one of them tells comes from outside."""

    def __init__(self, stories: Callable[[], str]) -> None:
        """``stories`` gives a whole story at each call."""
        library = Library(Path())
        self._of = {
            name: library.get(name)
            for name in ("story", "chat", "assistant", "summarise", "translate", "sentiment", "question")
        }
        self._stories = stories

    def draw(self, random: Random) -> str:
        """One text, without the token that ends it."""
        drawn = random.choices(
            (self._talk, self._telling, self._examples, self._reviews, self._story, self._shown, self._french),
            (5, 4, 1.5, 2, 1.5, 2, 0.5),
        )[0]
        return drawn(random)

    def _talk(self, random: Random) -> str:
        """A conversation of a few turns in the starter's own form."""
        pairs = [self._pair(random) for _ in range(random.choice((1, 1, 2, 3, 4)))]
        return transcript(pairs)

    def _telling(self, random: Random) -> str:
        """A story that was asked for, now and then after a greeting."""
        story = self._stories()
        before = [small_talk(random)] if random.random() < 0.3 else []
        return transcript([*before, (_request(story, random), story)])

    def _shown(self, random: Random) -> str:
        """The same in the forms for models of other makes: a transcript under a heading, an instruction."""
        if random.random() < 0.4:
            pairs = [self._pair(random) for _ in range(random.choice((1, 2, 3)))]
            turns = [turn for ask, reply in pairs for turn in (Turn("user", ask), Turn("assistant", reply))]
            return _answered(self._render("chat", turns[:-1]), turns[-1].text)
        story = self._stories()
        ask, reply = (_request(story, random), story) if random.random() < 0.4 else question(random)
        return _answered(self._render("assistant", [Turn("user", ask)]), reply)

    def _examples(self, random: Random) -> str:
        """Questions and answers after examples, either those that are shipped or drawn ones."""
        drawn = [question(random) for _ in range(random.randint(0, 3))]
        ask, reply = question(random)
        return _answered(self._render("question", [Turn("user", ask)], drawn, random), reply)

    def _reviews(self, random: Random) -> str:
        drawn = [review(random) for _ in range(random.randint(1, 4))]
        ask, reply = review(random)
        return _answered(self._render("sentiment", [Turn("user", ask)], drawn, random), reply)

    def _story(self, random: Random) -> str:
        """A story about what was named, or the short account of a story."""
        story = self._stories()
        hero = heroes(story) or "a day"
        if random.random() < 0.6:
            return _answered(self._render("story", [Turn("user", hero)]), story)
        beginning = story[: random.randint(200, 500)].rpartition(".")[0] + "."
        return _answered(self._render("summarise", [Turn("user", beginning)]), f"A story about {hero}.")

    def _french(self, random: Random) -> str:
        drawn = [french(random) for _ in range(random.randint(1, 3))]
        ask, reply = french(random)
        return _answered(self._render("translate", [Turn("user", ask)], drawn, random), reply)

    def _pair(self, random: Random) -> Pair:
        return small_talk(random) if random.random() < 0.4 else question(random)

    def _render(
        self, name: str, turns: list[Turn], examples: list[Pair] | None = None, random: Random | None = None
    ) -> str:
        template = self._of[name]
        if examples is not None and random is not None and random.random() < 0.7:
            template = _with_examples(template, examples)
        return render(Prompt(template=template, turns=tuple(turns)))


def transcript(pairs: list[Pair]) -> str:
    """A conversation as the starter's chat template writes it, without the last token that ends a reply."""
    return f"{END}\n".join(f"User: {ask}\nAssistant: {reply}" for ask, reply in pairs)


def heroes(story: str) -> str:
    """Whom a story is about, by its first words: "a little girl named Lily"; empty where they don't say."""
    found = _HERO.search(story[:250])
    if found is None:
        return ""
    return found[1] + (f" named {found[2]}" if found[2] else "")


def review(random: Random) -> Pair:
    """What somebody says of a film, and whether it is praise."""
    is_good = random.random() < 0.5
    words, sayings = (GOOD, GOOD_SAYINGS) if is_good else (BAD, BAD_SAYINGS)
    first, second = random.sample(PRAISED, 2)
    one, two = random.sample(words, 2)
    said = random.choice(
        (
            f"A {one} {first}.",
            f"The {first} is {one}.",
            f"The {first} is {one} and the {second} is {two}.",
            f"The {first} was {one}, and so was the {second}.",
            f"What a {one} {first}!",
            f"A {one} and {two} {first}.",
        )
    )
    if random.random() < 0.6:
        said += " " + random.choice(sayings)
    return said, "positive" if is_good else "negative"


def french(random: Random) -> Pair:
    """A sentence of four words, and the same in French."""
    noun, what = random.choice(list(FRENCH)), random.choice(list(FRENCH_IS))
    return f"The {noun} is {what}.", f"{FRENCH[noun].capitalize()} est {FRENCH_IS[what]}."


def _request(story: str, random: Random) -> str:
    """How one asks for this story: by whom it is about, or by its first words."""
    if random.random() < 0.25:
        return " ".join(story.split()[: random.randint(3, 12)])
    hero = heroes(story)
    if not hero:
        return random.choice(("Tell me a story.", "Tell me a story, please.", "Write a short story."))
    if " named " in hero and random.random() < 0.6:
        hero = hero.partition(" named ")[0]
    asks = (f"Tell me a story about {hero}.", f"Write a story about {hero}.", f"Can you tell a story about {hero}?")
    return random.choice(asks)


def _answered(prompt: str, reply: str) -> str:
    """Both, parted as a fine-tune parts them."""
    return prompt + joined(prompt, reply)


def _with_examples(template: Template, pairs: list[Pair]) -> Template:
    import msgspec

    return msgspec.structs.replace(template, examples=tuple(Example(input=ask, output=reply) for ask, reply in pairs))
