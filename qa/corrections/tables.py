"""Corrected words. A place is a segment's position in its transcript and a word's index in it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

# Rows are added and never overwritten: who put which word right stays to be read (Q7).
word_corrections = Table(
    "word_corrections",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("segment", Integer, nullable=False),
    Column("word", Integer, nullable=False),
    # What the machine heard, and what was said.
    Column("heard", String(200), nullable=False),
    Column("said", String(200), nullable=False),
    Column("corrected_by", String(60), nullable=False),
    Column("corrected_at", UtcDateTime, nullable=False),
    # Put right once more, or the word is not in the newer transcript; NULL: in force.
    Column("replaced_at", UtcDateTime),
)
