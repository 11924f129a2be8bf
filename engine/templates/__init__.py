"""Prompt templates: the file format, rendering, and the shipped library.

    format      a TOML file -> a `Template`, or its faults with their lines
    library     the shipped templates and the user's, kept up to date
    rendering   a `Prompt` -> the text that the model sees
    fitting     the same, without the oldest turns where all would be too long
    sandbox     the Jinja2 environment that hostile templates can't hang, flood or leave

Importing this package does not import Jinja2.
"""

from __future__ import annotations

from engine.sampling import sampling_for
from engine.templates.fitting import Fitted, fit
from engine.templates.format import Parsed, parse
from engine.templates.library import Library, Listing, default_template_id
from engine.templates.rendering import check_usable, render

__all__ = [
    "Fitted",
    "Library",
    "Listing",
    "Parsed",
    "check_usable",
    "default_template_id",
    "fit",
    "parse",
    "render",
    "sampling_for",
]
