"""Transcripts of archived recordings: what was said, by whom, when (Q1)."""
