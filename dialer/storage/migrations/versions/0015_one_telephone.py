"""Which telephones somebody of ours has on the line.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    in_flight = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_attempts_in_flight",
        "attempts",
        ["number"],
        sqlite_where=in_flight,
        postgresql_where=in_flight,
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_attempts_in_flight", "attempts")
