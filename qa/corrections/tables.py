"""Corrected words. A place is a segment's position in its transcript and a word's index in it."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

word_corrections = Table(
    "word_corrections",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("segment", Integer, primary_key=True),
    Column("word", Integer, primary_key=True),
    # What the machine heard, and what was said.
    Column("heard", String(200), nullable=False),
    Column("said", String(200), nullable=False),
    Column("corrected_by", String(60), nullable=False),
    Column("corrected_at", UtcDateTime, nullable=False),
)
