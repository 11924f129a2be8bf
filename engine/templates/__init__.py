"""Prompt templates: the file format, rendering, and the shipped library."""
