"""Agents, the desks they sit at, what each is doing now and what each did before."""

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
    false,
)

from dialer.storage.base import Id, UtcDateTime, metadata

agents = Table(
    "agents",
    metadata,
    Column("id", Id, primary_key=True),
    # The number the customers know the agent by (工号).
    Column("code", String(20), nullable=False, unique=True),
    Column("name", String(60), nullable=False),
    # The phone the agent usually sits at; "" for who has none of his own. Two shifts may share one.
    Column("extension", String(20), nullable=False),
    Column("branch", String(60), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("skills", JSON, nullable=False, default=list),
    # The head takes major checks himself (L6).
    Column("head", Boolean, nullable=False, default=False),
    # Daily targets: {"calls": 60, "talk_minutes": 180}.
    Column("targets", JSON, nullable=False, default=dict),
    # Looks at the customer before each call, whatever the playbook says (D2).
    Column("preview", Boolean, nullable=False, default=False, server_default=false()),
)

desks = Table(
    "desks",
    metadata,
    Column("extension", String(20), primary_key=True),
    # Where the phone stands, as people say it.
    Column("place", String(60), nullable=False, default=""),
    Column("branch", String(60), nullable=False, default=""),
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
    # By how many seconds the wrap-up was extended over an unsaved form.
    Column("wrap_extended", Integer, nullable=False, default=0, server_default="0"),
    # The phone this session sits at: one session each. None while offline.
    Column("extension", String(20)),
    # The browser login that works this session, as the hash of its cookie; None: anyone of the agent's.
    Column("login", String(64)),
    # Ends of shifts up to then have had their effect: who works on after one is left alone.
    Column("shift_done_at", UtcDateTime),
    Index("ix_agent_sessions_state", "state", "since"),
    Index("ix_agent_sessions_extension", "extension", unique=True),
)

# One row for each state an agent was in and has left; the present one is the session's row.
agent_history = Table(
    "agent_history",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(40)),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("attempt_id", Id),
    Column("extension", String(20)),
    # The event that ended it and, where it was not the call or the agent, why: a finding of the watchdog,
    # or who did it.
    Column("event", String(20), nullable=False),
    Column("why", String(60)),
    Index("ix_agent_history_ended", "ended_at"),
)
