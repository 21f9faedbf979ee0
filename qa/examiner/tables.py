"""Packages asked for on the page. A package's row is the queue of the worker that makes it (Q7)."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

packages = Table(
    "packages",
    metadata,
    # Also the name of its file.
    Column("id", Id, primary_key=True),
    # Either one follow-up, or the number of a policy or order; the other one is empty.
    Column("follow_up_id", String(26), nullable=False),
    Column("policy", String(100), nullable=False),
    Column("asked_by", String(60), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    # waiting, packing, ready, stopped, failed, gone
    Column("state", String(10), nullable=False),
    # Not before this time. A process that packs keeps this ahead of the others' clocks.
    Column("due_at", UtcDateTime, nullable=False),
    # Calls packed, of so many.
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("sha256", String(64)),
    Column("bytes", BigInteger),
    Column("error", Text),
    Column("finished_at", UtcDateTime),
    Index("ix_packages_queue", "state", "due_at"),
)
