"""Attempts, the repairs of those that were in doubt, and further phones in a call."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from dialer.storage.base import Id, UtcDateTime, metadata

_IN_FLIGHT = text("ended_at IS NULL")

attempts = Table(
    "attempts",
    metadata,
    # Also the channel id of the agent's leg: an id that is alive is refused a second time.
    Column("id", Id, primary_key=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), nullable=False, index=True),
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    Column("number", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    # The run of the service that may open the gate for this attempt.
    Column("run_id", Id, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("go_at", UtcDateTime),
    Column("ringing_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("doubted_at", UtcDateTime),
    # In doubt: since when the telephone system does not know it. It holds no line any more.
    Column("absent_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(20)),
    Column("cause", Integer),
    Column("dial_status", String(20)),
    Column("hung_up_by", String(10)),
    # What was heard on the customer's line instead of the customer; a dialer.telephony.heard.Heard (D3).
    Column("heard", String(20)),
    # Whether this try counts against the follow-up's budget: failures of our own side do not.
    Column("counted", Boolean, nullable=False, default=False),
    # The version of the script and questionnaire it was talked by (T7).
    Column("playbook_version", Integer),
    # What it went out on: the trunk, the number the customer saw, and the node (None: the only one).
    Column("trunk", String(40)),
    Column("caller_id", String(40)),
    Column("node", String(40)),
    # How it came about: a CallMode.
    Column("mode", String(16), nullable=False, default="progressive", server_default="progressive"),
    Index("ix_attempts_state", "state", "placed_at"),
    Index("ix_attempts_placed_at", "placed_at"),
    Index("ix_attempts_agent", "agent_id", "placed_at"),
    # Which telephones somebody of ours has on the line: asked by each commit to a call.
    Index("ix_attempts_in_flight", "number", sqlite_where=_IN_FLIGHT, postgresql_where=_IN_FLIGHT),
)

repairs = Table(
    "repairs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    # Where it was found, what was decided, and what was seen that proves it.
    Column("found", String(20), nullable=False),
    Column("decided", String(40), nullable=False),
    Column("evidence", JSON, nullable=False),
)

# A further phone that was asked into a call.
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
    # A phone outside, as people type its number, and the trunk that it takes a line of.
    Column("number", String(40)),
    Column("trunk", String(40)),
    # Why it ended (Q.850), where that is known.
    Column("cause", Integer),
    Index("ix_call_parties_state", "state"),
    Index("ix_call_parties_ended_at", "ended_at"),
)
