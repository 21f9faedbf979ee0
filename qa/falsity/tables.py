"""Doubtful follow-ups: one row a call whose form was held against what was heard."""

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

doubts = Table(
    "doubts",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    # noted, suspected, cleared, confirmed
    Column("state", String(12), nullable=False),
    # 0 to 100
    Column("score", Float, nullable=False),
    # [{reason, strength, start, end, words, questions, data}, ...], the strongest first
    Column("reasons", JSON, nullable=False),
    Column("scored_at", UtcDateTime, nullable=False),
    Column("decided_by", String(60)),
    Column("decided_at", UtcDateTime),
    Column("note", Text),
    Index("ix_doubts_state", "state", "score"),
)
