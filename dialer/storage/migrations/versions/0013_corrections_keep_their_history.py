"""Corrected words are added and never overwritten.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLE = "word_corrections"
_AT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make it."""
    known = _taken_away()
    op.create_table(
        _TABLE,
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        *_columns(),
        sa.Column("replaced_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_word_corrections_attempt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_word_corrections")),
    )
    op.create_index(op.f("ix_word_corrections_attempt_id"), _TABLE, ["attempt_id"])
    op.bulk_insert(sa.table(_TABLE, *_columns()), known)


def downgrade() -> None:
    """Take it away again: of each word only what is in force is kept."""
    op.execute(f"DELETE FROM {_TABLE} WHERE replaced_at IS NOT NULL")
    known = _taken_away()
    op.create_table(
        _TABLE,
        *_columns(),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_word_corrections_attempt_id_attempts")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "segment", "word", name=op.f("pk_word_corrections")),
    )
    op.bulk_insert(sa.table(_TABLE, *_columns()), known)


def _taken_away() -> list[dict[str, object]]:
    """The rows of the table, which is gone: neither database can change a primary key in the same way."""
    kept = sa.table(_TABLE, *_columns())
    rows = op.get_bind().execute(sa.select(kept).order_by(kept.c.corrected_at))
    known = [dict(row) for row in rows.mappings()]
    op.drop_table(_TABLE)
    return known


def _columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("word", sa.Integer(), nullable=False),
        sa.Column("heard", sa.String(length=200), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("corrected_by", sa.String(length=60), nullable=False),
        sa.Column("corrected_at", _AT, nullable=False),
    )
