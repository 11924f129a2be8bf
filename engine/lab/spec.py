"""The spec file of a lab: TOML to a `Lab`, or all that is wrong with it, each with its line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec

from engine.data.rows import label_key
from engine.errors import Misuse, TunesmithError
from engine.fields import Fields, Problem, nearest, short
from engine.lab.inputs import DataFile, read_rows
from engine.lab.records import METRICS, Lab, Label, Metric, Row
from engine.lab.variations import VariationReader
from engine.protocol import Normalisation
from engine.sampling import LIMITS, read_sampling
from engine.templates import Library
from engine.templates.library import read_text
from engine.toml import TomlFault, read_toml

NORMALISATIONS = ("choice", "token", "character", "none")
MAX_CELLS = 200_000
_MAX_SHOWN = 20
_LABELS_HINT = 'Give each label its word under [labels], as 1 = "positive"'


class LabFault(Misuse):
    """A spec file has values that can't be used."""

    code = "lab-fault"


class Parsed(msgspec.Struct, frozen=True):
    """What came of a spec file: a lab, or problems."""

    lab: Lab | None
    problems: tuple[Problem, ...] = ()
    data: DataFile | None = None
    """The file that it names; its rows are behind those that are typed in the spec."""
    typed: int = 0
    """How many of the rows are."""


def load_spec(file: Path, library: Library, *, limit: int = 0) -> Lab:
    """Read a spec file and the rows that it names.

    Args:
        file: The TOML.
        library: Where templates are looked for by name.
        limit: Take so many rows at most, whatever the file says; 0 leaves that to the file.

    Raises:
        LabFault: What is wrong, all of it, with lines.
        TemplateFault: It is no text file.
    """
    lab = read_spec(file, library, limit=limit).lab
    assert lab is not None
    return lab


def read_spec(file: Path, library: Library, *, limit: int = 0) -> Parsed:
    """The same, with where its rows come from.

    Raises:
        LabFault: As `load_spec`.
        TemplateFault: As `load_spec`.
    """
    parsed = parse_spec(read_text(file), name=file.stem, folder=file.absolute().parent, library=library, limit=limit)
    if parsed.lab is not None:
        return parsed
    problems = parsed.problems
    if len(problems) == 1:
        raise LabFault(f"{file}, line {problems[0].line}: {problems[0].title}", problems[0].hint or "Mend that line")
    lines = [f"line {problem.line}: {problem.title}. {problem.hint}".rstrip(" .") for problem in problems]
    more = [f"and {len(lines) - _MAX_SHOWN} more"] if len(lines) > _MAX_SHOWN else []
    raise LabFault(f"{file} has {len(problems)} faults", "\n".join([*lines[:_MAX_SHOWN], *more]))


def parse_spec(text: str, *, name: str, folder: Path, library: Library, limit: int = 0) -> Parsed:
    """Read the text of a spec file.

    Args:
        text: The TOML.
        name: What the lab is called where the text does not say.
        folder: From where relative paths count.
        library: Where templates are looked for by name.
        limit: As for `load_spec`.
    """
    try:
        document = read_toml(text)
    except TomlFault as fault:
        return Parsed(None, (Problem(fault.line, f"it is not TOML: {fault.title}"),))
    problems: list[Problem] = []
    fields = Fields(document, (), document.values, problems)
    reader = _Reader(fields, folder, library, limit)
    lab = reader.read(name)
    if problems:
        return Parsed(None, tuple(sorted(problems, key=lambda problem: problem.line)))
    return Parsed(lab, data=reader.data, typed=reader.typed)


