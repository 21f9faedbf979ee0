"""Samples of calls to review, each of which can be drawn again."""

from sqlalchemy import JSON, Column, Date, Integer, String, Table, UniqueConstraint

from dialer.storage.base import Id, UtcDateTime, metadata

review_samples = Table(
    "review_samples",
    metadata,
    Column("id", Id, primary_key=True),
    # The day whose calls it was drawn from, by the site's clock.
    Column("day", Date, nullable=False),
    # random, share, risk, quota, spot
    Column("pool", String(12), nullable=False),
    # site, head_office
    Column("tier", String(12), nullable=False),
    Column("seed", String(64), nullable=False),
    # What decided: shares, quota, weights.
    Column("plan", JSON, nullable=False),
    # The population in the order of the seed, SHA-256 over its sorted ids, and how many were to be taken.
    Column("members", JSON, nullable=False),
    Column("population", String(64), nullable=False),
    Column("taken", JSON, nullable=False),
    Column("size", Integer, nullable=False),
    # On the random row of a day: its calls with all that was known of them, so that every pool of that day
    # can be drawn again (qa/sampling/proof.py).
    Column("basis", JSON),
    # [[call set aside, its stand-in or null, reason, by whom, when], ...]
    Column("replaced", JSON, nullable=False),
    Column("drawn_by", String(60), nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    UniqueConstraint("day", "pool", "tier"),
)
