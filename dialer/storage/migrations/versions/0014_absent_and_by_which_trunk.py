"""In doubt and not alive holds no line; a customer who rings holds one of his trunk.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.add_column("attempts", sa.Column("absent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("trunk", sa.String(length=40), nullable=True))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("tickets", "trunk")
    op.drop_column("attempts", "absent_at")
