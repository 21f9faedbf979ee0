"""Rule sets as versions, drafts and their replays.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "rule_set_versions",
        sa.Column("rule_set", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("yaml", sa.Text(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("shipped", sa.String(length=64), nullable=True),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("unreplayed", sa.Text(), nullable=False),
        sa.Column("replay_id", sa.String(length=26), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("script_from", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule_set", "version", name=op.f("pk_rule_set_versions")),
    )
    op.create_table(
        "rule_drafts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("rule_set", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("yaml", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("shipped", sa.String(length=64), nullable=True),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_drafts")),
        sa.UniqueConstraint("rule_set", "number", name=op.f("uq_rule_drafts_rule_set_number")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_rule_drafts_open",
        "rule_drafts",
        ["rule_set"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "rule_replays",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("rule_set", sa.String(length=60), nullable=False),
        sa.Column("draft_id", sa.String(length=26), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("yaml", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.Column("against_rules", sa.JSON(), nullable=False),
        sa.Column("playbooks", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("cursor", sa.String(length=26), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("flipped", sa.Integer(), nullable=False),
        sa.Column("unjudged", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("work_seconds", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["rule_drafts.id"], name=op.f("fk_rule_replays_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_replays")),
    )
    op.create_index(op.f("ix_rule_replays_draft_id"), "rule_replays", ["draft_id"])
    op.create_index("ix_rule_replays_queue", "rule_replays", ["state", "due_at"])
    op.create_table(
        "rule_flips",
        sa.Column("replay_id", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("rule_id", sa.String(length=60), nullable=False),
        sa.Column("before", sa.String(length=10), nullable=False),
        sa.Column("after", sa.String(length=10), nullable=False),
        sa.Column("before_reason", sa.String(length=40), nullable=False),
        sa.Column("after_reason", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=True),
        sa.Column("start", sa.Float(), nullable=True),
        sa.Column("end", sa.Float(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["replay_id"], ["rule_replays.id"], name=op.f("fk_rule_flips_replay_id")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_rule_flips_attempt_id")),
        sa.PrimaryKeyConstraint("replay_id", "attempt_id", "rule_id", name=op.f("pk_rule_flips")),
    )
    op.create_index("ix_rule_flips_change", "rule_flips", ["replay_id", "rule_id", "before", "after"])
    op.add_column("checks", sa.Column("rules_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("checks", "rules_at")
    for table in ("rule_flips", "rule_replays", "rule_drafts", "rule_set_versions"):
        op.drop_table(table)
