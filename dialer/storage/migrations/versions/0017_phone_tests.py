"""Agents' own tests of their phones.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "phone_tests",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached", sa.String(length=20), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("from_phone", sa.Integer(), nullable=True),
        sa.Column("to_phone", sa.Integer(), nullable=True),
        sa.Column("said", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_tests")),
    )
    op.create_index("ix_phone_tests_agent_id", "phone_tests", ["agent_id", "asked_at"])
    op.create_index("ix_phone_tests_asked_at", "phone_tests", ["asked_at"])
    op.create_index(
        "uq_phone_tests_open",
        "phone_tests",
        ["extension"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("uq_phone_tests_open", "phone_tests")
    op.drop_index("ix_phone_tests_asked_at", "phone_tests")
    op.drop_index("ix_phone_tests_agent_id", "phone_tests")
    op.drop_table("phone_tests")
