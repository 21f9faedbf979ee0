"""Calls that were more than a talk of two: their parties, and who was with the customer when."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

# One row for a call in which a step was taken; most calls have none.
in_calls = Table(
    "in_calls",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("held", Boolean, nullable=False, default=False),
    Column("muted", Boolean, nullable=False, default=False),
    # When the call's own agent left it to others.
    Column("left_at", UtcDateTime),
)

call_parties = Table(
    "call_parties",
    metadata,
    # Also the name of its channel: an id that is alive is refused a second time.
    Column("id", Id, primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("extension", String(20), nullable=False),
    # Whose phone it is, where an agent sits there.
    Column("agent_id", Id, ForeignKey("agents.id")),
    # What it was asked in for (a Step), and how it takes part now (a PartyMode).
    Column("purpose", String(12), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("state", String(8), nullable=False),
    # A login, or the id of the agent.
    Column("asked_by", String(60), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("up_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("muted", Boolean, nullable=False, default=False),
    Index("ix_call_parties_state", "state"),
)

# Who of ours was with the customer when, and so may be heard on our side of the recording. A call without
# a row had its own agent all along.
speaker_turns = Table(
    "speaker_turns",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    # None: the call's own agent.
    Column("party_id", Id, ForeignKey("call_parties.id")),
    Column("agent_id", Id, ForeignKey("agents.id")),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)
