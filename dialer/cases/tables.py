"""What answers bring about: complaint cases, question items, tasks (T3, T5, L8, K5)."""

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from dialer.storage.base import Id, UtcDateTime, metadata

cases = Table(
    "cases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), index=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), index=True),
    Column("branch", String(60), nullable=False),
    # call, ring_back, web, head_office, hotline (K0)
    Column("source", String(20), nullable=False),
    Column("title", String(200), nullable=False),
    # ordinary, major, urgent
    Column("level", String(10), nullable=False),
    Column("department", String(60), nullable=False, default=""),
    Column("state", String(20), nullable=False),
    # What the customer said: answers and words as given.
    Column("said", JSON, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    # First receiver owns it to the end (首问负责).
    Column("opened_by", String(60), nullable=False),
    Column("due_at", UtcDateTime),
    # Which effect of the playbook opened it; a follow-up has each effect once.
    Column("effect", String(60)),
    UniqueConstraint("follow_up_id", "effect"),
    Index("ix_cases_state", "state", "opened_at"),
)

question_items = Table(
    "question_items",
    metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), nullable=False, index=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), index=True),
    Column("question_id", String(20), nullable=False),
    Column("title", String(200), nullable=False),
    Column("answer", Text, nullable=False),
    Column("department", String(60), nullable=False, default=""),
    # What the check heard in the call: [{channel, start, end, words}, ...]; NULL where it heard nothing.
    Column("evidence", JSON),
    # open, explained, called_again, closed
    Column("state", String(20), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("effect", String(60)),
    UniqueConstraint("follow_up_id", "effect"),
    Index("ix_question_items_state", "state", "opened_at"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Id, primary_key=True),
    # promise, other_means, opportunity, maintenance, question, do_not_call, other
    Column("kind", String(20), nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), index=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), index=True),
    Column("title", String(200), nullable=False),
    Column("owner", String(60), nullable=False),
    Column("due_at", UtcDateTime),
    # open, done, dropped
    Column("state", String(10), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("done_by", String(60), nullable=False, default=""),
    # By which means and with what proof it was done: {"means": "letter", "note": "..."}.
    Column("evidence", JSON, nullable=False),
    Column("effect", String(60)),
    UniqueConstraint("follow_up_id", "effect"),
    Index("ix_tasks_state", "state", "due_at"),
)
