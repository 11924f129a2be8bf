"""How far the tour is, and what it says: a value, without a screen."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.display import visible_line
from engine.runs.gains import loss_words
from engine.starter import PROBES
from engine.tour import Answer
from tui.state.run import RunView
from tui.state.run_words import headline

Stage = Literal["meet", "meeting", "teach", "teaching", "again", "comparing", "end"]
_WORDS: dict[Stage, str] = {
    "meet": "The starter is a very small language model that ships with Tunesmith. Say something to it, or let the "
    "tour put three questions to it.",
    "meeting": "The starter answers…",
    "teach": "That was the starter as it came. Now teach it: four hundred questions, answered by a pirate. That takes "
    "half a minute, and the panel shows how it learns.",
    "again": "The lesson is over. Load what came out of it, and put the same questions once more.",
    "comparing": "The same questions, to what came out of the lesson…",
    "end": "That was the tour. Talk on with whom you see above, as long as you like.",
}
_LINE_CHARACTERS = 74
_STEPS: dict[Stage, str] = {
    "meet": "1 of 3 · Meet it",
    "meeting": "1 of 3 · Meet it",
    "teach": "2 of 3 · Teach it",
    "teaching": "2 of 3 · Teach it",
    "again": "3 of 3 · Ask again",
    "comparing": "3 of 3 · Ask again",
    "end": "What next",
}
_NEXT: dict[Stage, str] = {
    "meet": "asks it three questions",
    "teach": "begins the lesson",
    "again": "asks again",
    "end": "shows before and after",
}
_SKIP: dict[Stage, str] = {"teaching": "ends the lesson early", "end": ""}
_BEFORE_IT: dict[Stage, Stage] = {"meeting": "meet", "teaching": "teach", "comparing": "again"}


class Tour(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is on the tour."""

    stage: Stage = "meet"
    before: tuple[Answer, ...] = ()
    after: tuple[Answer, ...] = ()
    taught: bool = False
    """There is a run with a result."""
    fault: str = ""
    """Why the step did not work, in words; made visible already."""

    @property
    def question(self) -> str:
        """What is to be asked now; empty where nothing is."""
        asked = {"meeting": self.before, "comparing": self.after}.get(self.stage)
        return PROBES[len(asked)] if asked is not None and len(asked) < len(PROBES) else ""

    @property
    def step(self) -> str:
        """Which step it is: 2 of 3 · Teach it."""
        return _STEPS[self.stage]

    @property
    def next_words(self) -> str:
        """What Enter does; empty where one has to wait."""
        return _NEXT.get(self.stage, "")

    @property
    def skip_words(self) -> str:
        """What skipping does; empty where there is nothing to skip."""
        return _SKIP.get(self.stage, "skips this")

    def words(self, run: RunView | None) -> str:
        """What is going on, or what one can do."""
        if self.fault:
            return self.fault
        if self.stage != "teaching":
            return _WORDS[self.stage]
        if run is None or run.last is None:
            return "The lesson is being got ready: a process of its own reads the model and the data. Go on chatting."
        first = run.curve[0].loss if run.curve else run.last.loss
        return f"{headline(run)} · loss {loss_words(first)} → {loss_words(run.last.loss)}\n{_said(run)}"

    def at(self, stage: Stage, fault: str = "") -> Tour:
        """The same tour at another step."""
        return msgspec.structs.replace(self, stage=stage, fault=fault)

    def answered(self, reply: str) -> Tour:
        """The question was answered; after the last one comes the next step."""
        if not self.question:
            return self
        answer = Answer(self.question, reply)
        if self.stage == "meeting":
            before = (*self.before, answer)
            done = len(before) == len(PROBES)
            return msgspec.structs.replace(self, before=before, stage="teach" if done else "meeting")
        after = (*self.after, answer)
        done = len(after) == len(PROBES)
        return msgspec.structs.replace(self, after=after, stage="end" if done else "comparing")

    def stuck(self, fault: str = "") -> Tour:
        """The step did not work, or was stopped: it can be tried again from its beginning."""
        tour = self.at(_BEFORE_IT.get(self.stage, self.stage), fault)
        if self.stage == "meeting":
            return msgspec.structs.replace(tour, before=())
        return msgspec.structs.replace(tour, after=()) if self.stage == "comparing" else tour

    def learned(self) -> Tour:
        """The lesson is over, and has a result."""
        return msgspec.structs.replace(self, stage="again", taught=True, fault="")

    def skipped(self) -> Tour:
        """On to the next step without this one. A lesson under way is not skipped so: it has to end first."""
        match self.stage:
            case "meet" | "meeting":
                return self.at("teach")
            case "teaching":
                return self
            case _:
                return self.at("end")


def _said(run: RunView) -> str:
    """What it said last to the first of the questions, on a line that fits into a narrow terminal."""
    if not run.answers:
        return ""
    newest = run.answers[-1]
    words = f"At step {newest.step}, “{PROBES[0]}” gets: {visible_line(' '.join(newest.samples[0].text.split()))}"
    return words if len(words) <= _LINE_CHARACTERS else f"{words[: _LINE_CHARACTERS - 1]}…"
