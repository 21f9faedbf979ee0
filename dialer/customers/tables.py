"""Customers, phones, vehicles, occasions; blocks and contacts (C1, C2, L4, X3)."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
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
    # person, company, household, commercial, owner, tenant
    Column("kind", String(16), nullable=False, default="person"),
    Column("grade", String(20), nullable=False, default=""),
    Column("member_number", String(40), nullable=False, default=""),
    Column("segments", JSON, nullable=False, default=list),
    Column("document_tail", String(8), nullable=False, default=""),
    Column("language", String(10), nullable=False, default=""),
    # The slot agreed at the counter, as 18:00 and 20:00 of the customer's own zone; "" is the site's.
    Column("slot_from", String(5), nullable=False, default=""),
    Column("slot_to", String(5), nullable=False, default=""),
    Column("time_zone", String(40), nullable=False, default=""),
    Column("frequency", String(40), nullable=False, default=""),
    Column("means", String(40), nullable=False, default=""),
    Column("paused_until", UtcDateTime),
    Column("pause_reason", String(40), nullable=False, default=""),
    Column("birthday", Date),
    # Customers of one household share their contact limits.
    Column("household", String(40), index=True),
    Column("owner", String(60), nullable=False, default=""),
    Column("deputy", String(60), nullable=False, default=""),
    # None: never asked.
    Column("promotion_consent", Boolean),
    # The record that this one became part of; undone by clearing it.
    Column("merged_into", Id, index=True),
    Column("forgotten_at", UtcDateTime),
    # When a person last said that the data are true, or mended them; None: since it was made (R12).
    Column("confirmed_at", UtcDateTime),
    # Which record told each field last: {"2026-11-21T08:30:00Z csv settlement-order JS001": ["name"]}.
    Column("told", JSON, nullable=False, default=dict),
)

# By what an occasion's customer is found again: see `rules.identity_keys`. A merged record keeps its
# own keys and is followed to the one it became part of, so that a merge can be undone.
identities = Table(
    "identities",
    metadata,
    Column("key", String(180), primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
)

# The segments that customers carry, each with who keeps its data true (R12). A row comes by itself with
# the first customer of a segment.
customer_segments = Table(
    "customer_segments",
    metadata,
    Column("name", String(60), primary_key=True),
    # The login of a user; "" is nobody yet.
    Column("keeper", String(60), nullable=False),
    # Data that nobody confirmed for so long are stale.
    Column("stale_days", Integer, nullable=False),
    # Fields that every customer of the segment should have.
    Column("wanted", JSON, nullable=False),
    Column("set_by", String(60), nullable=False),
    Column("set_at", UtcDateTime),
)

# What `customers.segments` says, so that a segment's stale data are found without looking through all
# customers; written in `members.py`, with no foreign key: merging moves no rows of it, it writes them anew.
segment_members = Table(
    "segment_members",
    metadata,
    Column("segment", String(60), primary_key=True),
    Column("customer_id", Id, primary_key=True),
    # As in `customers`, or when the customer was made.
    Column("confirmed_at", UtcDateTime, nullable=False),
    # The fields that are not known, one bit each: see `members.WANTED`.
    Column("lacks", Integer, nullable=False),
    Index("ix_segment_members_stale", "segment", "confirmed_at", "customer_id", "lacks"),
    Index("ix_segment_members_customer", "customer_id"),
)

phones = Table(
    "phones",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.id"), primary_key=True),
    Column("number", String(32), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("invalid_since", UtcDateTime),
    # The latest record that named it; the numbers of the latest one are dialled first.
    Column("told", String(200), nullable=False, default=""),
    Index("ix_phones_number", "number"),
)

vehicles = Table(
    "vehicles",
    metadata,
    Column("plate", String(16), primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("model", String(100), nullable=False, default=""),
    # The latest record that named it: a car that was sold is its new owner's, in whatever order files come.
    Column("told", String(200), nullable=False, default=""),
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
    Column("unit", String(60), nullable=False, default=""),
    Column("products", JSON, nullable=False, default=list),
    # What else the source told: policy number, payment, due date (ISO text), grade of the repair...
    Column("facts", JSON, nullable=False, default=dict),
    Column("taken_in_at", UtcDateTime),
    # None: the planner has not looked at it since it was taken in or changed.
    Column("planned_at", UtcDateTime, index=True),
    UniqueConstraint("kind", "source", "external_id"),
    Index("ix_occasions_plate", "plate", "happened_at"),
)

blocks = Table(
    "blocks",
    metadata,
    # A keyed hash of "number:138..." or "plate:...", so that it holds for who was forgotten, too (X3).
    Column("key", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),
    # What people see of it: 138****0001.
    Column("shown", String(40), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("by", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("lifted_at", UtcDateTime),
)

site_secrets = Table(
    "site_secrets",
    metadata,
    # "blocks": the key of their hashes, made once.
    Column("name", String(20), primary_key=True),
    Column("value", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("number", String(32), nullable=False),
    Column("plate", String(16)),
    Column("household", String(40)),
    Column("at", UtcDateTime, nullable=False),
    # dial (the customer's phone was dialled), talk (the customer was talked to), message, visit
    Column("kind", String(10), nullable=False),
    Column("playbook", String(60), nullable=False, default=""),
    # Abnormal and special ones do not count in the quarter's limit (L4).
    Column("exempt", Boolean, nullable=False, default=False),
    Column("attempt_id", Id),
    Index("ix_contacts_customer", "customer_id", "at"),
    Index("ix_contacts_number", "number", "at"),
    Index("ix_contacts_plate", "plate", "at"),
    Index("ix_contacts_household", "household", "at"),
)

merges = Table(
    "merges",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kept_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("gone_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(60), nullable=False),
    # What matched, and the ids of the rows that moved, so that it can be undone.
    Column("why", JSON, nullable=False),
    Column("moved", JSON, nullable=False),
    Column("undone_at", UtcDateTime),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("field", String(40), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(60), nullable=False),
    # The attempt, import or page that it comes from.
    Column("source", String(64), nullable=False),
)
