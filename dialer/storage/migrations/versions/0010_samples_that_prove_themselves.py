"""What a day was drawn by, what a reviewer says on second thoughts, and trainings.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.add_column("review_samples", sa.Column("basis", sa.JSON(), nullable=True))
    op.add_column("review_verdicts", sa.Column("reconsidered", sa.String(length=10), nullable=True))
    op.create_table(
        "trainings",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=True),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("trainer", sa.String(length=60), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("noted_by", sa.String(length=60), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainings")),
    )
    op.create_index("ix_trainings_held_on", "trainings", ["held_on"])
    op.create_table(
        "training_agents",
        sa.Column("training_id", sa.String(length=26), nullable=False),
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_training_agents_agent_id_agents")),
        sa.ForeignKeyConstraint(
            ["training_id"], ["trainings.id"], name=op.f("fk_training_agents_training_id_trainings")
        ),
        sa.PrimaryKeyConstraint("training_id", "agent_id", name=op.f("pk_training_agents")),
    )
    op.create_index("ix_training_agents_agent_id", "training_agents", ["agent_id"])
    op.create_table(
        "training_cases",
        sa.Column("training_id", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_training_cases_attempt_id_attempts")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["trainings.id"], name=op.f("fk_training_cases_training_id_trainings")
        ),
        sa.PrimaryKeyConstraint("training_id", "attempt_id", name=op.f("pk_training_cases")),
    )


def downgrade() -> None:
    """Take it away again."""
    for table in ("training_cases", "training_agents", "trainings"):
        op.drop_table(table)
    op.drop_column("review_verdicts", "reconsidered")
    op.drop_column("review_samples", "basis")
