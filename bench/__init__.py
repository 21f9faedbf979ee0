"""Measurements: what this software does to labelled calls, and how fast."""
