"""Trainings: what about, when, with whom, and by which calls."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

trainings = Table(
    "trainings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("held_on", Date, nullable=False),
    # The rule it was about; NULL where it was about something else, which the topic names.
    Column("rule_id", String(40)),
    Column("topic", String(200), nullable=False),
    Column("trainer", String(60), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("noted_by", String(60), nullable=False),
    Column("noted_at", UtcDateTime, nullable=False),
    Index("ix_trainings_held_on", "held_on"),
)

training_agents = Table(
    "training_agents",
    metadata,
    Column("training_id", Id, ForeignKey("trainings.id"), primary_key=True),
    Column("agent_id", Id, ForeignKey("agents.id"), primary_key=True),
    # When the agent himself said that he was there; NULL before.
    Column("confirmed_at", UtcDateTime),
    Index("ix_training_agents_agent_id", "agent_id"),
)

training_cases = Table(
    "training_cases",
    metadata,
    Column("training_id", Id, ForeignKey("trainings.id"), primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
)
