"""Tickets: one for each call of a customer who rang."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from dialer.storage.base import Id, UtcDateTime, metadata

tickets = Table(
    "tickets",
    metadata,
    Column("id", Id, primary_key=True),
    # The telephone system's id of the call, and when it began: told twice, it is one ticket.
    Column("call_id", String(150), nullable=False),
    Column("number", String(32), nullable=False),
    Column("called", String(32), nullable=False),
    # The trunk that brings him in, where that is known: he holds a line of it.
    Column("trunk", String(40)),
    Column("customer_id", Id, ForeignKey("customers.id"), index=True),
    Column("follow_up_id", Id, ForeignKey("follow_ups.id")),
    # The attempt by which he is put through, the latest.
    Column("attempt_id", Id, index=True),
    Column("agent_id", Id, ForeignKey("agents.id")),
    Column("state", String(10), nullable=False),
    # inquiry, request, complaint, suggestion; "" until the agent has said.
    Column("kind", String(12), nullable=False),
    # What it was about, in the agent's words.
    Column("words", Text, nullable=False),
    # Why he was not put through: a Missed.
    Column("missed", String(12)),
    Column("rang_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_tickets_call", "call_id"),
    Index("ix_tickets_state", "state", "rang_at"),
    Index("ix_tickets_rang", "rang_at"),
)
