"""What a call was judged to hold: question item and signals.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.add_column("checks", sa.Column("question_item", sa.String(length=12), nullable=True))
    op.add_column("checks", sa.Column("signals", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("checks", "signals")
    op.drop_column("checks", "question_item")
