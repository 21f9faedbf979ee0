"""Alarms."""

from sqlalchemy import JSON, Column, Index, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

alarms = Table(
    "alarms",
    metadata,
    Column("id", Id, primary_key=True),
    # What kind of trouble: its sentence, in each language, is made from kind and data.
    Column("kind", String(40), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),
    Index("ix_alarms_open", "cleared_at", "kind", "subject"),
)
