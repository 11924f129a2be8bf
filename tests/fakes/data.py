"""A process that reads data without reading any: it speaks the messages of `engine.corpus` from a script.

Run it in place of the real one: `Services(data_argv=fake_data(faulty=2))`. What is asked for decides too: a source with
"missing", "unclear" or "offline" in its name fails as the real one would, "unclear" until a column is named, and the
model "no-such-model" is not there.

    --faulty N     so many of the 40 rows can't be used                    default: none
    --endless      a survey goes on until it is cancelled
    --die-on NAME  kill itself at this command: OpenData, ShowRows, SurveyData
    --hostile      every text, column and label is hostile
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from engine.corpus import Columns, Fault, FaultCount, Histogram, LabelCount, Part, Report, RowView, TokenView
from engine.corpus.messages import (
    AnyDataAnswer,
    AnyDataCommand,
    CancelData,
    ColumnsNamed,
    DataFailed,
    DataOpened,
    NameColumns,
    OpenData,
    RowsShown,
    ShowRows,
    SurveyData,
    Surveyed,
    SurveyProgress,
    decode_data_command,
    encode_message,
)
from engine.corpus.spec import DataSpec
from engine.protocol import Template

ROWS = 40
HOSTILE = "\x1b]52;c;SE9TVElMRQ==\x07 \u202ereversed [red]x[/]"
TEMPLATE = Template(id="label", name="Label", kind="completion", body="{{ message }}\n\nLabel (bad or good):")


def fake_data(**options: object) -> tuple[str, ...]:
    """The argv of a fake: `fake_data(faulty=2, endless=True)`."""
    argv = [sys.executable, "-P", str(Path(__file__).resolve())]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        argv += [flag] if value is True else [f"{flag}={value}"]
    return tuple(argv)


class Fake:
    """Answers commands."""

    def __init__(self, *, faulty: int, endless: bool, die_on: str, hostile: bool) -> None:
        self.faulty, self.endless, self.die_on = faulty, endless, die_on
        self.evil = HOSTILE if hostile else ""
        self.spec = DataSpec(source="")
        self.with_tokens = False
        self.max_length = 0
        self.waiting = b""

    def main(self) -> NoReturn:
        while True:
            self.do(self.next_command())

    def next_command(self) -> AnyDataCommand:
        while b"\n" not in self.waiting:
            got = os.read(0, 1 << 16)
            if not got:
                os._exit(0)
            self.waiting += got
        line, _, self.waiting = self.waiting.partition(b"\n")
        return decode_data_command(line)

    def answer(self, answer: AnyDataAnswer) -> None:
        os.write(1, encode_message(answer))

    def do(self, command: AnyDataCommand) -> None:
        if type(command).__name__ == self.die_on:
            os.kill(os.getpid(), signal.SIGKILL)
        match command:
            case OpenData():
                self.open(command)
            case NameColumns():
                self.answer(ColumnsNamed(id=command.id, present=self.present))
            case ShowRows(first=first, count=count):
                numbers = range(first, min(first + count, ROWS + 1))
                self.answer(RowsShown(id=command.id, rows=tuple(self.row(number) for number in numbers)))
            case SurveyData():
                self.survey(command.id)
            case CancelData():
                return

    def open(self, command: OpenData) -> None:
        spec = command.spec
        failure = self.failure(spec, command.model)
        if failure is not None:
            code, title, hint = failure
            self.answer(DataFailed(id=command.id, code=code, title=title, hint=hint))
            return
        self.spec, self.with_tokens, self.max_length = spec, bool(command.model), command.max_length
        template = spec.template or (TEMPLATE if self.columns.shape == "labelled" else None)
        self.answer(DataOpened(id=command.id, name=spec.source, columns=self.columns, template=template))

    def failure(self, spec: DataSpec, model: str) -> tuple[str, str, str] | None:
        if model == "no-such-model":
            return "model-not-found", "There is no model no-such-model here", "Pick another one"
        if "missing" in spec.source:
            return "data-not-found", f"There is no file or folder {spec.source}", "Check the path"
        if "offline" in spec.source:
            return "download-failed", "The hub can't be reached: HF_HUB_OFFLINE is set", "Name a file"
        if "unclear" in spec.source and not spec.text_column:
            return (
                "data-fault",
                'It is not clear what to learn from the columns "review", "stars", "id"',
                "Say it with --text-column, --prompt-column, --completion-column or --label-column",
            )
        return None

    @property
    def present(self) -> tuple[str, ...]:
        return tuple(name + self.evil for name in ("review", "stars", "id"))

    @property
    def columns(self) -> Columns:
        spec, (review, stars, _) = self.spec, self.present
        given = bool(spec.shape or spec.text_column or spec.label_column)
        shape = spec.shape or ("labelled" if spec.label_column or not given else "text")
        return Columns(
            shape=shape,
            text=spec.text_column or review,
            label=(spec.label_column or stars) if shape == "labelled" else "",
            present=self.present,
            guessed=not given,
            why="As it was set" if given else f'The column "{stars}" labels the texts in the column "{review}"',
        )

    def row(self, number: int) -> RowView:
        film = f"Film number {number} was fine.{self.evil}"
        raw = dict(zip(self.present, (film, str(number % 2), str(number)), strict=True))
        if number <= self.faulty:
            return RowView(row=number, file="reviews.jsonl", line=number, raw=raw, fault=self.fault(number))
        word = ("bad", "good")[number % 2]
        tokens = tuple(self.tokens(film, word)) if self.with_tokens else ()
        return RowView(
            row=number,
            file="reviews.jsonl",
            line=number,
            raw=raw,
            parts=(Part(text=f"{film}\n\nLabel (bad or good):", trained=False), Part(text=f" {word}", trained=True)),
            tokens=tokens,
            token_count=len(tokens),
            cut_tokens=sum(token.fate == "cut" for token in tokens),
        )

    def tokens(self, film: str, word: str) -> Iterator[TokenView]:
        for place, text in enumerate(film.split(" ")):
            cut = bool(self.max_length) and place >= 3
            yield TokenView(id=place, text=(" " if place else "") + text, fate="cut" if cut else "masked")
        yield TokenView(id=90, text="\n\n", fate="masked")
        yield TokenView(id=91, text="Label:", fate="masked")
        yield TokenView(id=92, text=f" {word}", fate="trained")
        yield TokenView(id=93, text="<|end|>", fate="trained")

    def fault(self, number: int) -> Fault:
        return Fault(
            kind="wrong-type",
            row=number,
            file="reviews.jsonl",
            line=number,
            column=self.present[0],
            found=f"the number 5{self.evil}",
            expected="text",
            hint="Correct it, or leave such rows out with --skip-faulty",
        )

    def survey(self, id: int) -> None:
        self.answer(SurveyProgress(id=id, rows=ROWS // 2))
        while self.endless:
            select.select([0], [], [])
            if isinstance(self.next_command(), CancelData):
                self.answer(DataFailed(id=id, code="cancelled", title="Reading the data was cancelled"))
                return
        self.answer(Surveyed(id=id, report=self.report))

    @property
    def report(self) -> Report:
        faults = tuple(self.fault(number) for number in range(1, min(self.faulty, 3) + 1))
        good = ROWS - self.faulty
        labelled = self.columns.shape == "labelled"
        labels = (
            LabelCount(label=f"0{self.evil}", word="bad", rows=good // 4),
            LabelCount(label="1", word="good", rows=good - good // 4),
        )
        return Report(
            columns=self.columns,
            unit="tokens" if self.with_tokens else "characters",
            rows=ROWS,
            faulty_rows=self.faulty,
            faults=(FaultCount(kind="wrong-type", count=self.faulty, first=faults),) if faults else (),
            empty_rows=0,
            duplicate_rows=2,
            max_length=self.max_length,
            truncated_rows=10 if self.max_length else 0,
            lost_tokens=120 if self.max_length else 0,
            pieces=good,
            tokens=60 * good,
            trained_tokens=2 * good,
            lengths=Histogram(width=20, counts=(2, 9, 14, 8, 4, 2, 1), longest=133, median=52, mean=55.0),
            labels=labels if labelled else (),
            notes=("2 rows are duplicates of an earlier one",),
        )


def main() -> NoReturn:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faulty", type=int, default=0)
    parser.add_argument("--endless", action="store_true")
    parser.add_argument("--die-on", default="")
    parser.add_argument("--hostile", action="store_true")
    Fake(**vars(parser.parse_args())).main()


if __name__ == "__main__":
    main()
