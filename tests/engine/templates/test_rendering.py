# ruff: noqa: E501 - a template that is cut into short lines can't be read

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from engine.errors import TemplateFault
from engine.protocol import ModelInfo, Prompt, Template, Turn, Variable
from engine.templates import Library, render
from tests.engine.templates.builders import EXAMPLES, model, own, prompt, talk, template

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "templates")


def shipped(library: Library, name: str, *texts: str, **variables: str) -> str:
    return render(Prompt(template=library.get(name), turns=talk(*texts), variables=variables))


def test_plain_adds_nothing_but_a_line_break_before_a_later_message(library: Library) -> None:
    assert shipped(library, "plain", "Once upon a time") == "Once upon a time"
    assert shipped(library, "plain", " One\n", "two ", "\tthree\n\n") == " One\ntwo \n\tthree\n\n"


def test_story_ends_without_a_space(library: Library) -> None:
    assert shipped(library, "story", "a fox \n") == "Write a creative story about a fox:"


def test_chat_is_a_transcript_that_ends_where_the_reply_begins(library: Library) -> None:
    text = shipped(library, "chat", "Hello", " Hi there.\n", "How are you?", about="A talk.")
    assert text == "A talk.\n\nUser: Hello\nAssistant: Hi there.\nUser: How are you?\nAssistant:"
    assert shipped(library, "chat", "Hello", about="") == "User: Hello\nAssistant:"


def test_a_chats_stop_strings_are_how_its_next_turn_would_begin(library: Library) -> None:
    assert "\nUser:" in library.get("chat").stop
    assert "\nUser: Go on\nAssistant:" in shipped(library, "chat", "Hello", "Hi", "Go on")


def test_a_system_turn_comes_before_the_transcript(library: Library) -> None:
    turns = talk("Hello", system="Be brief.")
    text = render(Prompt(template=library.get("chat"), turns=turns, variables={"about": ""}))
    assert text == "Be brief.\n\nUser: Hello\nAssistant:"


def test_assistant_puts_its_preamble_first(library: Library) -> None:
    text = shipped(library, "assistant", "Count to 3", "1 2 3", "And on", system="Obey.")
    assert text == (
        "Obey.\n\n### Instruction:\nCount to 3\n\n### Response:\n1 2 3\n\n### Instruction:\nAnd on\n\n### Response:"
    )


def test_summarise_asks_with_tldr(library: Library) -> None:
    assert shipped(library, "summarise", "Long text.\n") == "Long text.\n\nTL;DR:"


def test_translate_shows_its_examples_for_their_own_languages_only(library: Library) -> None:
    french = shipped(library, "translate", "Thank you")
    assert french.startswith("English: Good morning, how are you?\nFrench: Bonjour")
    assert french.endswith("\n\nEnglish: Thank you\nFrench:")
    german = shipped(library, "translate", "Thank you", target="German")
    assert german == "Translate from English to German.\n\nEnglish: Thank you\nGerman:"


def test_sentiment_and_question_are_few_shot(library: Library) -> None:
    assert shipped(library, "sentiment", "Dull.").endswith("Sentiment: positive\n\nReview: Dull.\nSentiment:")
    assert shipped(library, "question", "Why?").endswith("\n\nQ: Why?\nA:")
    assert library.get("sentiment").sampling.temperature == 0
    assert library.get("sentiment").stop == ("\n",)


def test_no_shipped_template_ends_in_a_space(library: Library) -> None:
    for made in library.scan().templates:
        if not made.uses_chat_template:
            text = shipped(library, made.id, "Hello")
            assert text == text.rstrip(), made.id


def test_a_body_sees_the_message_turns_examples_variables_and_tokens() -> None:
    body = (
        "{{ message }}|{% for t in turns %}{{ t.role }}={{ t.text }};{% endfor %}|"
        "{% for e in examples %}{{ e.input }}>{{ e.output }};{% endfor %}|{{ who }}|{{ bos_token }}{{ eos_token }}"
    )
    made = template(body, examples=EXAMPLES, variables=(Variable(name="who", default="me"),))
    turns = talk("a", "b", "c")
    assert render(Prompt(template=made, turns=turns), model()) == "c|user=a;assistant=b;user=c;|one>1;two>2;|me|<s></s>"
    assert render(Prompt(template=made, turns=turns, variables={"who": "you", "old": "x"})).endswith("|you|")


def test_what_a_person_types_is_not_taken_for_a_template() -> None:
    assert render(prompt("{{ message }}", "{{ 1 + 1 }}{% if %}")) == "{{ 1 + 1 }}{% if %}"


def test_a_reply_that_has_begun_is_appended() -> None:
    assert render(prompt("{{ message }}\nA:", "Why?", start=" Because")) == "Why?\nA: Because"


def test_a_line_with_a_tag_alone_leaves_nothing_behind() -> None:
    assert render(prompt("a\n  {% if true %}\nb\n  {% endif %}\nc\n\n")) == "a\nb\nc\n\n"


def test_an_unknown_name_is_told_with_its_like() -> None:
    with pytest.raises(TemplateFault) as caught:
        render(prompt("{{ mesage }}"))
    assert "'mesage' is undefined" in caught.value.title
    assert caught.value.hint == 'Did you mean "message"?'


def own_text(
    chat_template: str, *turns: Turn, variables: dict[str, str] | None = None, info: ModelInfo | None = None
) -> str:
    made = Prompt(template=own(), turns=turns, variables=variables or {})
    return render(made, info or model(chat_template), now=lambda: datetime(2026, 1, 2))


def test_the_models_own_template_is_rendered() -> None:
    assert own_text(CHATML, *talk("Hi")) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_a_system_message_goes_first_where_one_is_given() -> None:
    text = own_text(CHATML, *talk("Hi"), variables={"system": "Be kind."})
    assert text.startswith("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user")
    text = own_text(CHATML, *talk("Hi", system="Mine."), variables={"system": "Be kind."})
    assert "Be kind." not in text


def test_a_chat_template_can_tell_the_date_and_mark_the_reply() -> None:
    text = own_text("{{ strftime_now('%d %b %Y') }}{% generation %} x{% endgeneration %}\n", *talk("Hi"))
    assert text == "02 Jan 2026 x"


def test_a_chat_template_that_refuses_is_quoted() -> None:
    with pytest.raises(TemplateFault, match="refuses this conversation: System role not supported"):
        own_text("{{ raise_exception('System role not supported') }}", *talk("Hi"))


def test_a_model_without_a_chat_template_gets_a_hint_at_what_to_pick() -> None:
    with pytest.raises(TemplateFault, match="tiny has no chat template") as caught:
        render(Prompt(template=own(), turns=talk("Hi")), model())
    assert '"Plain"' in caught.value.hint
    with pytest.raises(TemplateFault, match="no model is loaded"):
        render(Prompt(template=own(), turns=talk("Hi")))


def test_a_faulty_chat_template_is_told_with_its_line() -> None:
    with pytest.raises(TemplateFault, match="The model's own chat template") as caught:
        own_text("a\n{% if %}", *talk("Hi"))
    assert caught.value.line == 2


def test_importing_the_package_does_not_import_jinja2() -> None:
    code = "import sys, engine.templates, engine.settings, engine.memory; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_templates_survive_the_wire() -> None:
    import msgspec

    made = template("{{ message }}", examples=EXAMPLES, variables=(Variable(name="who"),), stop=("\n",))
    assert msgspec.json.decode(msgspec.json.encode(made), type=Template) == made
