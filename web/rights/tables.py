"""Reviews of how rights were used: one for each month, signed (R12)."""

from sqlalchemy import JSON, Column, String, Table, Text

from dialer.storage.base import UtcDateTime, metadata

rights_reviews = Table(
    "rights_reviews",
    metadata,
    # As 2026-11.
    Column("month", String(7), primary_key=True),
    Column("by", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    # What was signed: [[who, kind of event, times, of how many]].
    Column("seen", JSON, nullable=False),
)
