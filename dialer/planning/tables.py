"""Plans, draws, and why each call is made or not."""

from sqlalchemy import (
    JSON,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from dialer.storage.base import Id, UtcDateTime, metadata

plan_runs = Table(
    "plan_runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("day", Date, nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    # morning, arrival, again
    Column("kind", String(16), nullable=False),
    Column("by", String(60), nullable=False),
    # What it made: {"planned": 212, "merged": 3, "excluded": {"cap": 9}}.
    Column("counts", JSON, nullable=False),
    Column("released_at", UtcDateTime),
    Column("released_by", String(60)),
)

samples = Table(
    "samples",
    metadata,
    Column("id", Id, primary_key=True),
    Column("playbook", String(60), nullable=False),
    # The day or period that is drawn from, as 2026-11-23.
    Column("period", String(20), nullable=False),
    Column("stratum", String(200), nullable=False),
    Column("seed", String(40), nullable=False),
    Column("population", Integer, nullable=False),
    # SHA-256 over the sorted ids of the population: the draw can be done again and compared (L2).
    Column("population_hash", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    # Occasion ids in the order of the seed: the first `size` are called, the next ones stand in.
    Column("order", JSON, nullable=False),
    Column("replaced", JSON, nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    UniqueConstraint("playbook", "period", "stratum"),
)

exclusions = Table(
    "exclusions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("occasion_id", Id, ForeignKey("occasions.id"), nullable=False, index=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("playbook", String(60), nullable=False),
    Column("step", String(30), nullable=False),
    Column("cycle", String(20), nullable=False, default=""),
    # do_not_call, not_drawn, cap, no_number, other_condition...
    Column("reason", String(40), nullable=False),
    Column("data", JSON, nullable=False),
    Column("day", Date, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("playbook", "occasion_id", "step", "cycle"),
    Index("ix_exclusions_day", "day", "reason"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    # What was decided on: an occasion, a follow-up; and the attempt it led to, if any.
    Column("subject", Id, nullable=False, index=True),
    Column("attempt_id", Id, index=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("playbook", String(60), nullable=False),
    # planned, excluded, merged, dialled, put_off
    Column("verdict", String(16), nullable=False),
    # [{"gate": "quarter_cap", "value": "1", "limit": "2", "passed": true}, ...]
    Column("gates", JSON, nullable=False),
)

signals = Table(
    "signals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("occasion_id", Id, ForeignKey("occasions.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(60), nullable=False),
)
