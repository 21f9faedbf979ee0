"""Halts: what is stopped, and what was."""

from sqlalchemy import Column, Index, String, Table, Text, text

from dialer.storage.base import Id, UtcDateTime, metadata

halts = Table(
    "halts",
    metadata,
    Column("id", Id, primary_key=True),
    # The playbook, or "" for everything.
    Column("holds", String(80), nullable=False),
    Column("by", String(80), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", String(80)),
    # What every call asks is as small as what is stopped: nearly always empty.
    Index(
        "uq_halts_open",
        "holds",
        unique=True,
        sqlite_where=text("lifted_at IS NULL"),
        postgresql_where=text("lifted_at IS NULL"),
    ),
)
