"""What the check heard at question items; earlier checks; packages made apart from the page.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What a checked call is held against is found by the call.
_BY_CALL = ("cases", "question_items", "tasks")


def upgrade() -> None:
    """Make it."""
    op.add_column("question_items", sa.Column("evidence", sa.JSON(), nullable=True))
    for table in _BY_CALL:
        op.create_index(op.f(f"ix_{table}_attempt_id"), table, ["attempt_id"])
    op.create_table(
        "past_checks",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("rule_set", sa.String(length=60), nullable=False),
        sa.Column("rule_set_version", sa.Integer(), nullable=False),
        sa.Column("question_item", sa.String(length=12), nullable=True),
        sa.Column("signals", sa.JSON(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_past_checks_attempt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_checks")),
    )
    op.create_index(op.f("ix_past_checks_attempt_id"), "past_checks", ["attempt_id"])
    op.create_table(
        "packages",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("follow_up_id", sa.String(length=26), nullable=False),
        sa.Column("policy", sa.String(length=100), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packages")),
    )
    op.create_index("ix_packages_queue", "packages", ["state", "due_at"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("packages")
    op.drop_table("past_checks")
    for table in _BY_CALL:
        op.drop_index(op.f(f"ix_{table}_attempt_id"), table)
    op.drop_column("question_items", "evidence")
