"""All that is asked of a table, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.lab.records import Lab, Place

BATCH_CELLS = 64
"""Asked for at once; the host parts them further where memory wants it."""


def places_of(lab: Lab) -> list[Place]:
    """All that is asked of the cells of a lab: column by column, as prompts of one template begin alike."""
    parts = [lab.parts_of(row) for row in lab.rows]
    return [
        Place(row=row, variation=variation, part=part)
        for variation in range(len(lab.variations))
        for part in lab.parts
        for row in range(len(lab.rows))
        if part in parts[row]
    ]


def batches(places: Iterable[Place]) -> Iterator[list[Place]]:
    """Part places into neighbours of the same part and column, so many at once."""
    batch: list[Place] = []
    for place in places:
        if batch and (
            len(batch) == BATCH_CELLS or (place.variation, place.part) != (batch[0].variation, batch[0].part)
        ):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
