"""The parts of the dock as text."""

from __future__ import annotations

from textual.content import Content

from engine.display import visible, visible_line
from engine.runs.checkpoints import Checkpoint
from engine.runs.state import State
from tui import commands
from tui.renderables.fitted import QUIET, labelled
from tui.renderables.link import link
from tui.renderables.meter import meter
from tui.state.help import key_words
from tui.state.option_words import option_words
from tui.state.run import Answers, RunView
from tui.state.run_figures import answers_at, gains
from tui.state.run_words import (
    explanation,
    figures,
    headline,
    is_waiting_for_room,
    log_words,
    progress_words,
    share_done,
)

_LABEL_WIDTH = 10
_PROMPT_CHARACTERS = 70
_ANSWER_CHARACTERS = 180
_LOG_LINES = 2
_SHOWN_WARNINGS = 2
STATE_STYLES: dict[State, str] = {
    "running": "bold $success",
    "finished": "bold $success",
    "preparing": "bold $primary",
    "paused": "bold $warning",
    "failed": "bold $error",
    "died": "bold $error",
}


def heading(words: str) -> Content:
    """The title of a part."""
    return Content.styled(words, "bold $secondary")


def invitation() -> Content:
    """What the panel says where there is no run."""
    lines = [
        Content.styled("Teach a model", "bold $accent"),
        Content(""),
        Content.styled("Nothing is being trained. Pick a model and some data, and watch here how it learns.", QUIET),
        Content(""),
    ]
    if "tune" in commands.BY_ID:
        lines += [_key("tune", "start a run"), Content("")]
    lines += [
        Content.styled("Or from a shell:", QUIET),
        Content(""),
        Content("tunesmith tune --model gpt2 --data FILE"),
        Content(""),
        Content.styled("It appears here by itself.", QUIET),
    ]
    return Content("\n").join(lines)


def head_part(view: RunView, width: int) -> Content:
    """Name, state, how far it is."""
    state, *rest = headline(view).split(" · ", 1)
    lines = [
        Content.styled(visible_line(view.name), "bold"),
        Content.assemble((state, STATE_STYLES.get(view.state.state, "bold")), (f" · {rest[0]}" if rest else "", QUIET)),
    ]
    if view.step or view.total_steps or share_done(view):
        share = share_done(view)
        percent = f" {share:.0%}"
        lines.append(Content.assemble((meter(share, max(3, width - 5)), "$accent"), f"{percent:>5}"))
    if words := progress_words(view):
        lines.append(Content.styled(words, QUIET))
    return Content("\n").join(lines)


def figures_part(view: RunView, width: int) -> Content:
    """The live figures, and at the end what it helped."""
    if view.last is None and not view.evaluations:
        return Content("")
    found = gains(view) if view.state.state in ("finished", "stopped") else ()
    if not found:
        return labelled(figures(view, short=True), width, _LABEL_WIDTH)
    lines = [heading("Did it help?")]
    for gain in found:
        name, before, after, verdict = gain.words
        style = "$success" if "better" in verdict else "$error" if "worse" in verdict else QUIET
        lines.append(Content.assemble((f"{name:<11}", QUIET), f"{before} → {after} ", (verdict[:1], style)))
    return Content("\n").join(lines)


def notes_part(view: RunView) -> Content:
    """Why it stands still, and what it warned of."""
    lines = []
    if words := explanation(view):
        lines.append(Content(words))
    if view.state.state in ("died", "failed"):
        lines += [Content.styled(line, "$error") for line in log_words(view.state.log_lines, _LOG_LINES)]
    if view.preflight is not None and (not view.preflight.fits or view.last is None):
        lines.append(Content.styled(option_words(view.preflight.words), "" if view.preflight.fits else "$warning"))
    if not view.locked or view.last is None or view.step < 50:
        lines += [
            Content.assemble(("! ", "bold $warning"), option_words(warned.title))
            for warned in view.warnings[-_SHOWN_WARNINGS:]
        ]
    return Content("\n").join(lines)


def answers_part(view: RunView) -> Content:
    """What the model said last to the first fixed prompt."""
    answers = answers_at(view, None)
    if answers is None:
        return Content("")
    return Content("\n").join([heading(f"At step {answers.step:,} it says"), *spoken(answers, 1)])


def spoken(answers: Answers, count: int) -> list[Content]:
    """Prompts, and what was said to them, shortened."""
    lines = []
    for sample in answers.samples[:count]:
        prompt, text = _one_line(sample.prompt), _one_line(sample.text)
        gap = " " if sample.prompt[-1:].isspace() or sample.text[:1].isspace() or not text else ""
        if len(prompt) > _PROMPT_CHARACTERS:
            prompt = "…" + prompt[1 - _PROMPT_CHARACTERS :]
        if len(text) > _ANSWER_CHARACTERS:
            text = text[: _ANSWER_CHARACTERS - 1] + "…"
        lines.append(Content.assemble((prompt, QUIET), gap, text or "(nothing)"))
    return lines


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


class CheckpointsPart:
    """The strip of checkpoints; each opens in the chat on a click."""

    def __init__(self, view: RunView, chosen: int | None = None) -> None:
        """Show those of a run, with one of them chosen."""
        self._view = view
        self._chosen = chosen

    def lay_out(self, width: int, title: Content | None = None) -> Content:
        """As many as there are, the newest last, wrapped."""
        if not self._view.checkpoints:
            return Content("")
        lines, line = [title or heading("Checkpoints")], Content("")
        for one in self._view.checkpoints:
            chip = self._chip(one)
            if line.cell_length and line.cell_length + 1 + chip.cell_length > width:
                lines.append(line)
                line = Content("")
            line = Content.assemble(line, " ", chip) if line.cell_length else chip
        return Content("\n").join([*lines, line])

    def _chip(self, one: Checkpoint) -> Content:
        is_chosen = one.step == self._chosen
        words = f"{'[' if is_chosen else ' '}{'★ ' if one.best else ''}{one.step:,}{']' if is_chosen else ' '}"
        style = "bold $foreground on $primary 35%" if is_chosen else "bold $accent" if one.best else "on $panel"
        return link(Content.styled(words, style), f"screen.open_checkpoint({one.step})")


def keys_part(view: RunView) -> Content:
    """What can be done with the run as it stands."""
    first, second = [_key("training", "whole screen"), _key("runs", "all runs")], []
    state = view.state.state
    if view.locked:
        second.append(_key("pause_run", "give up" if is_waiting_for_room(view) else "it"))
    elif state in ("created", "paused", "stopped", "failed", "died"):
        second.append(_key("resume_run", "starts it" if state == "created" else "goes on"))
    if view.checkpoints or state == "finished":
        second.append(_key("talk_to_run", "talks"))
    third = [_key("delete_run", "deletes it")] if state == "died" else []
    lines = [Content("   ").join(keys) for keys in (first, second, third) if keys]
    return Content("\n").join(lines)


def _key(action_id: str, words: str) -> Content:
    action = commands.BY_ID[action_id]
    key = key_words(action.keys.split(",")[0]) if action.keys else f"/{action.slash}"
    return link(Content.assemble((key, "bold $accent"), (f" {words}", QUIET)), f"screen.{action_id}")
