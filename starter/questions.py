"""Short questions with their answers, drawn from the tables."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from starter.facts import (
    CAPITALS,
    COLOURS,
    DAYS,
    FOOD,
    HOMES,
    KINDS,
    LEGS,
    NAMES,
    NUMBERS,
    OPPOSITES,
    SOUNDS,
    THINGS,
    WISHES,
)

Pair = tuple[str, str]


def question(random: Random) -> Pair:
    """A question or a request, and a short answer in a whole sentence."""
    return random.choice(_KINDS)(random)


def small_talk(random: Random) -> Pair:
    """What people say first to something that talks, and a friendly answer."""
    return random.choice(_TALK)(random)


def with_article(noun: str) -> str:
    """The noun with the article that it takes."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _of(table: dict[str, str], asks: tuple[str, ...], answers: tuple[str, ...]) -> Callable[[Random], Pair]:
    def draw(random: Random) -> Pair:
        key, value = random.choice(list(table.items()))
        words = {"key": key, "value": value, "a": with_article(key), "Key": key[0].upper() + key[1:]}
        words |= {"A": words["a"][0].upper() + words["a"][1:], "Value": value[0].upper() + value[1:]}
        return random.choice(asks).format(**words), random.choice(answers).format(**words)

    return draw


def _sum(random: Random) -> Pair:
    first, second = random.randint(0, 10), random.randint(0, 10)
    left, right, total = NUMBERS[first], NUMBERS[second], NUMBERS[first + second]
    ask = random.choice((f"What is {left} plus {right}?", f"How much is {left} and {right}?"))
    return ask, f"{left.capitalize()} plus {right} is {total}."


def _after(random: Random) -> Pair:
    if random.random() < 0.5:
        place = random.randrange(19)
        return f"What comes after {NUMBERS[place]}?", f"After {NUMBERS[place]} comes {NUMBERS[place + 1]}."
    place = random.randrange(7)
    return f"What day comes after {DAYS[place]}?", f"After {DAYS[place]} comes {DAYS[(place + 1) % 7]}."


def _naming(random: Random) -> Pair:
    table, word = random.choice(((SOUNDS, "animals"), (KINDS, "things"), (OPPOSITES, "words")))
    drawn = random.sample(list(table), 3)
    return f"Name three {word}.", f"{drawn[0].capitalize()}, {drawn[1]} and {drawn[2]}."


def _repeat(random: Random) -> Pair:
    said = random.choice((*THINGS, *NAMES, *OPPOSITES))
    return random.choice((f'Say the word "{said}".', f'Can you say "{said}"?', f'Repeat: "{said}".')), f"{said}."


def _sentence(random: Random) -> Pair:
    thing, name = random.choice(THINGS), random.choice(NAMES)
    made = random.choice((f"The {thing} is very big.", f"{name} saw a {thing} in the park.", f"I like the {thing}."))
    return random.choice((f"Write a sentence with {thing}.", f"Make a sentence about {with_article(thing)}.")), made


def _greeting(random: Random) -> Pair:
    hello = random.choice(("Hello", "Hi", "Hello!", "Hi!", "Hey", "Good morning", "Good morning!", "Hi there", "hello"))
    return hello, random.choice(
        ("Hello! It is nice to see you.", "Hi! How are you today?", "Hello! What shall we talk about?")
    )


def _named(random: Random) -> Pair:
    name = random.choice(NAMES)
    ask = random.choice((f"My name is {name}.", f"I am {name}.", f"Hello, I am {name}.", f"Hi! My name is {name}."))
    return ask, random.choice((f"Hello, {name}! It is nice to meet you.", f"Hi, {name}! I am happy to meet you."))


def _wish(random: Random) -> Pair:
    wish = random.choice(WISHES)
    if random.random() < 0.5:
        return f"I like {wish}.", random.choice((f"I like {wish} too!", f"That is nice. It is fun {wish}."))
    return random.choice(("What do you like?", "What do you like to do?", "What is fun?")), f"I like {wish}."


def _fixed(asks: tuple[str, ...], answers: tuple[str, ...]) -> Callable[[Random], Pair]:
    return lambda random: (random.choice(asks), random.choice(answers))


_KINDS: tuple[Callable[[Random], Pair], ...] = (
    _of(COLOURS, ("What colour is {key}?", "Which colour has {key}?"), ("{Key} is {value}.",)),
    _of(
        SOUNDS,
        ("What does {a} say?", "What sound does {a} make?"),
        ("{A} says {value}.", 'The {key} says "{Value}!"'),
    ),
    _of(LEGS, ("How many legs does {a} have?", "How many legs has {a}?"), ("{A} has {value} legs.",)),
    _of(HOMES, ("Where does {a} live?", "Where is the home of {a}?"), ("{A} lives {value}.",)),
    _of(FOOD, ("What does {a} eat?", "What does {a} like to eat?"), ("{A} likes to eat {value}.",)),
    _of(
        OPPOSITES,
        ("What is the opposite of {key}?", 'Name the opposite of "{key}".'),
        ("The opposite of {key} is {value}.",),
    ),
    _of(CAPITALS, ("What is the capital of {key}?",), ("The capital of {key} is {value}.",)),
    _of(KINDS, ("What is {a}?",), ("{A} is {value}.",)),
    _sum,
    _after,
    _naming,
    _repeat,
    _sentence,
)
_TALK: tuple[Callable[[Random], Pair], ...] = (
    _greeting,
    _named,
    _wish,
    _fixed(
        ("How are you?", "How are you today?", "Are you happy?"),
        ("I am fine, thank you. How are you?", "I am very happy today!", "I am well. Thank you for asking!"),
    ),
    _fixed(
        ("Who are you?", "What are you?", "What is your name?", "Tell me about yourself."),
        ("I am a very small language model. I like short stories.", "I am the starter, a very small language model."),
    ),
    _fixed(
        ("What can you do?", "Can you help me?", "What do you know?"),
        (
            "I can tell short stories and answer easy questions.",
            "I can tell you a story. Ask me for one about a dog or a star!",
        ),
    ),
    _fixed(
        ("Thank you.", "Thanks!", "Thank you very much."),
        ("You are welcome!", "You are welcome. It was fun to talk to you!"),
    ),
    _fixed(("Goodbye.", "Bye!", "Good night.", "See you later."), ("Goodbye! See you soon.", "Bye! Come back soon.")),
    _fixed(
        ("I am sad.", "I feel sad.", "I had a bad day."),
        ("Do not be sad. I am here with you.", "I am sorry. Do you want to hear a story?"),
    ),
    _fixed(("I am happy.", "I had a good day."), ("That is great! I am happy too.", "I am glad to hear that!")),
)
