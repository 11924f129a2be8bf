"""How far what comes before a run's first step has come, in words."""

from __future__ import annotations

from engine.figures import human_bytes, human_duration, plural
from engine.runs.events import Fetched, RowsRead


def share_here(event: Fetched | RowsRead | None) -> float:
    """How much of a download is here, from 0 to 1; 0 where that is not known."""
    if not isinstance(event, Fetched) or not event.total_bytes:
        return 0.0
    return min(1.0, event.done_bytes / event.total_bytes)


def arriving_words(event: Fetched | RowsRead) -> str:
    """The model comes from the hub: 120 MB of 548 MB (22%), 5.1 MB/s, 1 min 24 s left."""
    if isinstance(event, RowsRead):
        return f"The data is being turned into tokens: {plural(event.rows, 'row')} so far"
    parts = [f"{human_bytes(event.done_bytes)} of {human_bytes(event.total_bytes)} ({share_here(event):.0%})"]
    if event.bytes_per_s > 0:
        parts.append(f"{human_bytes(event.bytes_per_s)}/s")
    if event.eta_s is not None:
        parts.append(f"{human_duration(event.eta_s)} left")
    return f"The {event.what} comes from the hub: {', '.join(parts)}"
