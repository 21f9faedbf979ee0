"""The engine that nobody restarts: what its tables gained.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    _agents()
    _trunks_and_nodes()
    _modes()
    _announcements()
    _in_call()


def downgrade() -> None:
    """Take them away again."""
    _in_call_away()
    _announcements_away()
    _modes_away()
    _trunks_and_nodes_away()
    _agents_away()


def _agents() -> None:
    op.create_table(
        "desks",
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("branch", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("extension", name=op.f("pk_desks")),
    )
    op.create_table(
        "agent_history",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.Column("extension", sa.String(length=20), nullable=True),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("why", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_history_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_history")),
    )
    op.create_index("ix_agent_history_ended", "agent_history", ["ended_at"])
    # Two shifts may share a phone, and who has none of his own may still call.
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_agents_extension"), type_="unique")
    op.add_column("agent_sessions", sa.Column("extension", sa.String(length=20), nullable=True))
    op.add_column("agent_sessions", sa.Column("login", sa.String(length=64), nullable=True))
    op.add_column(
        "agent_sessions", sa.Column("wrap_extended", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("agent_sessions", sa.Column("shift_done_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE agent_sessions SET extension ="
        " (SELECT extension FROM agents WHERE agents.id = agent_sessions.agent_id)"
        " WHERE state <> 'offline'"
    )
    op.create_index("ix_agent_sessions_extension", "agent_sessions", ["extension"], unique=True)


def _agents_away() -> None:
    op.drop_index("ix_agent_sessions_extension", "agent_sessions")
    for column in ("shift_done_at", "wrap_extended", "login", "extension"):
        op.drop_column("agent_sessions", column)
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.create_unique_constraint(op.f("uq_agents_extension"), ["extension"])
    op.drop_index("ix_agent_history_ended", "agent_history")
    op.drop_table("agent_history")
    op.drop_table("desks")


def _trunks_and_nodes() -> None:
    for column in ("trunk", "caller_id", "node"):
        op.add_column("attempts", sa.Column(column, sa.String(length=40), nullable=True))
    op.create_table(
        "trunk_states",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("probe", sa.String(length=26), nullable=True),
        sa.Column("why", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trunk_states")),
    )
    op.create_table(
        "node_leases",
        sa.Column("node", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=26), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted_by", sa.String(length=200), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_node_leases")),
    )


def _trunks_and_nodes_away() -> None:
    op.drop_table("node_leases")
    op.drop_table("trunk_states")
    for column in ("node", "caller_id", "trunk"):
        op.drop_column("attempts", column)


def _modes() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("follow_up_id", sa.String(length=26), nullable=False),
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("then", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.Column("playbook_version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_ups.id"], name=op.f("fk_offers_follow_up_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_offers_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(op.f("ix_offers_follow_up_id"), "offers", ["follow_up_id"])
    op.create_index("ix_offers_state", "offers", ["state", "ends_at"])
    op.create_index("ix_offers_agent", "offers", ["agent_id", "offered_at"])
    op.create_table(
        "tickets",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("call_id", sa.String(length=150), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("called", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=True),
        sa.Column("follow_up_id", sa.String(length=26), nullable=True),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.Column("agent_id", sa.String(length=26), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("missed", sa.String(length=12), nullable=True),
        sa.Column("rang_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_tickets_customer_id")),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_ups.id"], name=op.f("fk_tickets_follow_up_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_tickets_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
    )
    op.create_index(op.f("ix_tickets_customer_id"), "tickets", ["customer_id"])
    op.create_index(op.f("ix_tickets_attempt_id"), "tickets", ["attempt_id"])
    op.create_index("ix_tickets_call", "tickets", ["call_id"])
    op.create_index("ix_tickets_state", "tickets", ["state", "rang_at"])
    op.create_index("ix_tickets_rang", "tickets", ["rang_at"])
    op.add_column(
        "attempts", sa.Column("mode", sa.String(length=16), nullable=False, server_default="progressive")
    )
    op.add_column("agents", sa.Column("preview", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_follow_ups_due", "follow_ups", ["state", "due_at"])
    op.create_index("ix_follow_ups_appointment", "follow_ups", ["state", "appointment_at"])
    op.add_column("follow_ups", sa.Column("hours", sa.String(length=60), nullable=True))
    op.execute(
        "UPDATE follow_ups SET hours = CASE WHEN appointment_at IS NOT NULL OR customer_id IN "
        "(SELECT id FROM customers WHERE slot_from <> '' OR time_zone <> '') THEN 'own' ELSE playbook END"
    )
    with op.batch_alter_table("follow_ups") as table:
        table.alter_column("hours", existing_type=sa.String(length=60), nullable=False)
    op.create_index("ix_follow_ups_next", "follow_ups", ["state", "hours", "limit_at", "due_at"])
    own = sa.text("hours = 'own'")
    op.create_index(
        "ix_follow_ups_own", "follow_ups", ["state", "due_at"], sqlite_where=own, postgresql_where=own
    )


def _modes_away() -> None:
    op.drop_index("ix_follow_ups_own", "follow_ups")
    op.drop_index("ix_follow_ups_next", "follow_ups")
    op.drop_column("follow_ups", "hours")
    op.drop_index("ix_follow_ups_appointment", "follow_ups")
    op.drop_index("ix_follow_ups_due", "follow_ups")
    op.drop_column("agents", "preview")
    op.drop_column("attempts", "mode")
    op.drop_table("tickets")
    op.drop_table("offers")


def _announcements() -> None:
    op.add_column("attempts", sa.Column("heard", sa.String(length=20), nullable=True))
    op.create_table(
        "announcements",
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("heard", sa.String(length=20), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("phrase", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("start", sa.Float(), nullable=True),
        sa.Column("end", sa.Float(), nullable=True),
        sa.Column("clip_path", sa.String(length=400), nullable=True),
        sa.Column("clip_sha256", sa.String(length=64), nullable=True),
        sa.Column("engine", sa.String(length=40), nullable=True),
        sa.Column("model", sa.String(length=60), nullable=True),
        sa.Column("work_seconds", sa.Float(), nullable=True),
        sa.Column("signalled", sa.String(length=20), nullable=True),
        sa.Column("effect", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_announcements_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_announcements")),
    )
    op.create_index("ix_announcements_queue", "announcements", ["state", "due_at"])


def _announcements_away() -> None:
    op.drop_index("ix_announcements_queue", "announcements")
    op.drop_table("announcements")
    op.drop_column("attempts", "heard")


def _in_call() -> None:
    op.create_table(
        "in_calls",
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_in_calls_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_in_calls")),
    )
    op.create_table(
        "call_parties",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("agent_id", sa.String(length=26), nullable=True),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_call_parties_attempt_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_call_parties_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_parties")),
    )
    op.create_index(op.f("ix_call_parties_attempt_id"), "call_parties", ["attempt_id"])
    op.create_index("ix_call_parties_state", "call_parties", ["state"])
    op.create_table(
        "speaker_turns",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("attempt_id", sa.String(length=26), nullable=False),
        sa.Column("party_id", sa.String(length=26), nullable=True),
        sa.Column("agent_id", sa.String(length=26), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_speaker_turns_attempt_id")),
        sa.ForeignKeyConstraint(["party_id"], ["call_parties.id"], name=op.f("fk_speaker_turns_party_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_speaker_turns_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speaker_turns")),
    )
    op.create_index(op.f("ix_speaker_turns_attempt_id"), "speaker_turns", ["attempt_id"])


def _in_call_away() -> None:
    for table in ("speaker_turns", "call_parties", "in_calls"):
        op.drop_table(table)
