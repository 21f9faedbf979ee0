"""Calls that were more than a talk of two: what they are in, and who was with the customer when.

Their parties are in `dialer.calling.tables`: a phone outside is a call of its trunk's.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

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

# Who was with the customer when besides him, and so may be heard on our side of the recording. A call without
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
    # Talked with one of ours while the customer had music: not in the recording.
    Column("private", Boolean, nullable=False, default=False, server_default=false()),
)

# Steps that were asked for at a service that does not have the call's node, for the one that has it.
call_commands = Table(
    "call_commands",
    metadata,
    Column("id", Id, primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False),
    Column("node", String(40), nullable=False),
    Column("state", String(8), nullable=False),
    # The step and what it needs; empty when it is over: tones may be a secret.
    Column("wanted", JSON, nullable=False),
    # By the clock of the database.
    Column("asked_at", UtcDateTime, nullable=False),
    # Why it was refused.
    Column("why", String(20)),
    Column("detail", Text),
    Index("ix_call_commands_state", "state", "node"),
)
