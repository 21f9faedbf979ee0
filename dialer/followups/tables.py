"""Follow-ups: the row is the queue, its due time indexed."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext

from dialer.storage.base import Id, UtcDateTime, metadata

OWN_HOURS = "own"
"""Not its playbook's hours but the customer's, or a time he named: looked at one by one (L3)."""


def _its_playbook(context: DefaultExecutionContext) -> str:
    assert context.current_parameters is not None
    return str(context.current_parameters["playbook"])


_OWN = text(f"hours = '{OWN_HOURS}'")

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
    # The playbook's own earliest time; None: as `due_at` was when it was made.
    Column("earliest_at", UtcDateTime),
    # Not before this time; after a try, the time of the next one.
    Column("due_at", UtcDateTime, nullable=False),
    Column("target_at", UtcDateTime, nullable=False),
    Column("limit_at", UtcDateTime, nullable=False),
    # Tries that counted, by outcome; {"busy": 2}.
    Column("tries", JSON, nullable=False),
    # Why it stands where it stands, in a word: an outcome, a disposition, "new".
    Column("reason", String(40), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("step", String(30), nullable=False, default="call"),
    # Of a trigger that comes again: which time, as 2026-Q4; "" where it comes once.
    Column("cycle", String(20), nullable=False, default=""),
    Column("segment", String(30), nullable=False, default=""),
    # What made it due: a TriggerKind.
    Column("origin", String(16), nullable=False, default="event"),
    # The step that had to be done before.
    Column("previous_id", Id),
    # The follow-up whose call also does this one (L5).
    Column("merged_into", Id, index=True),
    # The day whose plan it is in, and its release.
    Column("plan_day", Date, index=True),
    Column("released_at", UtcDateTime),
    # Whom it is assigned to; None: any agent with the skill. `bound`: nobody else may call (caller rule).
    Column("owner_id", Id, index=True),
    Column("bound", Boolean, nullable=False, default=False),
    # Agents who must not call: who served the customer.
    Column("barred", JSON, nullable=False, default=list),
    Column("skill", String(40), nullable=False, default=""),
    Column("expected_seconds", Integer, nullable=False, default=300),
    # The customer's own time: nothing but this follow-up's hours counts (L7: later).
    Column("appointment_at", UtcDateTime),
    # Whose hours it is called in: its playbook's, by id, or OWN_HOURS.
    Column("hours", String(60), nullable=False, default=_its_playbook),
    UniqueConstraint("playbook", "occasion_id", "step", "cycle"),
    Index("ix_follow_ups_queue", "state", "limit_at", "due_at"),
    # The next to dial of those whose hours are open.
    Index("ix_follow_ups_next", "state", "hours", "limit_at", "due_at"),
    Index("ix_follow_ups_own", "state", "due_at", sqlite_where=_OWN, postgresql_where=_OWN),
    # What becomes due next, and which appointment: a look, however many wait.
    Index("ix_follow_ups_due", "state", "due_at"),
    Index("ix_follow_ups_appointment", "state", "appointment_at"),
)
