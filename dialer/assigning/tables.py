"""Who calls whom: moves between agents, leave, shifts, and hand-over notes (L6, L10, R9)."""

from sqlalchemy import JSON, Column, Date, ForeignKey, Index, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

assignment_moves = Table(
    "assignment_moves",
    metadata,
    Column("id", Id, primary_key=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), nullable=False, index=True),
    # None: nobody.
    Column("before_id", Id),
    Column("after_id", Id),
    # balance, required_caller, last_agent, leave, hand_over, by_hand, undo
    Column("why", String(20), nullable=False),
    Column("by", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # Moves made together are undone together.
    Column("batch", Id, nullable=False, index=True),
)

leaves = Table(
    "leaves",
    metadata,
    Column("id", Id, primary_key=True),
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("stand_in_id", Id),
    Column("reason", String(100), nullable=False, default=""),
    Column("by", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_leaves_agent", "agent_id", "last_day"),
)

shifts = Table(
    "shifts",
    metadata,
    Column("agent_id", Id, ForeignKey("agents.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    # 09:00 and 17:30 in the site's time zone.
    Column("starts", String(5), primary_key=True),
    Column("ends", String(5), nullable=False),
)

hand_overs = Table(
    "hand_overs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("branch", String(60), nullable=False),
    Column("from_id", Id, ForeignKey("agents.id"), nullable=False, index=True),
    Column("to_id", Id, ForeignKey("agents.id"), nullable=False, index=True),
    # Each open item, as it was when the note was made.
    Column("items", JSON, nullable=False),
    Column("note", String(2000), nullable=False, default=""),
    Column("made_at", UtcDateTime, nullable=False),
    Column("given_at", UtcDateTime),
    Column("taken_at", UtcDateTime),
)
