"""The words of the studio."""

from __future__ import annotations

from engine.protocol import Failed, ModelInfo, TokensCounted
from engine.templates.examination import examine
from tui.state.studio import StudioState, finding_words, next_line, size_words, stop_words

GOOD = 'stop = ["\\nUser:"]\nbody = "{{ message }} {{ poet }}"\n[variables.poet]\ndefault = "Bashō"\n'


def test_a_good_text_is_rendered_with_the_sample() -> None:
    found = examine(GOOD, "x", message="sea", variables={"poet": "Issa", "gone": "x"})
    assert (found.text, found.findings) == ("sea Issa", ())
    assert stop_words(found) == "The reply stops at “⏎User:”"


def test_faults_have_their_line_and_no_text() -> None:
    found = examine('body = """\n{{ a }}\n"""\nnme = 1', "x", message="sea")
    assert found.template is None
    assert [finding.line for finding in found.findings] == [2, 4]
    assert next_line(found.findings, 0) == 2
    assert next_line(found.findings, 2) == 4
    assert next_line(found.findings, 4) == 2
    assert next_line((), 4) == 0


def test_what_fails_only_when_it_is_rendered_is_a_fault_at_its_line() -> None:
    found = examine('name = "x"\nbody = """\na\n{{ 1 // 0 }}\n"""', "x", message="sea")
    assert found.unrendered
    assert [(finding.kind, finding.line) for finding in found.findings] == [("fault", 4)]


def test_the_models_own_template_without_a_model_says_so() -> None:
    found = examine("uses_chat_template = true", "x", message="sea")
    assert "no model is loaded" in found.unrendered
    assert found.findings == ()


def test_the_size_is_of_the_window() -> None:
    state = StudioState(examined=examine(GOOD, "x", message="sea"))
    assert size_words(state, None) == "The prompt: 9 characters · no model to count tokens: Ctrl+O picks one"
    counted = TokensCounted(id=1, tokens=990, context_tokens=1000, dropped_turns=0)
    assert size_words(state.with_(counted=counted), None) == "The prompt: 990 of 1,000 tokens (99%) · nearly full"
    assert size_words(state.with_(uncounted="too\x1b long"), None) == "too␛ long"


def test_counting_is_said_only_while_something_is_counted() -> None:
    model = ModelInfo("gpt2", "gpt2", "gpt2", "base", 124_000_000, 1, 256, 50257, "cpu", "float32")
    assert size_words(StudioState(), model) == "Being rendered…"
    assert (
        size_words(StudioState(examined=examine(GOOD, "x", message="sea")), model)
        == "The prompt: tokens are being counted…"
    )
    broken = examine('body = "{{ 1 // 0 }}"', "x", message="sea")
    assert size_words(StudioState(examined=broken), model) == "There is no prompt, so nothing is counted"
    late = StudioState(examined=examine(GOOD, "x", message="sea"), is_late=True)
    assert "Still being rendered" in size_words(late, model)


def test_nothing_of_a_file_drives_the_terminal() -> None:
    found = examine('body = "x"\nstop = ["\\u001b]52"]\n"\\u001b[2J" = 1\n', "x", message="")
    title, hint = finding_words(found.findings[0])
    assert "\x1b" not in title + hint
    assert "␛" in title


def test_a_run_is_under_way_until_it_is_over() -> None:
    from engine.protocol import Prompt, Sampling
    from tui.state.reply import Asked, Reply
    from tui.state.studio import run_words

    template = examine(GOOD, "x", message="sea").template
    assert template is not None
    asked = Asked(prompt=Prompt(template=template, turns=()), sampling=Sampling())
    run = Reply(conversation_id=None, parent_id=None, asked=asked).ask(3, ref="m", model="m")
    assert StudioState(run=run).is_running
    run = run.apply(Failed(id=3, code="x", title="It broke", hint="Try again"))
    assert not StudioState(run=run).is_running
    assert run_words(run) == "✗ It broke. Try again"
