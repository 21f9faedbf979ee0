"""What was heard on the customer's line of an attempt. The row is the queue of the announcement worker."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

announcements = Table(
    "announcements",
    metadata,
    # One row an attempt: its early media, or a talk that was short or proves nothing.
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    # early, talk
    Column("source", String(10), nullable=False),
    # waiting, done, failed
    Column("state", String(16), nullable=False),
    # Not before this time. A process that works on it keeps this ahead of the others' clocks.
    Column("due_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("error", Text),
    # A dialer.telephony.heard.Heard.
    Column("heard", String(20)),
    # All that was said, and the phrase of the file that decided, with its place in the clip (seconds).
    Column("words", Text),
    Column("phrase", Text),
    Column("confidence", Float),
    Column("start", Float),
    Column("end", Float),
    # The clip in the archive, relative to its root.
    Column("clip_path", String(400)),
    Column("clip_sha256", String(64)),
    # NULL where the sound alone told.
    Column("engine", String(40)),
    Column("model", String(60)),
    Column("work_seconds", Float),
    # The outcome before it was heard, and what hearing it changed.
    Column("signalled", String(20)),
    Column("effect", String(20)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("ix_announcements_queue", "state", "due_at"),
)
