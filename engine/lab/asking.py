"""What the model host is asked for cells, and what its answers mean for them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.lab.events import AnyLabEvent, CellDone, CellFailed, CellGrew, CellStarted
from engine.lab.keys import cell_sampling
from engine.lab.records import Fault, Lab, LabelScores, Place, ReferenceScore, Reply
from engine.protocol import (
    AnyEvent,
    BatchItem,
    GenerateBatch,
    ItemFailed,
    Likelihood,
    Prompt,
    Question,
    ReplyFinished,
    ReplyGrew,
    ReplyStarted,
    Score,
    Scored,
    Turn,
)


class Asked:
    """One command for some cells of the same part, and its answers so far."""

    def __init__(self, lab: Lab, places: Sequence[Place], command_id: int) -> None:
        """Ask for these, of which there is at least one."""
        self._lab = lab
        self.waiting = dict(enumerate(places))
        """The cells that have no answer yet, by their place in the command."""
        self._texts: dict[int, list[str]] = {}
        self._started: dict[int, ReplyStarted] = {}
        if places[0].part == "reply":
            self.command: GenerateBatch | Score = GenerateBatch(
                id=command_id, items=tuple(self._item(place) for place in places)
            )
        else:
            self.command = Score(
                id=command_id,
                questions=tuple(self._question(place) for place in places),
                normalisation=lab.normalisation,
            )

    def take(self, event: AnyEvent) -> AnyLabEvent | None:
        """What an event of the host means for the table; None where it means nothing."""
        match event:
            case ReplyStarted():
                self._started[event.item] = event
                self._texts[event.item] = []
                place = self.waiting[event.item]
                return CellStarted(row=place.row, variation=place.variation, part=place.part)
            case ReplyGrew():
                self._texts[event.item].append(event.text)
                place = self.waiting[event.item]
                return CellGrew(row=place.row, variation=place.variation, text=event.text)
            case ReplyFinished():
                return self._done(event.item, self._reply(event))
            case Scored():
                return self._done(event.item, self._scores(event))
            case ItemFailed():
                return self.failed(event.item, Fault(code=event.code, title=event.title, hint=event.hint))
            case _:
                return None

    def failed(self, item: int, fault: Fault) -> CellFailed:
        """Give an item up."""
        place = self.waiting.pop(item)
        return CellFailed(row=place.row, variation=place.variation, part=place.part, fault=fault)

    def _done(self, item: int, result: Reply | LabelScores | ReferenceScore) -> CellDone:
        place = self.waiting.pop(item)
        return CellDone(row=place.row, variation=place.variation, part=place.part, result=result)

    def _reply(self, event: ReplyFinished) -> Reply:
        started = self._started[event.item]
        return Reply(
            text="".join(self._texts[event.item]),
            reason=event.reason,
            tokens=event.tokens,
            prompt_tokens=event.prompt_tokens,
            seconds=event.seconds,
            seed=started.seed,
            dropped_turns=started.dropped_turns,
            stop_text=event.stop_text,
        )

    def _scores(self, event: Scored) -> LabelScores | ReferenceScore:
        if self.waiting[event.item].part == "labels":
            return LabelScores(likelihoods=event.continuations, prompt_tokens=event.prompt_tokens)
        likelihood: Likelihood = event.continuations[0]
        return ReferenceScore(likelihood=likelihood, prompt_tokens=event.prompt_tokens)

    def _item(self, place: Place) -> BatchItem:
        variation = self._lab.variations[place.variation]
        return BatchItem(prompt=self._prompt(place), sampling=cell_sampling(self._lab, place), stop=variation.stop)

    def _question(self, place: Place) -> Question:
        if place.part == "labels":
            continuations = tuple(label.word for label in self._lab.labels)
        else:
            continuations = (self._lab.reference(self._lab.rows[place.row]),)
        return Question(prompt=self._prompt(place), continuations=continuations)

    def _prompt(self, place: Place) -> Prompt:
        variation = self._lab.variations[place.variation]
        message = Turn(role="user", text=self._lab.rows[place.row].input)
        return Prompt(template=variation.template, turns=(message,), variables=variation.variables)