class _Reader:
    """Reads one document."""

    def __init__(self, fields: Fields, folder: Path, library: Library, limit: int) -> None:
        self._fields, self._folder, self._library, self._limit = fields, folder, library, limit
        self.data: DataFile | None = None
        self.typed = 0

    def read(self, name: str) -> Lab:
        fields = self._fields
        name = fields.line_of_text("name", name) or name
        model = fields.line_of_text("model")
        metrics = self._metrics()
        normalisation = fields.choice("normalisation", NORMALISATIONS, "choice")
        seed = self._seed()
        labels = self._labels()
        sampling = read_sampling(fields.table("sampling"))
        rows = self._rows(metrics, labels)
        variations = VariationReader(self._folder, self._library, model, sampling).read(fields)
        fields.finish()
        if len(rows) * len(variations) > MAX_CELLS:
            title = f"{len(rows):,} rows and {len(variations):,} variations make more than {MAX_CELLS:,} cells"
            fields.problems.append(Problem(1, title, "Take fewer rows with limit under [data]"))
        return Lab(
            name=name,
            rows=rows,
            variations=variations,
            metrics=metrics,
            labels=labels,
            normalisation=cast(Normalisation, normalisation),
            seed=seed,
        )

    def _seed(self) -> int:
        seed = self._fields.whole("seed") or 0
        if not LIMITS["seed"].admit(seed):
            self._fields.complain("seed", "seed is out of range", f"It has to be {LIMITS['seed']}")
            return 0
        return seed

    def _metrics(self) -> tuple[Metric, ...]:
        words = self._fields.texts("scores")
        for word in words:
            if word not in METRICS:
                near = nearest(word, METRICS)
                hint = f'Did you mean "{near}"? ' if near else ""
                self._fields.complain(
                    "scores", f"{short(word)} is not a score", f"{hint}There are: {', '.join(METRICS)}"
                )
        return tuple(metric for metric in METRICS if metric in words)

    def _labels(self) -> tuple[Label, ...]:
        fields = self._fields.table("labels")
        labels = []
        for value in fields.names():
            word = fields.line_of_text(value)
            if not word:
                fields.complain(value, f"the label {short(value)} has no word", 'Write it as 1 = "positive"')
            labels.append(Label(value=label_key(value) or value, word=word))
        words = [label.word for label in labels if label.word]
        if len(set(words)) < len(words):
            self._fields.complain("labels", "two labels have the same word", "Give each label a word of its own")
        return tuple(labels)

    def _rows(self, metrics: Sequence[Metric], labels: Sequence[Label]) -> tuple[Row, ...]:
        fields = self._fields
        typed = tuple(self._typed(item) for item in fields.tables("inputs"))
        typed = typed[: self._limit] if self._limit else typed
        self.typed = len(typed)
        data = fields.table("data")
        file = data.line_of_text("file")
        limit, skip = self._count(data, "limit"), self._count(data, "skip")
        found = DataFile(
            file=self._folder / Path(file).expanduser(),
            input=data.text("input"),
            reference=data.text("reference"),
            label=data.text("label"),
            limit=min(filter(None, (limit, self._limit and self._limit - len(typed))), default=0),
            skip=skip,
        )
        data.finish()
        if "data" in fields and not file:
            data.complain("file", "[data] names no file", 'Write file = "reviews.jsonl"')
            return typed
        if "data" not in fields:
            if not typed and "inputs" not in fields:
                hint = "Write rows under [[inputs]], or name a file under [data]"
                fields.problems.append(Problem(1, "there is nothing to compare on", hint))
            return self._checked(typed, metrics, labels)
        if self._limit and len(typed) == self._limit:
            return self._checked(typed, metrics, labels)
        self.data = found
        try:
            return self._checked((*typed, *read_rows(found)), metrics, labels)
        except TunesmithError as error:
            data.complain("file", error.title, error.hint)
            return typed

    def _checked(self, rows: tuple[Row, ...], metrics: Sequence[Metric], labels: Sequence[Label]) -> tuple[Row, ...]:
        """Complain about scores for which the rows lack something."""
        lab = Lab(name="", rows=rows, variations=(), labels=tuple(labels))
        fields = self._fields
        if "accuracy" in metrics and len(labels) < 2:
            fields.complain("scores", "accuracy needs the words of at least two labels", _LABELS_HINT)
        values = {label.value for label in labels}
        unknown = sorted({row.label for row in rows if row.label} - values)
        if labels and unknown and "accuracy" in metrics:
            fields.complain("labels", f"the rows have a label {short(unknown[0])}, which has no word", _LABELS_HINT)
        elif "accuracy" in metrics and rows and not any(row.label for row in rows):
            fields.complain("scores", "accuracy needs labels, and no row has one", 'Name their column: label = "…"')
        for metric in ("exact", "perplexity"):
            if metric in metrics and rows and not any(lab.reference(row) for row in rows):
                hint = 'Name their column under [data], as reference = "…"'
                fields.complain("scores", f"{metric} needs references, and no row has one", hint)
        return rows

    def _typed(self, fields: Fields) -> Row:
        row = Row(
            input=fields.text("input"),
            reference=fields.text("reference"),
            label=label_key(fields.scalar("label")) or "",
        )
        if not row.input.strip():
            fields.complain("input", "an input is empty", 'Write input = "…"')
        fields.finish()
        return row

    def _count(self, fields: Fields, key: str) -> int:
        count = fields.whole(key) or 0
        if count < 0:
            fields.complain(key, f"{key} is below 0", "It is a count of rows")
        return max(0, count)
