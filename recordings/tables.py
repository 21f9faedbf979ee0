"""Recordings of calls, clips of what was heard before the answer, and what waits to be taken over."""

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

# Paths are relative to the archive's root, with "/".
_PATH = String(400)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, unique=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), nullable=False, index=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("branch", String(60), nullable=False),
    Column("plate", String(16)),
    Column("state", String(16), nullable=False),
    Column("path", _PATH),
    Column("listen_path", _PATH),
    Column("peaks_path", _PATH),
    Column("sha256", String(64)),
    Column("bytes", BigInteger),
    Column("seconds", Float),
    # From the customer's answer to the end; NULL where the call's rows do not know the answer.
    Column("call_seconds", Float),
    Column("gap_seconds", Float),
    Column("agent_speech_share", Float),
    Column("customer_speech_share", Float),
    Column("problems", JSON, nullable=False),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime),
    Index("ix_recordings_plate", "plate", "created_at"),
    Index("ix_recordings_state", "state", "created_at"),
)

early_clips = Table(
    "early_clips",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("path", _PATH, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

takeovers = Table(
    "takeovers",
    metadata,
    # One row while files of this attempt may still lie at the source; gone when nothing is left to do.
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False, index=True),
    # Tries in trouble, one after the other, and what the last one met.
    Column("tries", Integer, nullable=False, default=0),
    Column("error", Text),
    # Sizes at the last look: files that do not grow any more are final.
    Column("seen", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
