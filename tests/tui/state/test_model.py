"""How the screen's knowledge of the model follows events."""

from __future__ import annotations

from engine.protocol import Failed, LoadProgress, ModelInfo, ModelReady
from tui.state.header import model_words, progress_words
from tui.state.model import ModelState

INFO = ModelInfo(
    ref="gpt2",
    name="gpt2",
    architecture="gpt2",
    kind="base",
    parameters=124_000_000,
    size_bytes=500_000_000,
    context_tokens=1024,
    vocabulary=50257,
    device="cpu",
    dtype="float32",
)
FAILED = Failed(id=2, code="download-failed", title="The hub can't be reached", hint="Check the network")


def test_a_load_shows_its_progress_and_then_the_model() -> None:
    state = ModelState().load("gpt2", 1)
    assert model_words(state) == "gpt2: starting…"
    progress = LoadProgress(
        id=1, stage="downloading", done_bytes=274_000_000, total_bytes=548_000_000, bytes_per_s=2e6, eta_s=137
    )
    state = state.apply(progress)
    assert "50 %" in progress_words(state.progress)
    assert "274 MB of 548 MB" in progress_words(state.progress)
    state = state.apply(ModelReady(id=1, model=INFO, seconds=1.0))
    assert (state.phase, state.info, state.request_id) == ("ready", INFO, 0)
    assert model_words(state).startswith("gpt2 · 124")


def test_a_failed_load_leaves_the_model_that_was_there() -> None:
    ready = ModelState().load("gpt2", 1).apply(ModelReady(id=1, model=INFO, seconds=1.0))
    state = ready.load("gpt2-xl", 2).apply(FAILED)
    assert (state.phase, state.info, state.ref, state.failure) == ("ready", INFO, "gpt2", FAILED)


def test_a_failed_first_load_says_so() -> None:
    state = ModelState().load("gpt2", 2).apply(FAILED)
    assert (state.phase, state.info) == ("failed", None)
    assert model_words(state) == "gpt2: could not be loaded"


def test_a_load_that_was_stopped_did_not_fail() -> None:
    cancelled = Failed(id=1, code="cancelled", title="Stopped", hint="")
    state = ModelState().load("gpt2", 1).apply(cancelled)
    assert (state.phase, state.ref, state.failure) == ("none", "gpt2", cancelled)
    assert model_words(state) == "gpt2: not loaded"


def test_events_of_other_requests_change_nothing() -> None:
    state = ModelState().load("gpt2", 1)
    assert state.apply(FAILED) is state
    assert ModelState().apply(ModelReady(id=0, model=INFO, seconds=1.0)) == ModelState()


def test_a_lost_host_keeps_the_reference() -> None:
    ready = ModelState().load("gpt2", 1).apply(ModelReady(id=1, model=INFO, seconds=1.0))
    assert ready.lose() == ModelState(phase="none", ref="gpt2")
