"""Small drawings: meters, curves."""
