"""A lab as recorded events: what a table looks like half full, full, and with a failure in it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.lab import Lab, Label, Row, Variation
from engine.lab.events import AnyLabEvent, CellDone, CellFailed, CellGrew, CellStarted, LabFinished, Progressed
from engine.lab.records import Fault, LabelScores, Reply
from engine.protocol import Likelihood, Sampling
from engine.templates import Library

REVIEWS = (
    ("A slow film about a lighthouse, and I did not want it to end.", "1"),
    ("Two hours of rain, and nobody says a word that matters.", "0"),
    ("The cast is wonderful and the music better still.", "1"),
    ("I have seen cereal boxes with a better plot.", "0"),
    ("Go and see it before somebody tells you how it ends!", "1"),
    ("Loud, long and forgotten before the lights go on.", "0"),
    ("日本語の字幕もあって、とても良い映画でした。", "1"),
    ("My popcorn had more character. \x1b[31m\u202eEvil", "0"),
)
REPLIES = ("The writer liked the film very much.", "Negative: it is said to be dull.", "It is a review of a film.")


def film_lab(library: Library, *, rows: int = len(REVIEWS)) -> Lab:
    """Reviews against three ways to ask."""
    greedy, warm = Sampling(temperature=0, max_new_tokens=40), Sampling(temperature=0.7, seed=4)
    return Lab(
        name="Film reviews",
        rows=tuple(Row(input=text, label=label) for text, label in REVIEWS[:rows]),
        variations=(
            Variation(name="Sentiment", model="gpt2", template=library.get("sentiment"), sampling=greedy),
            Variation(name="Question", model="gpt2", template=library.get("question"), sampling=greedy),
            Variation(name="Warm", model="gpt2", template=library.get("question"), sampling=warm),
        ),
        metrics=("accuracy", "diversity"),
        labels=(Label(value="0", word="negative"), Label(value="1", word="positive")),
    )


def recorded(lab: Lab, *, until: int, known: int = 0) -> list[AnyLabEvent]:
    """What was told until so many cells were there, column by column; the first `known` from before.

    The next cell is under way, and the last cell of the first column has failed.
    """
    events: list[AnyLabEvent] = []
    places = [(row, column) for column in range(len(lab.variations)) for row in range(len(lab.rows))]
    for number, (row, column) in enumerate(places[:until]):
        is_known = number < known
        events.append(CellDone(row=row, variation=column, part="labels", result=_labels(row, column), known=is_known))
        if (row, column) == (len(lab.rows) - 1, 0):
            fault = Fault(code="context", title="The prompt is longer than the model's window", hint="Shorten the row")
            events.append(CellFailed(row=row, variation=column, part="reply", fault=fault))
            continue
        events.append(CellDone(row=row, variation=column, part="reply", result=_reply(number), known=is_known))
    failed = int(until >= len(lab.rows))
    done = 2 * until - failed
    if until < len(places):
        row, column = places[until]
        events += [
            CellStarted(row=row, variation=column, part="reply"),
            CellGrew(row=row, variation=column, text="The writer liked"),
            Progressed(done=done, failed=failed, total=2 * len(places), eta_s=75.0),
        ]
        return events
    events.append(Progressed(done=done, failed=failed, total=2 * len(places)))
    events.append(LabFinished(reason="completed", done=done, failed=failed, total=2 * len(places), seconds=3.0))
    return events


def _labels(row: int, column: int) -> LabelScores:
    right = (0.93, 0.71, 0.66)[column] if (row + column) % (4 - column) else 0.41
    positive = right if row % 2 == 0 else 1 - right
    shares: Sequence[float] = (1 - positive, positive)
    return LabelScores(
        likelihoods=tuple(Likelihood(logprob=-2.0, tokens=1, characters=8, share=share) for share in shares),
        prompt_tokens=31,
    )


def _reply(number: int) -> Reply:
    text = REPLIES[number % len(REPLIES)]
    return Reply(text=text, reason="stop", tokens=9, prompt_tokens=31, seconds=0.4, seed=7)
