"""A lab while it is put together: what is compared, and how it changes with each thing that a person does. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

import msgspec

from engine.lab.inputs import DataFile
from engine.lab.records import Lab, Row, Variation
from engine.protocol import SamplingChange, Template
from engine.sampling import sampling_for
from tui.state.sampling_fields import change_between

FIRST_NAME = "My lab"
T = TypeVar("T")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the screen."""

    lab: Lab
    data: DataFile | None = None
    """Where the rows behind the typed ones came from."""
    typed: int = 0
    """How many rows are not of that file."""

    @property
    def can_run(self) -> bool:
        """Whether there is something to compare."""
        return bool(self.lab.rows and self.lab.variations)

    def with_lab(self, **changes: object) -> Draft:
        """Change fields of the lab."""
        return msgspec.structs.replace(self, lab=msgspec.structs.replace(self.lab, **changes))

    # Columns

    def with_column(self, variation: Variation, place: int | None = None) -> Draft:
        """Put a column at a place, at the end where none is named; its name is made unlike the others'."""
        others = list(self.lab.variations)
        named = msgspec.structs.replace(variation, name=unlike(variation.name, (other.name for other in others)))
        others.insert(len(others) if place is None else place, named)
        return self.with_lab(variations=tuple(others))

    def with_changed_column(self, place: int, variation: Variation) -> Draft:
        """Put another column in the place of one."""
        return self.without_column(place).with_column(variation, place)

    def without_column(self, place: int) -> Draft:
        """Take a column away."""
        return self.with_lab(variations=_without(self.lab.variations, place))

    # Rows

    def with_row(self, row: Row) -> Draft:
        """Add a typed row, behind the typed ones and before those of a file."""
        rows = (*self.lab.rows[: self.typed], row, *self.lab.rows[self.typed :])
        return msgspec.structs.replace(self.with_lab(rows=rows), typed=self.typed + 1)

    def with_changed_row(self, place: int, row: Row) -> Draft:
        """Change a row; where it is of a file, the rows are the lab's own from then on."""
        rows = (*self.lab.rows[:place], row, *self.lab.rows[place + 1 :])
        return self._own(place).with_lab(rows=rows)

    def without_row(self, place: int) -> Draft:
        """Take a row away; where it is of a file, the rows are the lab's own from then on."""
        was_typed = place < self.typed
        draft = self._own(place).with_lab(rows=_without(self.lab.rows, place))
        return msgspec.structs.replace(draft, typed=draft.typed - 1 if was_typed else len(draft.lab.rows))

    def with_file(self, data: DataFile | None, rows: Sequence[Row]) -> Draft:
        """Take the rows of a file behind the typed ones, in place of those of another; None takes them away."""
        draft = self.with_lab(rows=(*self.lab.rows[: self.typed], *rows))
        return msgspec.structs.replace(draft, data=data)

    def _own(self, place: int) -> Draft:
        if place < self.typed:
            return self
        return msgspec.structs.replace(self, data=None, typed=len(self.lab.rows))


def with_template(draft: Draft, template: Template, like: Variation, settings: SamplingChange) -> Draft:
    """Put a template beside the others, asked as the last column asks; nothing changes where it is there already.

    Args:
        draft: What is compared.
        template: What shall be compared too.
        like: How to ask where there is no column yet.
        settings: The user's own sampling.
    """
    columns = draft.lab.variations
    if any(column.template == template for column in columns):
        return draft
    last = columns[-1] if columns else like
    if not last.model:
        return draft
    known = {variable.name for variable in template.variables}
    return draft.with_column(
        Variation(
            name=template.name,
            model=last.model,
            template=template,
            variables={name: value for name, value in last.variables.items() if name in known},
            sampling=sampling_for(settings, template.sampling),
        )
    )


def rewritten(before: Sequence[Template], after: Sequence[Template], visited: Collection[str]) -> tuple[Template, ...]:
    """Of the templates that somebody had open, those that say something new now; names alone are nothing new."""
    known = {_said(template) for template in before}
    return tuple(template for template in after if template.id in visited and _said(template) not in known)


def with_rewritten(draft: Draft, place: int, templates: Sequence[Template], settings: SamplingChange) -> Draft:
    """Put templates that were made from a column's beside it, asked as it asks; those that are there already are not.

    Args:
        draft: What is compared.
        place: The column.
        templates: What was made of its template.
        settings: The user's own sampling: what was set for the column wins over a template's, as it did before.
    """
    column = draft.lab.variations[place]
    set_by_hand = change_between(sampling_for(settings, column.template.sampling), column.sampling)
    is_named_by_hand = not is_named_after(column.name, column.template.name)
    for template in templates:
        if any(_said(other.template) == _said(template) for other in draft.lab.variations):
            continue
        known = {variable.name for variable in template.variables}
        place += 1
        changed = msgspec.structs.replace(
            column,
            name=column.name if is_named_by_hand else template.name,
            template=template,
            variables={name: value for name, value in column.variables.items() if name in known},
            sampling=sampling_for(settings, template.sampling, set_by_hand),
        )
        draft = draft.with_column(changed, place)
    return draft


def _said(template: Template) -> bytes:
    """All of a template that decides what a model says, to be compared: everything but its names."""
    return msgspec.json.encode(msgspec.structs.replace(template, id="", name="", description=""))


def first_difference(before: Sequence[object], after: Sequence[object]) -> int:
    """The first place at which two sequences differ; their shorter length where one begins the other."""
    pairs = zip(before, after, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))


def own_rows(lab: Lab) -> Draft:
    """A lab whose rows are all its own."""
    return Draft(lab=lab, typed=len(lab.rows))


def unlike(name: str, others: Iterable[str]) -> str:
    """A name that none of the others has, by a number behind it."""
    taken = set(others)
    if name not in taken:
        return name
    base, _, number = name.rpartition(" ")
    base = base if base and number.isdecimal() else name
    return next(found for count in range(2, len(taken) + 3) if (found := f"{base} {count}") not in taken)


def is_named_after(name: str, template: str) -> bool:
    """Whether a column has its template's name, perhaps with a number behind it."""
    return name == template or (name.startswith(f"{template} ") and name[len(template) + 1 :].isdecimal())


def _without(values: tuple[T, ...], place: int) -> tuple[T, ...]:
    return (*values[:place], *values[place + 1 :])
