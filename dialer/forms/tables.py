"""Answers, stored one by one, and the result form of each call."""

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

answers = Table(
    "answers",
    metadata,
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), primary_key=True),
    # "identity" is the result of the identity check (T4).
    Column("question_id", String(20), primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False),
    Column("playbook_version", Integer, nullable=False),
    # "" where an answer was taken back.
    Column("value", Text, nullable=False),
    # Seconds from the customer's answer to this answer: where to listen.
    Column("second", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

result_forms = Table(
    "result_forms",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), nullable=False, index=True),
    Column("disposition", String(30), nullable=False),
    Column("wishes", Text, nullable=False, default=""),
    Column("call_again_at", UtcDateTime),
    Column("saved_at", UtcDateTime, nullable=False),
    # How satisfied over all; "" where it was not said.
    Column("satisfaction", String(20), nullable=False, default=""),
    Column("next_step", Text, nullable=False, default=""),
    # The reply that was promised, and by when; it is a task, too.
    Column("promise", Text, nullable=False, default=""),
    Column("promise_at", UtcDateTime),
)
