"""The parts of the training screen as text."""

from __future__ import annotations

from textual.content import Content

from engine.display import visible, visible_line
from tui.renderables.fitted import QUIET, columns, labelled
from tui.renderables.meter import meter
from tui.state.option_words import option_words
from tui.state.run import Answers, RunView
from tui.state.run_chart import Lens
from tui.state.run_figures import Reading, gains
from tui.state.run_words import (
    explanation,
    facts,
    figures,
    headline,
    log_words,
    progress_words,
    reading_words,
    share_done,
)
from tui.widgets.dock_parts import STATE_STYLES, CheckpointsPart, heading

_LABEL_WIDTH = 11
_LOG_LINES = 8
_BAR = 24
_PROMPT_CHARACTERS = 160
_WARNINGS = 5
_NO_REPLIES = "At each evaluation the model answers a few fixed prompts; what it says will be read here."


def head_text(view: RunView, width: int) -> Content:
    """One line: name, state, bar, time left; beneath it why it stands still."""
    state, *rest = headline(view).split(" · ", 1)
    left = Content.assemble(
        (visible_line(view.name), "bold $accent"),
        "  ",
        (state, STATE_STYLES.get(view.state.state, "bold")),
        (f" · {rest[0]}" if rest else "", ""),
    )
    share = share_done(view)
    right = Content.styled(progress_words(view), QUIET)
    if width - left.cell_length - right.cell_length > _BAR + 12 and (view.total_steps or share):
        bar = Content.assemble((meter(share, _BAR), "$accent"), f" {share:.0%}   ")
        right = Content.assemble(bar, right)
    room = width - right.cell_length - 2
    line = columns((left, max(1, room), False), (right, right.cell_length, True)) if room > 20 else left
    lines = [line]
    if words := explanation(view):
        lines.append(Content(words))
    if view.state.state in ("died", "failed"):
        lines += [Content.styled(line, "$error") for line in log_words(view.state.log_lines, 4)]
        talk = " · Enter talks to the checkpoint" if view.checkpoints else ""
        lines.append(Content.styled(f"P goes on with it{talk} · D deletes the run", "bold"))
    return Content("\n").join(lines)


def lens_text(view: RunView, lens: Lens, width: int) -> Content:
    """How the curve is drawn, and what its marks mean."""
    legend = Content.assemble(("⠒ ", "$primary"), ("loss  ", QUIET), ("◆ ", "$secondary"), ("held out  ", QUIET))
    legend = Content.assemble(legend, ("★ ", "$accent"), ("best", QUIET))
    words = Content.styled(lens.words(view), QUIET)
    room = width - legend.cell_length - 2
    if room < words.cell_length:
        return words
    return columns((words, room, False), (legend, legend.cell_length, True))


def reading_text(reading: Reading | None) -> Content:
    """The values at the cursor."""
    if reading is None:
        return Content("")
    first, *rest = reading_words(reading).split(" · ")
    return Content.assemble((first, "bold"), (" · " + " · ".join(rest), "") if rest else "")


def strip_text(view: RunView, chosen: int | None, width: int) -> Content:
    """The checkpoints, with one chosen."""
    if not view.checkpoints:
        return Content.styled("No checkpoint is saved yet.", QUIET)
    title = Content.assemble(heading("Checkpoints"), ("   Tab chooses, Enter talks to it, ★ is the best", QUIET))
    return CheckpointsPart(view, chosen).lay_out(width, title)


def answers_text(answers: Answers | None, view: RunView) -> Content:
    """What the model said at a step to each of the fixed prompts."""
    if answers is None:
        return Content.assemble(heading("Watch it learn"), "\n", (_NO_REPLIES, QUIET))
    place = next((at for at, one in enumerate(view.answers, 1) if one.step == answers.step), 0)
    title = f"At step {answers.step:,} it says"
    lines = [
        Content.assemble(heading(title), (f"   {place} of {len(view.answers)}  Shift+← → walk through time", QUIET))
    ]
    for sample in answers.samples:
        prompt, text = _end_of(visible(sample.prompt).strip("\n")), visible(sample.text)
        lines += [Content(""), Content.assemble((prompt, QUIET), text or " (nothing)")]
    return Content("\n").join(lines)


def _end_of(prompt: str) -> str:
    """How a prompt ends, from a word on: all of a long one would push what is said to it out of sight."""
    if len(prompt) <= _PROMPT_CHARACTERS:
        return prompt
    end = prompt[-_PROMPT_CHARACTERS:]
    word = end.find(" ")
    return f"…{end[word if 0 <= word < _PROMPT_CHARACTERS // 2 else 0 :]}"


def details_text(view: RunView, width: int) -> Content:
    """Figures, whether it helped, what the run is, its rehearsal, and its warnings."""
    blocks = []
    if view.last is not None or view.evaluations:
        blocks.append(_block("Now" if view.locked else "At the end", labelled(figures(view), width, _LABEL_WIDTH)))
    if table := _gains(view, width):
        blocks.append(_block("Did it help?", table))
    blocks.append(_block("The run", labelled(facts(view), width, _LABEL_WIDTH)))
    if view.preflight is not None:
        words = Content.styled(option_words(view.preflight.words), "" if view.preflight.fits else "$warning")
        blocks.append(_block("Rehearsal", words))
    if view.warnings:
        blocks.append(_block("Notes", _warnings(view)))
    if view.state.log_lines:
        lines = [Content.styled(line, QUIET) for line in log_words(view.state.log_lines, _LOG_LINES)]
        blocks.append(_block("The end of its log", Content("\n").join(lines)))
    return Content("\n\n").join(blocks)


def _block(title: str, body: Content) -> Content:
    return Content.assemble(heading(title), "\n", body)


def _gains(view: RunView, width: int) -> Content | None:
    found = gains(view)
    if not found:
        return None
    number = max(7, min(10, (width - 22) // 2))
    lines = [
        columns(
            (Content(""), 10, False),
            (Content.styled("before", QUIET), number, True),
            (Content.styled("best", QUIET), number, True),
            gap=1,
        )
    ]
    for gain in found:
        name, before, after, verdict = gain.words
        style = "$success" if "better" in verdict else "$error" if "worse" in verdict else QUIET
        lines.append(
            columns(
                (Content.styled(name, QUIET), 10, False),
                (Content(before), number, True),
                (Content(after), number, True),
                (Content.styled(verdict, style), max(0, width - 13 - 2 * number), False),
                gap=1,
            )
        )
    return Content("\n").join(lines)


def _warnings(view: RunView) -> Content:
    lines = []
    for warned in view.warnings[-_WARNINGS:]:
        hint = f". {warned.hint}" if warned.hint else ""
        lines.append(Content.assemble(("! ", "bold $warning"), option_words(f"{warned.title}{hint}")))
    return Content("\n").join(lines)
