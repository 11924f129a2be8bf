"""What is read of one cell: the reply whole, its scores, and how likely each label is. Pure."""

from __future__ import annotations

import msgspec

from engine.display import visible, visible_line
from engine.figures import plural, reason_words
from engine.lab.records import Lab, LabelScores, ReferenceScore, Reply
from engine.lab.scores import is_exact, is_right, reference_perplexity
from engine.protocol import Prompt, Turn
from tui.state.lab import LabView
from tui.state.lab_cells import RIGHT, SIGNS, WRONG

_STATES = {
    "waiting": "waits for its turn",
    "running": "is being computed",
    "done": "done",
    "kept": "kept from before: it was not computed again",
    "failed": "failed",
}


class Share(msgspec.Struct, frozen=True):
    """One label: how likely it is among the others."""

    word: str
    value: str
    share: float
    mark: str
    """✓ on the right label, → on the likeliest that is not; empty else."""


class Reading(msgspec.Struct, frozen=True):
    """All there is to read of a cell; texts are safe to show."""

    title: str
    state: str
    input: str
    reference: str
    reply: str | None
    """None where none is asked for."""
    figures: str
    shares: tuple[Share, ...]
    verdicts: tuple[tuple[str, str], ...]
    faults: tuple[str, ...]


def read_cell(view: LabView, row: int, variation: int) -> Reading:
    """Put together what a cell says."""
    lab, cell, state = view.lab, view.cell(row, variation), view.state_of(row, variation)
    reply = None
    if "reply" in lab.parts:
        reply = visible(cell.text) if cell.reply is not None or cell.growing is not None else ""
    return Reading(
        title=f"Row {row + 1:,} · {visible_line(lab.variations[variation].name)}",
        state=f"{SIGNS[state]} {_STATES[state]}",
        input=visible(lab.rows[row].input),
        reference=visible(lab.reference(lab.rows[row])),
        reply=reply,
        figures=_figures(cell.reply) if cell.reply is not None else "",
        shares=_shares(lab, row, cell.labels) if cell.labels is not None else (),
        verdicts=tuple(_verdicts(lab, row, cell.reply, cell.labels, cell.reference)),
        faults=tuple(visible(f"{fault.title}. {fault.hint}".rstrip(". ")) for fault in cell.faults.values()),
    )


def prompt_of(lab: Lab, row: int, variation: int) -> Prompt:
    """What a cell asks."""
    found = lab.variations[variation]
    return Prompt(
        template=found.template,
        turns=(Turn(role="user", text=lab.rows[row].input),),
        variables=found.variables,
    )


def _figures(reply: Reply) -> str:
    parts = [
        plural(reply.tokens, "token"),
        reason_words(reply.reason, reply.stop_text),
        f"prompt of {plural(reply.prompt_tokens, 'token')}",
        f"seed {reply.seed}",
    ]
    return " · ".join(part for part in parts if part)


def _shares(lab: Lab, row: int, scores: LabelScores) -> tuple[Share, ...]:
    right = lab.rows[row].label
    return tuple(
        Share(
            word=visible_line(label.word),
            value=visible_line(label.value),
            share=likelihood.share,
            mark=RIGHT if label.value == right else "→" if place == scores.best else "",
        )
        for place, (label, likelihood) in enumerate(zip(lab.labels, scores.likelihoods, strict=True))
    )


def _verdicts(
    lab: Lab, row: int, reply: Reply | None, labels: LabelScores | None, reference: ReferenceScore | None
) -> list[tuple[str, str]]:
    found = []
    if labels is not None and (right := is_right(lab, row, labels)) is not None:
        found.append(("Label", f"{RIGHT} right" if right else f"{WRONG} wrong"))
    if "exact" in lab.metrics and reply is not None and (exact := is_exact(lab, row, reply)) is not None:
        found.append(("Exact match", f"{RIGHT} yes" if exact else f"{WRONG} no"))
    if reference is not None:
        tokens = plural(reference.likelihood.tokens, "token")
        found.append(("Perplexity", f"{reference_perplexity(reference):.3g} over {tokens} of the reference"))
    return found
