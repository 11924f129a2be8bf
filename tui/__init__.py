"""The terminal front end of Tunesmith, over the engine."""
