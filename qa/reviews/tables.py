"""Reviews, what they say of each rule and each line of the scorecard, appeals, and clips to learn from."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from dialer.storage.base import Id, UtcDateTime, metadata
from qa.sampling.tables import review_samples

reviews = Table(
    "reviews",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sample_id", Id, ForeignKey(review_samples.c.id), nullable=False),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("pool", String(12), nullable=False),
    Column("tier", String(12), nullable=False),
    # What spoke for this call, in codes.
    Column("why", JSON, nullable=False),
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    # The user whose review it is; NULL: anybody's who may.
    Column("reviewer", String(60)),
    # waiting, claimed, submitted, set_aside, appealed, decided
    Column("state", String(12), nullable=False),
    Column("held_until", UtcDateTime),
    # Grows with each saved draft: two tabs do not write over each other.
    Column("revision", Integer, nullable=False, default=0),
    Column("draft", JSON, nullable=False),
    Column("scorecard", String(60), nullable=False),
    Column("scorecard_version", Integer, nullable=False),
    # The scorecard itself as it was then: a changed one is for new reviews. NULL: before it was kept.
    Column("card", JSON),
    Column("rule_set", String(60)),
    Column("rule_set_version", Integer),
    # Hundredths of a point, 0 to 10000; NULL before it is submitted.
    Column("score", Integer),
    Column("fatal", Boolean, nullable=False, default=False),
    Column("note", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("submitted_at", UtcDateTime),
    UniqueConstraint("sample_id", "attempt_id"),
    Index("ix_reviews_reviewer", "reviewer", "state"),
    Index("ix_reviews_agent", "agent_id", "submitted_at"),
)

review_verdicts = Table(
    "review_verdicts",
    metadata,
    Column("review_id", Id, ForeignKey("reviews.id"), primary_key=True),
    Column("rule_id", String(40), primary_key=True),
    # What the machine said when the review was submitted; NULL where it judged no such rule.
    Column("machine", String(10)),
    # What the reviewer said before he saw what the machine had; estimates and agreement are taken from it.
    Column("verdict", String(10), nullable=False),
    # What he says after he saw it, where that is another.
    Column("reconsidered", String(10)),
    # Why a person says otherwise; empty where both say the same.
    Column("reason", String(20), nullable=False),
    Column("note", Text, nullable=False),
    # What an appeal made of it.
    Column("decided", String(10)),
)

review_scores = Table(
    "review_scores",
    metadata,
    Column("review_id", Id, ForeignKey("reviews.id"), primary_key=True),
    Column("item_id", String(40), primary_key=True),
    # NULL: does not apply.
    Column("points", Integer),
)

appeals = Table(
    "appeals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("review_id", Id, ForeignKey("reviews.id"), nullable=False, unique=True),
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    # The rules or lines of the scorecard it is about.
    Column("about", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("filed_at", UtcDateTime, nullable=False),
    # The second reviewer has so long.
    Column("due_at", UtcDateTime, nullable=False),
    Column("decided_by", String(60)),
    Column("decided_at", UtcDateTime),
    Column("granted", Boolean),
    Column("note", Text),
    Index("ix_appeals_open", "decided_at", "due_at"),
)

clips = Table(
    "clips",
    metadata,
    Column("id", Id, primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("rule_id", String(40)),
    Column("start", Float, nullable=False),
    Column("end", Float, nullable=False),
    # agent: shown to the one who spoke; training: a case for all (T8).
    Column("purpose", String(10), nullable=False),
    Column("note", Text, nullable=False),
    Column("made_by", String(60), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)
