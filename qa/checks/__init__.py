"""Checks of transcripts against a rule set, kept with their evidence (Q4)."""
