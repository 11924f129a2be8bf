"""The engine of Tunesmith: models, templates, conversations and generation, without a screen."""

__version__ = "0.1.0"
