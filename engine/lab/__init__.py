"""The prompt lab: rows against variations, as a table that fills while it runs, and never computes a cell twice.

    records      `Lab`: rows, `Variation`s (template, variables, sampling, model), labels, scores, seed
    spec         a TOML file -> a `Lab`, or all that is wrong with it
    store        `LabStore`: finished cells by content, labs by name; one file for the program and the command line
    runner       `LabRunner`: fills a table through a model host of its own, in batches
    events       what happens meanwhile
    table        `Table`: the sum of the events, as a screen draws it
    scores       what each row adds to a score
    summary      scores with intervals, and whether the best variation is really better than the second
    statistics   intervals and the paired bootstrap
    figures      a cell as one flat record
    export       a table as CSV, JSON or Markdown

How a screen uses it:

    store = LabStore(paths.labs_file)
    runner = LabRunner(store, paths)
    table = Table(lab)
    async for event in runner.run(lab):       # LabStarted, CellDone(known=True)…, ModelLoading…, CellStarted, CellGrew…
        changed = table.apply(event)          # (row, variation) of the cell to draw anew, or None
    await runner.pause(); runner.resume(); await runner.cancel()      # at any moment, from elsewhere
    table.cell(row, variation)                # Cell: reply, labels, reference, growing, faults
    table.summary()                           # Summary: for each score, figures with intervals, best, a sentence

To add a column, run a lab with one more variation: what is known comes at once. A runner does one run at a time; the
table of an earlier one is `stored_table(store, paths, store.load(name))`, which computes nothing.
"""

from __future__ import annotations

from engine.lab.records import Lab, Label, Row, Variation
from engine.lab.runner import LabRunner
from engine.lab.store import LabStore
from engine.lab.table import Cell, Table

__all__ = ["Cell", "Lab", "LabRunner", "LabStore", "Label", "Row", "Table", "Variation"]
