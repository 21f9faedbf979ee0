"""Offers: follow-ups that lie before an agent who has not called yet."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

offers = Table(
    "offers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id"), nullable=False, index=True),
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    # A CallMode.
    Column("mode", String(16), nullable=False),
    Column("state", String(12), nullable=False),
    Column("offered_at", UtcDateTime, nullable=False),
    # When its time is over, and what comes then: call or release. None: it has no limit.
    Column("ends_at", UtcDateTime),
    Column("then", String(10), nullable=False),
    # Why it was skipped or refused: an id of the site's reasons, or the gate that is shut.
    Column("reason", String(40)),
    Column("attempt_id", Id),
    Column("playbook_version", Integer),
    Index("ix_offers_state", "state", "ends_at"),
    Index("ix_offers_agent", "agent_id", "offered_at"),
)
