"""What `tunesmith generate` shows of the model host's events."""

from __future__ import annotations

import sys

from engine.cli.models import progress_line
from engine.cli.output import is_terminal, narrate, out, out_json, redraw
from engine.conversations import Figures
from engine.figures import figures_line, human_count
from engine.models import Progress
from engine.protocol import (
    AnyEvent,
    GenerationFinished,
    GenerationStarted,
    LoadProgress,
    ModelReady,
    TokensEmitted,
)

_STAGES = {
    "importing": "Starting the model host…",
    "converting": "Converting the model, once…",
    "reading": "Reading the model…",
    "placing": "Placing the model…",
}
_REPORT_EVERY_BYTES = 50_000_000


class ReplyView:
    """Text on stdout as it comes, or all events as JSON lines; narration on stderr."""

    def __init__(self, *, as_json: bool) -> None:
        """Show nothing yet."""
        self._as_json = as_json
        self._live = is_terminal(sys.stderr)
        self._width = 0
        self._next_bytes = 0
        self._last = "\n"
        self._started: GenerationStarted | None = None

    def show(self, event: AnyEvent) -> None:
        """Show one event."""
        if self._as_json:
            out_json(event)
        match event:
            case LoadProgress():
                self._progress(event)
            case ModelReady(model=model):
                self._clear()
                size = human_count(model.parameters)
                narrate(
                    f"{model.name}: {size} parameters, {model.dtype} on {model.device}, ready in {event.seconds:.1f} s"
                )
            case GenerationStarted():
                self._started = event
            case TokensEmitted(text=text) if text and not self._as_json:
                out(text, end="")
                self._last = text
            case GenerationFinished():
                self.finish()
                narrate(figures_line(_figures(event, self._started)))
            case _:
                pass

    def finish(self) -> None:
        """End the lines that are open: what is next on the terminal begins a line of its own."""
        self._clear()
        if not self._last.endswith("\n"):
            self._last = "\n"
            out("")

    def _progress(self, event: LoadProgress) -> None:
        line = _STAGES.get(event.stage) or progress_line(_as_progress(event))
        if self._live:
            self._width = redraw(line, self._width)
        elif event.stage == "downloading" and event.done_bytes >= self._next_bytes:
            narrate(line)
            self._next_bytes = event.done_bytes + _REPORT_EVERY_BYTES

    def _clear(self) -> None:
        if self._width:
            redraw("", self._width)
            sys.stderr.write("\r")
            sys.stderr.flush()
            self._width = 0


def _as_progress(event: LoadProgress) -> Progress:
    return Progress(
        stage="downloading" if event.stage == "downloading" else "finding",
        file=event.file,
        done_bytes=event.done_bytes,
        total_bytes=event.total_bytes,
        bytes_per_s=event.bytes_per_s,
        eta_s=event.eta_s,
    )


def _figures(event: GenerationFinished, started: GenerationStarted | None) -> Figures:
    return Figures(
        tokens=event.tokens,
        prompt_tokens=event.prompt_tokens,
        seconds=event.seconds,
        first_token_s=event.first_token_s,
        tokens_per_s=event.tokens_per_s,
        reason=event.reason,
        seed=started.seed if started else None,
        dropped_turns=started.dropped_turns if started else 0,
        cached_tokens=started.cached_tokens if started else 0,
        stop_text=event.stop_text,
    )
