"""Files that were taken in, how their columns were read, and what went back (C3, C4, C6)."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

imports = Table(
    "imports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("file", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("source", String(60), nullable=False),
    Column("form", String(40), nullable=False),
    Column("encoding", String(20), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("error_file", String(255)),
    # running, done, stopped, failed; with the sentence that says why.
    Column("state", String(10), nullable=False),
    Column("problem", Text, nullable=False, default=""),
    Column("by", String(60), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_imports_kind", "kind", "source", "began_at"),
)

import_mappings = Table(
    "import_mappings",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("kind", String(40), primary_key=True),
    # {"heading in the file": "field"}
    Column("mapping", JSON, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", String(60), nullable=False),
)

write_backs = Table(
    "write_backs",
    metadata,
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), primary_key=True),
    # The layout's or webhook's name.
    Column("target", String(60), primary_key=True),
    # written, failed
    Column("state", String(10), nullable=False),
    Column("problem", Text, nullable=False, default=""),
    Column("tries", Integer, nullable=False, default=0),
    Column("at", UtcDateTime, nullable=False),
)
