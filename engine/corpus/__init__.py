"""What data to train on, and what was found in it: frozen structs that every part of the program may import.

    spec      what is asked for: the source, its columns, how a row becomes text
    report    what was found: faults, lengths, labels
    views     rows as a person looks at them
    messages  what the process that reads data is asked, and what it answers
    client    starts that process

Reading itself is done by `engine.data`, which knows the heavy libraries.
"""

from __future__ import annotations

from engine.corpus.report import Fault, FaultCount, Histogram, LabelCount, Report
from engine.corpus.spec import COLUMN_FIELDS, Columns, DataSpec, Shape
from engine.corpus.views import Part, RowView, TokenView

__all__ = [
    "COLUMN_FIELDS",
    "Columns",
    "DataSpec",
    "Fault",
    "FaultCount",
    "Histogram",
    "LabelCount",
    "Part",
    "Report",
    "RowView",
    "Shape",
    "TokenView",
]
