from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ContextOverflow, TemplateFault
from engine.protocol import Prompt, Turn
from engine.templates import fit, render
from tests.engine.templates.builders import talk, template

BODY = "{% for turn in turns %}{{ turn.role }} {{ turn.text }}\n{% endfor %}assistant"
"""Each turn makes one line."""


def words(text: str) -> int:
    return len(text.split())


def fitted(turns: tuple[Turn, ...], limit: int, start: str = "") -> tuple[list[str], int, int]:
    prompt = Prompt(template=template(BODY), turns=turns, reply_start=start)
    result = fit(prompt, count=words, limit_tokens=limit)
    assert result.text == render(result.prompt)
    assert result.tokens == words(result.text) <= limit
    return [turn.text for turn in result.prompt.turns], result.dropped_turns, result.tokens


def test_what_fits_is_left_alone() -> None:
    assert fitted(talk("a", "b", "c"), 7) == (["a", "b", "c"], 0, 7)


def test_the_oldest_question_falls_out_with_its_answer() -> None:
    assert fitted(talk("a", "b", "c"), 6) == (["c"], 2, 3)
    assert fitted(talk("a", "b", "c", "d", "e"), 9) == (["c", "d", "e"], 2, 7)


def test_a_system_turn_stays() -> None:
    assert fitted(talk("a", "b", "c", system="s"), 7) == (["s", "c"], 2, 5)


def test_a_conversation_that_begins_with_the_assistant_loses_that_turn_first() -> None:
    turns = (Turn(role="assistant", text="welcome"), *talk("a", "b", "c"))
    assert fitted(turns, 8) == (["a", "b", "c"], 1, 7)


def test_two_questions_in_a_row_fall_out_one_by_one() -> None:
    turns = tuple(Turn(role="user", text=text) for text in "abc")
    assert fitted(turns, 6) == (["b", "c"], 1, 5)


def test_a_reply_that_has_begun_takes_room() -> None:
    assert fitted(talk("a", "b", "c"), 8, start=" one two") == (["c"], 2, 5)


def test_a_last_message_that_is_too_long_is_told_with_both_numbers() -> None:
    with pytest.raises(ContextOverflow, match=r"needs 2,001 tokens.*room for 1,000") as caught:
        fit(
            Prompt(template=template("{{ message }} x"), turns=talk("a", "b", "c " * 2000)),
            count=words,
            limit_tokens=1000,
        )
    assert caught.value.code == "context-overflow"
    assert caught.value.exit_code == 1


def test_no_turns_at_all_are_a_prompt_too() -> None:
    assert fitted((), 5) == ([], 0, 1)


def test_faults_of_the_template_come_through() -> None:
    with pytest.raises(TemplateFault):
        fit(Prompt(template=template("{{ nothing }}"), turns=talk("a")), count=words, limit_tokens=5)


def test_ten_thousand_turns_take_few_renderings_and_none_of_all() -> None:
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(words(text))
        return counted[-1]

    turns = talk(*["some words of a turn"] * 10_001)
    result = fit(Prompt(template=template(BODY), turns=turns), count=count, limit_tokens=1000)
    assert result.tokens > 980
    assert len(counted) < 20
    assert max(counted) < 2500


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.integers(0, 12)), max_size=14),
    st.integers(1, 12),
    st.integers(0, 80),
)
def test_as_little_as_possible_falls_out(sizes: list[tuple[str, int]], last: int, limit: int) -> None:
    turns = tuple(Turn(role=role, text="w " * size) for role, size in [*sizes, ("user", last)])  # type: ignore[arg-type]
    prompt = Prompt(template=template(BODY), turns=turns)
    try:
        result = fit(prompt, count=words, limit_tokens=limit)
    except ContextOverflow as error:
        overflow = error
        result = None
    if result is None:
        assert overflow.needed_tokens > limit
        return
    kept = result.prompt.turns
    assert kept[-1] == turns[-1]
    assert [turn for turn in kept if turn.role == "system"] == [turn for turn in turns if turn.role == "system"]
    if result.dropped_turns:
        talk_left = [turn for turn in kept if turn.role != "system"]
        assert talk_left[0].role == "user"
        dropped = [turn for turn in turns if turn.role != "system"][: result.dropped_turns]
        back = next(place for place in reversed(range(len(dropped))) if place == 0 or dropped[place].role == "user")
        more = sum(1 + words(turn.text) for turn in dropped[back:])
        assert result.tokens + more > limit


def test_rather_a_short_reply_than_none() -> None:
    prompt = Prompt(template=template(BODY), turns=talk("a", "b", "one two three four"))
    alone = fit(prompt, count=words, limit_tokens=4, most_tokens=6)
    assert [turn.text for turn in alone.prompt.turns] == ["one two three four"]
    assert alone.tokens == 6
    with pytest.raises(ContextOverflow) as caught:
        fit(prompt, count=words, limit_tokens=4, most_tokens=5)
    assert caught.value.limit_tokens == 5
