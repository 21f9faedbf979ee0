"""Transcription at work: priorities, what a transcript was made with, what is odd about its channels.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    for column in _columns():
        op.add_column("transcripts", column)
    op.create_index("ix_transcripts_urgent", "transcripts", ["state", "priority", "due_at"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_transcripts_urgent", "transcripts")
    for column in reversed(_columns()):
        op.drop_column("transcripts", column.name)


def _columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("urgency", sa.String(length=16), nullable=True),
        sa.Column("asked_by", sa.String(length=60), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=16), nullable=True),
        sa.Column("engine_version", sa.String(length=80), nullable=True),
        sa.Column("revision", sa.String(length=64), nullable=True),
        sa.Column("engine_settings", sa.JSON(), nullable=True),
        sa.Column("agent_lost", sa.Float(), nullable=True),
        sa.Column("customer_lost", sa.Float(), nullable=True),
        sa.Column("marks", sa.JSON(), nullable=True),
        sa.Column("conduct", sa.JSON(), nullable=True),
    )
