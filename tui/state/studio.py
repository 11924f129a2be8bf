"""What the template studio shows beside the text, as values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from engine.display import visible_line
from engine.figures import figures_line, plural
from engine.protocol import ModelInfo, TokensCounted
from engine.templates.examination import Examined, Finding
from tui.state.reply import Reply

RENDERING = "Being rendered…"
SAMPLE = "Tell me about the sea."
_ALARM_SHARE = 0.9


OnDisk = Literal["same", "changed", "gone"]


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """An open template."""

    id: str
    file: Path | None
    """None: it is shipped, and read-only."""
    text: str
    """As it is typed."""
    saved: str | None
    """The file's, as it was last read or written; None where it is gone."""
    shown: str
    """The same as an editor gives it back, which may have other line ends."""
    on_disk: OnDisk = "same"
    theirs: str | None = None
    """What another program made of the file, while that is not settled."""
    from_draft: bool = False

    @property
    def is_dirty(self) -> bool:
        """Whether something was typed that is not saved."""
        return self.saved is None or self.text not in (self.saved, self.shown)

    @property
    def is_read_only(self) -> bool:
        """Whether it is shipped."""
        return self.file is None


class StudioState(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out of the text, and the trial run."""

    examined: Examined | None = None
    counted: TokensCounted | None = None
    """The model's own count of what was examined."""
    uncounted: str = ""
    """Why it could not be counted."""
    is_late: bool = False
    """What was typed last takes long to be rendered, so that what is shown is of a text from before."""
    shows_tokens: bool = False
    run: Reply | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Faults and traps, by line."""
        return self.examined.findings if self.examined is not None else ()

    @property
    def is_running(self) -> bool:
        """Whether a trial run is under way."""
        return self.run is not None and not self.run.over

    def with_(self, **changes: object) -> StudioState:
        """The same with some fields changed."""
        return msgspec.structs.replace(self, **changes)


def title_words(one: Open) -> str:
    """Which template it is, and whether it is saved."""
    name = visible_line(one.file.name if one.file is not None else one.id)
    if one.is_read_only:
        return f"{name} · shipped, read-only: F9 makes a copy to change"
    if one.is_dirty:
        return f"{name} · {'from your draft, ' if one.from_draft else ''}not saved"
    return f"{name} · saved"


def disk_words(one: Open) -> str:
    """What another program did to the file; empty where nothing."""
    if one.on_disk == "changed":
        return "Another program changed this file."
    return "Another program deleted this file; your text is still here." if one.on_disk == "gone" else ""


def size_words(state: StudioState, model: ModelInfo | None) -> str:
    """How large the prompt is, and of how much."""
    counted, examined = state.counted, state.examined
    if examined is None:
        return RENDERING
    if state.is_late:
        return "Still being rendered: below is the prompt of the text before"
    if state.uncounted:
        return visible_line(state.uncounted)
    if counted is not None:
        share = counted.tokens / max(1, counted.context_tokens)
        full = " · nearly full" if share > _ALARM_SHARE else ""
        return f"The prompt: {counted.tokens:,} of {counted.context_tokens:,} tokens ({share:.0%}){full}"
    if examined.template is None:
        return ""
    if examined.unrendered:
        return "There is no prompt, so nothing is counted"
    if model is None:
        return f"The prompt: {plural(len(examined.text), 'character')} · no model to count tokens: Ctrl+O picks one"
    return "The prompt: tokens are being counted…"


def stop_words(examined: Examined | None) -> str:
    """The stop strings, with their line ends made visible."""
    template = examined.template if examined is not None else None
    if template is None:
        return ""
    if not template.stop:
        return "The reply stops at the model's own end of text"
    return "The reply stops at " + "  ".join(f"“{visible_line(stop.replace(chr(10), '⏎'))}”" for stop in template.stop)


def finding_words(finding: Finding) -> tuple[str, str]:
    """A finding on a line, and what to do about it."""
    place = f"line {finding.line}: " if finding.line else ""
    return visible_line(f"{place}{finding.title}"), visible_line(finding.hint)


def next_line(findings: tuple[Finding, ...], after: int) -> int:
    """The line of the next finding behind a line, from the top again after the last; 0 where there is none."""
    lines = sorted({finding.line for finding in findings if finding.line})
    return next((line for line in lines if line > after), lines[0] if lines else 0)


def run_words(run: Reply) -> str:
    """How the trial run stands."""
    if run.failure is not None:
        return f"✗ {visible_line(run.failure.title)}. {visible_line(run.failure.hint)}"
    if run.figures is not None and run.over:
        return visible_line(figures_line(run.figures))
    if run.over:
        return "Stopped before the first token"
    return f"{plural(run.tokens, 'token')} · Esc stops" if run.tokens else "The model reads the prompt · Esc stops"
