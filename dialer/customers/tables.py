"""Customers, phones, vehicles, occasions."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from dialer.storage.base import Id, UtcDateTime, metadata

customers = Table(
    "customers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("salutation", String(20), nullable=False, default=""),
    Column("branch", String(60), nullable=False),
    Column("do_not_call", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
)

phones = Table(
    "phones",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.id"), primary_key=True),
    Column("number", String(32), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("invalid_since", UtcDateTime),
    Index("ix_phones_number", "number"),
)

vehicles = Table(
    "vehicles",
    metadata,
    Column("plate", String(16), primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("model", String(100), nullable=False, default=""),
)

occasions = Table(
    "occasions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("source", String(60), nullable=False),
    Column("external_id", String(80), nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("branch", String(60), nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("plate", String(16)),
    Column("items", JSON, nullable=False),
    Column("staff", JSON, nullable=False),
    # Money is kept in the smallest unit (fen).
    Column("amount_fen", Integer),
    UniqueConstraint("kind", "source", "external_id"),
)
