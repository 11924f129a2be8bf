"""Sources of data, the mapping of their columns, what the model will see, and packing.

    source, lines, json_file, tables, columnar, plain_text, hub    rows and their faults
    columns, labels, shaping                                       what is in a row
    dressing, frames                                               the text that the model sees
    encoding                                                       tokens, trained and masked
    pipeline, tally                                                all of it, and counting
    preparation, table, splitting, packing                         what training reads
    inspection                                                     what a person looks at

Heavy libraries are imported with the first row that needs them.
"""

from __future__ import annotations

from engine.data.preparation import Prepared, prepare

__all__ = ["Prepared", "prepare"]
