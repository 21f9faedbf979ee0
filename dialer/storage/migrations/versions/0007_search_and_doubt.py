"""Words said, found again; doubtful follow-ups.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    _passages()
    op.create_table(
        "doubts",
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_doubts_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_doubts")),
    )
    op.create_index("ix_doubts_state", "doubts", ["state", "score"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("doubts")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER passages_in")
        op.execute("DROP TRIGGER passages_out")
        op.execute("DROP TABLE passage_words")
    op.drop_table("passages")
    op.drop_table("indexed_calls")


def _passages() -> None:
    server = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "indexed_calls",
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_indexed_calls_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_indexed_calls")),
    )
    op.create_index("ix_indexed_calls_form", "indexed_calls", ["form", "attempt_id"])
    op.create_table(
        "passages",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("start", sa.Float(), nullable=False),
        sa.Column("chars", sa.Text(), nullable=False),
        sa.Column("sounds", sa.Text(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("tokens", postgresql.TSVECTOR() if server else sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_passages_attempt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
    )
    op.create_index("ix_passages_attempt", "passages", ["attempt_id", "position"])
    if server:
        op.create_index("ix_passages_tokens", "passages", ["tokens"], postgresql_using="gin")
        return
    op.execute(
        "CREATE VIRTUAL TABLE passage_words USING fts5(tokens, content='passages', content_rowid='id')"
    )
    op.execute(
        "CREATE TRIGGER passages_in AFTER INSERT ON passages BEGIN"
        " INSERT INTO passage_words(rowid, tokens) VALUES (new.id, new.tokens); END"
    )
    op.execute(
        "CREATE TRIGGER passages_out AFTER DELETE ON passages BEGIN"
        " INSERT INTO passage_words(passage_words, rowid, tokens) VALUES ('delete', old.id, old.tokens); END"
    )
