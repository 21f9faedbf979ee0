"""Agents' own tests of their phones."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, text

from dialer.storage.base import Id, UtcDateTime, metadata

phone_tests = Table(
    "phone_tests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("agent_id", Id, nullable=False),
    Column("extension", String(20), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    # By the service that has the phone: it rings from here on.
    Column("taken_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    # None of one that ended: what became of it was not seen.
    Column("reached", String(20)),
    Column("seconds", Float),
    # Packets of sound; None: not counted.
    Column("from_phone", Integer),
    Column("to_phone", Integer),
    Column("said", Boolean),
    Index("ix_phone_tests_agent_id", "agent_id", "asked_at"),
    Index("ix_phone_tests_asked_at", "asked_at"),
    # One test at a time rings a phone.
    Index(
        "uq_phone_tests_open",
        "extension",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)
