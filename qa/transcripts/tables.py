"""Transcripts and their segments. A transcript's row is the queue of the transcription worker."""

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

transcripts = Table(
    "transcripts",
    metadata,
    # One transcript a recording; the key is the recording's attempt.
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    # waiting, done, failed
    Column("state", String(16), nullable=False),
    # Not before this time. A process that works on it keeps this ahead of the others' clocks.
    Column("due_at", UtcDateTime, nullable=False),
    # Tries that failed, one after the other.
    Column("tries", Integer, nullable=False, default=0),
    # The higher one first: 0 backlog, 1 flagged, 2 asked for by a person; why, and who asked.
    Column("priority", Integer, nullable=False, default=0, server_default="0"),
    Column("urgency", String(16)),
    Column("asked_by", String(60)),
    # When the engine was given it; NULL while it waits.
    Column("started_at", UtcDateTime),
    # What kind of trouble set it aside: unreadable, crashed, hung, other.
    Column("failure", String(16)),
    Column("engine", String(40)),
    Column("model", String(60)),
    Column("language", String(16)),
    # The engine's library, the model's checksum, and what the decoding went by.
    Column("engine_version", String(80)),
    Column("revision", String(64)),
    Column("engine_settings", JSON),
    # Length of the audio, and of the work on it, for sizing.
    Column("seconds", Float),
    Column("work_seconds", Float),
    # Loudness of each party's speech in dBFS: absence of words is no proof where nothing could be heard.
    Column("agent_level", Float),
    Column("customer_level", Float),
    # Seconds of speech that the engine could not make out.
    Column("agent_lost", Float),
    Column("customer_lost", Float),
    # What is odd about the channels: mono, swapped, exchanged, cross_talk.
    Column("marks", JSON),
    # What was measured of the sound (qa.conduct.stored).
    Column("conduct", JSON),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("ix_transcripts_queue", "state", "due_at"),
    Index("ix_transcripts_urgent", "state", "priority", "due_at"),
)

segments = Table(
    "segments",
    metadata,
    Column("attempt_id", Id, ForeignKey("transcripts.attempt_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    # agent or customer
    Column("channel", String(10), nullable=False),
    Column("start", Float, nullable=False),
    Column("end", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    # [[word, start, end, confidence], ...] in seconds of the recording
    Column("words", JSON, nullable=False),
)
