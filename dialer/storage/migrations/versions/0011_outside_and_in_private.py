"""Parties outside, why a party ended, private talks, and steps for another service.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.add_column("call_parties", sa.Column("number", sa.String(length=40), nullable=True))
    op.add_column("call_parties", sa.Column("trunk", sa.String(length=40), nullable=True))
    op.add_column("call_parties", sa.Column("cause", sa.Integer(), nullable=True))
    op.create_index("ix_call_parties_ended_at", "call_parties", ["ended_at"])
    no = sa.false()
    op.add_column("speaker_turns", sa.Column("private", sa.Boolean(), nullable=False, server_default=no))
    op.create_table(
        "call_commands",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("node", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_call_commands_attempt_id_attempts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_commands")),
    )
    op.create_index("ix_call_commands_state", "call_commands", ["state", "node"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("call_commands")
    op.drop_column("speaker_turns", "private")
    op.drop_index("ix_call_parties_ended_at", "call_parties")
    for column in ("cause", "trunk", "number"):
        op.drop_column("call_parties", column)
