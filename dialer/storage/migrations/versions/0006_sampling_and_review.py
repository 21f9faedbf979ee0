"""Samples, scorecards, reviews and appeals.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    "word_corrections",
    "clips",
    "appeals",
    "review_scores",
    "review_verdicts",
    "reviews",
    "review_samples",
)


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "review_samples",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pool", sa.String(length=12), nullable=False),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("population", sa.String(length=64), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.JSON(), nullable=False),
        sa.Column("drawn_by", sa.String(length=60), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_samples")),
        sa.UniqueConstraint("day", "pool", "tier", name=op.f("uq_review_samples_day_pool_tier")),
    )
    _reviews()
    _what_they_say()
    op.create_table(
        "word_corrections",
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("word", sa.Integer(), nullable=False),
        sa.Column("heard", sa.String(length=200), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("corrected_by", sa.String(length=60), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_word_corrections_attempt_id_attempts")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "segment", "word", name=op.f("pk_word_corrections")),
    )


def downgrade() -> None:
    """Take it away again."""
    for table in _TABLES:
        op.drop_table(table)


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("sample_id", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("pool", sa.String(length=12), nullable=False),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("reviewer", sa.String(length=60), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("scorecard", sa.String(length=60), nullable=False),
        sa.Column("scorecard_version", sa.Integer(), nullable=False),
        sa.Column("rule_set", sa.String(length=60), nullable=True),
        sa.Column("rule_set_version", sa.Integer(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("fatal", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_reviews_agent_id_agents")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_reviews_attempt_id_attempts")),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["review_samples.id"], name=op.f("fk_reviews_sample_id_review_samples")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("sample_id", "attempt_id", name=op.f("uq_reviews_sample_id_attempt_id")),
    )
    op.create_index(op.f("ix_reviews_attempt_id"), "reviews", ["attempt_id"])
    op.create_index("ix_reviews_reviewer", "reviews", ["reviewer", "state"])
    op.create_index("ix_reviews_agent", "reviews", ["agent_id", "submitted_at"])


def _what_they_say() -> None:
    op.create_table(
        "review_verdicts",
        sa.Column("review_id", sa.String(length=26), nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column("machine", sa.String(length=10), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_verdicts_review_id_reviews")
        ),
        sa.PrimaryKeyConstraint("review_id", "rule_id", name=op.f("pk_review_verdicts")),
    )
    op.create_table(
        "review_scores",
        sa.Column("review_id", sa.String(length=26), nullable=False),
        sa.Column("item_id", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_scores_review_id_reviews")
        ),
        sa.PrimaryKeyConstraint("review_id", "item_id", name=op.f("pk_review_scores")),
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("review_id", sa.String(length=26), nullable=False),
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_appeals_agent_id_agents")),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_appeals_review_id_reviews")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("review_id", name=op.f("uq_appeals_review_id")),
    )
    op.create_index("ix_appeals_open", "appeals", ["decided_at", "due_at"])
    op.create_table(
        "clips",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=True),
        sa.Column("start", sa.Float(), nullable=False),
        sa.Column("end", sa.Float(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=60), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_clips_attempt_id_attempts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
    )
    op.create_index(op.f("ix_clips_attempt_id"), "clips", ["attempt_id"])
