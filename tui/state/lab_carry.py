"""What still holds of a table when what is compared was changed: shown until its cells are looked up anew. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.lab.events import CellDone
from engine.lab.records import Lab, Place, Result, Variation
from engine.lab.summary import MetricSummary, Summary


def carried_cells(before: Lab, results: dict[Place, Result], after: Lab) -> list[CellDone]:
    """The results of cells that ask the same as before, at their places now."""
    if not _is_asked_alike(before, after):
        return []
    columns = _places_now(before.variations, after.variations)
    rows: dict[object, list[int]] = {}
    for number, row in enumerate(after.rows):
        rows.setdefault(row, []).append(number)
    parts = set(after.parts)
    return [
        CellDone(row=row, variation=column, part=place.part, result=result, known=True)
        for place, result in results.items()
        if place.part in parts
        for column in columns[place.variation]
        for row in rows.get(before.rows[place.row], ())
    ]


def carried_summary(before: Lab, summary: Summary | None, after: Lab) -> Summary | None:
    """The figures of columns that ask the same as before; None where there are none."""
    if summary is None or not _is_asked_alike(before, after):
        return None
    by_metric = {metric.metric: metric for metric in summary.metrics}
    if not all(metric in by_metric for metric in after.metrics):
        return None
    columns = _places_now(before.variations, after.variations)
    return Summary(metrics=tuple(_moved(by_metric[metric], columns, len(after.variations)) for metric in after.metrics))


def _moved(metric: MetricSummary, columns: Sequence[Sequence[int]], count: int) -> MetricSummary:
    now = {place: figure for figure, places in zip(metric.figures, columns, strict=False) for place in places}
    best = next(iter(columns[metric.best]), None) if metric.best is not None else None
    is_whole = best is not None and all(columns)
    return msgspec.structs.replace(
        metric,
        figures=tuple(now.get(place) for place in range(count)),
        best=best,
        verdict=metric.verdict if is_whole else "",
        difference=metric.difference if is_whole else None,
    )


def _is_asked_alike(before: Lab, after: Lab) -> bool:
    fields = ("labels", "normalisation", "seed", "device", "dtype", "threads")
    return all(getattr(before, field) == getattr(after, field) for field in fields)


def _places_now(before: Sequence[Variation], after: Sequence[Variation]) -> list[list[int]]:
    """For each column where it is now, also as a copy; what it is called decides nothing."""
    now = [msgspec.structs.replace(variation, name="") for variation in after]
    then = (msgspec.structs.replace(variation, name="") for variation in before)
    return [[place for place, other in enumerate(now) if other == variation] for variation in then]
