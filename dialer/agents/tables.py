"""Agents and what each is doing now."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

agents = Table(
    "agents",
    metadata,
    Column("id", Id, primary_key=True),
    # The number the customers know the agent by (工号).
    Column("code", String(20), nullable=False, unique=True),
    Column("name", String(60), nullable=False),
    Column("extension", String(20), nullable=False, unique=True),
    Column("branch", String(60), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("skills", JSON, nullable=False, default=list),
    # The head takes major checks himself (L6).
    Column("head", Boolean, nullable=False, default=False),
    # Daily targets: {"calls": 60, "talk_minutes": 180}.
    Column("targets", JSON, nullable=False, default=dict),
)

agent_sessions = Table(
    "agent_sessions",
    metadata,
    Column("agent_id", Id, ForeignKey("agents.id"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(40)),
    Column("since", UtcDateTime, nullable=False),
    Column("attempt_id", Id),
    # A pause or sign-out asked for during a call takes effect after it.
    Column("next_pause", String(40)),
    Column("wrap_until", UtcDateTime),
    Index("ix_agent_sessions_state", "state", "since"),
)
