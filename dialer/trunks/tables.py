"""Trunks that failed: what is not in here works."""

from sqlalchemy import Column, Integer, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

trunk_states = Table(
    "trunk_states",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("state", String(12), nullable=False),
    # Failures in a row, and the first of them.
    Column("failures", Integer, nullable=False),
    Column("first_failed_at", UtcDateTime),
    Column("opened_at", UtcDateTime),
    Column("retry_at", UtcDateTime),
    # How often it was tried in vain, and the call that tries it now.
    Column("waits", Integer, nullable=False),
    Column("probe", Id),
    Column("why", String(80), nullable=False),
)
