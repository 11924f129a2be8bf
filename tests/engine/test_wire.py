"""Every message survives the wire, and no line breaks a reader."""

from __future__ import annotations

import typing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import wire
from engine.corpus.messages import DataFailed, decode_data_answer, decode_data_command, encode_message
from engine.protocol import (
    AnyCommand,
    AnyEvent,
    CountTokens,
    Example,
    Failed,
    Generate,
    Prompt,
    Sampling,
    SamplingChange,
    Template,
    TokensEmitted,
    Turn,
    UnknownEvent,
    Variable,
)

texts = st.text(max_size=40)


def built(kind: type) -> st.SearchStrategy[typing.Any]:
    """Instances of a struct, from the types of its fields."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: of_type(hints[field.name]) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


def of_type(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint is int:
        return st.integers(-(2**63), 2**63 - 1)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return built(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return st.lists(of_type(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(texts, texts, max_size=3)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if type(None) in arguments:
        return st.none() | st.one_of(*(of_type(argument) for argument in arguments if argument is not type(None)))
    return texts if hint is str else st.from_type(hint)


@pytest.mark.parametrize("kind", typing.get_args(AnyEvent))
def test_every_event_comes_back_as_it_went(kind: type) -> None:
    @given(built(kind))
    def comes_back(event: typing.Any) -> None:
        line = wire.encode(event)
        assert line.count(b"\n") == 1
        assert wire.decode_event(line) == event

    comes_back()


@pytest.mark.parametrize("kind", typing.get_args(AnyCommand))
def test_every_command_comes_back_as_it_went(kind: type) -> None:
    @given(built(kind))
    def comes_back(command: typing.Any) -> None:
        line = wire.encode(command)
        assert line.count(b"\n") == 1
        assert wire.decode_command(line) == command

    comes_back()


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reader_of_events(line: bytes) -> None:
    assert wire.decode_event(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"TokensEmitted","id":7,"text":"\xff","ids":[1]}\n',
        b'{"type":"Dreamt","id":7,"of":' + b"[" * 200_000 + b"}\n",
        b'{"type":"\xff","id":7}\n',
    ],
    ids=["text", "nesting", "type"],
)
def test_a_line_of_broken_text_or_endless_nesting_breaks_no_reader(line: bytes) -> None:
    assert isinstance(wire.decode_event(line), UnknownEvent)
    with pytest.raises(msgspec.DecodeError):
        wire.decode_command(line)


def test_what_can_not_be_read_of_data_is_refused_as_such() -> None:
    for decode in (decode_data_command, decode_data_answer):
        for line in (b'{"type":"DataFailed","id":1,"code":"\xff"}', b'{"type":"OpenData","spec":' + b"[" * 200_000):
            with pytest.raises(msgspec.DecodeError):
                decode(line)
    failed = DataFailed(id=1, code="x", title="no \udcff")
    assert decode_data_answer(encode_message(failed)) == DataFailed(id=1, code="x", title="no ⟨U+DCFF⟩")


def test_half_a_character_crosses_as_a_picture_and_stops_nothing() -> None:
    failed = Failed(id=1, code="refused", title="The file w\udcff.bin \ud83d is a pickle")
    crossed = wire.decode_event(wire.encode(failed))
    assert crossed == Failed(id=1, code="refused", title="The file w⟨U+DCFF⟩.bin ⟨U+D83D⟩ is a pickle")
    prompt = Prompt(
        template=Template(id="t", name="T", kind="completion", body="\udcff"),
        turns=(Turn(role="user", text="a\nb\ud800"),),
        variables={"\udc80": "\udc81"},
    )
    command = wire.decode_command(wire.encode(Generate(id=2, prompt=prompt, stop=("\udcff",))))
    assert isinstance(command, Generate)
    assert command.prompt.turns[0].text == "a\nb⟨U+D800⟩"
    assert command.prompt.variables == {"⟨U+DC80⟩": "⟨U+DC81⟩"}
    assert command.stop == ("⟨U+DCFF⟩",)


def test_an_event_of_a_later_version_is_kept_raw() -> None:
    event = wire.decode_event(b'{"type":"Dreamt","id":7,"of":["sheep"]}\n')
    assert event == UnknownEvent(id=7, kind="Dreamt", raw='{"type":"Dreamt","id":7,"of":["sheep"]}')


def test_an_event_with_a_field_of_a_later_version_is_still_understood() -> None:
    line = b'{"type":"Failed","id":7,"code":"x","title":"t","hint":"","colour":"red"}\n'
    assert wire.decode_event(line) == Failed(id=7, code="x", title="t")


def test_a_strange_command_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.decode_command(b'{"type":"RunShell","id":1,"code":"rm"}')


def test_a_prompt_with_all_its_parts_crosses_whole() -> None:
    template = Template(
        id="qa",
        name="Q & A",
        kind="completion",
        body="{{ message }}\n",
        variables=(Variable(name="topic", default="a cat"),),
        examples=(Example(input="1", output="2"),),
        stop=("\nQ:", "\u2028"),
        sampling=SamplingChange(temperature=0.0),
    )
    prompt = Prompt(template=template, turns=(Turn(role="user", text="\x00\x1b😀"),), variables={"topic": "\ud7ff"})
    command = Generate(id=1, prompt=prompt, sampling=Sampling(seed=2**60), stop=("\r\n",), top_logprobs=2)
    assert wire.decode_command(wire.encode(command)) == command
    count = CountTokens(id=2, prompt=prompt)
    assert wire.decode_command(wire.encode(count)) == count
    assert wire.decode_event(wire.encode(TokensEmitted(id=1, text="\n", ids=(1,)))) == TokensEmitted(
        id=1, text="\n", ids=(1,)
    )
