"""Follow-ups: the row is the queue, its due time indexed."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from dialer.storage.base import Id, UtcDateTime, metadata

follow_ups = Table(
    "follow_ups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("playbook", String(60), nullable=False),
    Column("playbook_version", Integer, nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("occasion_id", Id, ForeignKey("occasions.id"), nullable=False),
    Column("branch", String(60), nullable=False),
    Column("plate", String(16)),
    # The number the next try dials.
    Column("number", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    # Not before this time; after a try, the time of the next one.
    Column("due_at", UtcDateTime, nullable=False),
    Column("target_at", UtcDateTime, nullable=False),
    Column("limit_at", UtcDateTime, nullable=False),
    # Tries that counted, by outcome; {"busy": 2}.
    Column("tries", JSON, nullable=False),
    # Why it stands where it stands, in a word: an outcome, a disposition, "new".
    Column("reason", String(40), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("playbook", "occasion_id"),
    Index("ix_follow_ups_queue", "state", "limit_at", "due_at"),
)
