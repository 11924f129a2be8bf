"""Textual style sheets and themes."""
