"""A review keeps the scorecard it goes by.

Revision ID: 0016
Revises: 0015
"""

from importlib.resources import files

import sqlalchemy as sa
import yaml
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.add_column("reviews", sa.Column("card", sa.JSON(), nullable=True))
    # Until now there was one scorecard, in one version.
    text = (files("playbooks") / "scorecards" / "service-quality.yaml").read_text(encoding="utf-8")
    card = yaml.safe_load(text)
    reviews = sa.table(
        "reviews", sa.column("scorecard"), sa.column("scorecard_version"), sa.column("card", sa.JSON())
    )
    of_it = (reviews.c.scorecard == card["id"], reviews.c.scorecard_version == card["version"])
    op.execute(reviews.update().where(*of_it).values(card=card))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("reviews", "card")
