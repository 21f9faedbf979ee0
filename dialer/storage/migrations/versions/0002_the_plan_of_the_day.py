"""The plan of the day: customers, plans, playbook versions, imports, cases.

Longer than 400 lines because every table of these features is in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


_NEW = {
    "agents": ("skills", "head", "targets"),
    "customers": (
        "kind",
        "grade",
        "member_number",
        "segments",
        "document_tail",
        "language",
        "slot_from",
        "slot_to",
        "time_zone",
        "frequency",
        "means",
        "pause_reason",
        "owner",
        "deputy",
        "told",
    ),
    "phones": ("told",),
    "vehicles": ("told",),
    "follow_ups": ("step", "cycle", "segment", "origin", "bound", "barred", "skill", "expected_seconds"),
    "occasions": ("unit", "products", "facts"),
    "result_forms": ("satisfaction", "next_step", "promise"),
}


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("shown", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_blocks")),
    )
    op.create_table(
        "identities",
        sa.Column("key", sa.String(length=180), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_identities_customer_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_identities")),
    )
    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identities_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "customer_segments",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("keeper", sa.String(length=60), nullable=False),
        sa.Column("stale_days", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_customer_segments")),
    )
    op.create_table(
        "segment_members",
        sa.Column("segment", sa.String(length=60), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lacks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("segment", "customer_id", name=op.f("pk_segment_members")),
    )
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.create_index("ix_segment_members_customer", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_segment_members_stale", ["segment", "confirmed_at", "customer_id", "lacks"], unique=False
        )
    op.create_table(
        "rights_reviews",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_rights_reviews")),
    )

    # Customers who are there already are found again by what is known of them.
    op.execute(
        "INSERT INTO identities (key, customer_id) "
        "SELECT 'n|' || p.number || '|' || c.name, MIN(c.id) FROM customers c "
        "JOIN phones p ON p.customer_id = c.id GROUP BY p.number, c.name"
    )
    op.execute(
        "INSERT INTO identities (key, customer_id) "
        "SELECT 'p|' || v.plate || '|' || c.name, MIN(c.id) FROM customers c "
        "JOIN vehicles v ON v.customer_id = c.id GROUP BY v.plate, c.name"
    )
    op.create_table(
        "site_secrets",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_secrets")),
    )
    op.create_table(
        "import_mappings",
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", name=op.f("pk_import_mappings")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("encoding", sa.String(length=20), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("error_file", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.create_index("ix_imports_kind", ["kind", "source", "began_at"], unique=False)

    op.create_table(
        "plan_runs",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_runs")),
    )
    with op.batch_alter_table("plan_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_runs_day"), ["day"], unique=False)

    op.create_table(
        "playbook_versions",
        sa.Column("playbook", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("yaml", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(length=60), nullable=False),
        sa.Column("open_ones", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("playbook", "version", name=op.f("pk_playbook_versions")),
    )
    op.create_table(
        "samples",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("playbook", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column("seed", sa.String(length=40), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("population_hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("order", sa.JSON(), nullable=False),
        sa.Column("replaced", sa.JSON(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_samples")),
        sa.UniqueConstraint("playbook", "period", "stratum", name=op.f("uq_samples_playbook_period_stratum")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=True),
        sa.Column("household", sa.String(length=40), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("playbook", sa.String(length=60), nullable=False),
        sa.Column("exempt", sa.Boolean(), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_contacts_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index("ix_contacts_customer", ["customer_id", "at"], unique=False)
        batch_op.create_index("ix_contacts_household", ["household", "at"], unique=False)
        batch_op.create_index("ix_contacts_number", ["number", "at"], unique=False)
        batch_op.create_index("ix_contacts_plate", ["plate", "at"], unique=False)

    op.create_table(
        "corrections",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_corrections_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_corrections_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("playbook", sa.String(length=60), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("gates", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_decisions_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_attempt_id"), ["attempt_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decisions_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decisions_subject"), ["subject"], unique=False)

    op.create_table(
        "hand_overs",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("branch", sa.String(length=60), nullable=False),
        sa.Column("from_id", sa.String(length=26), nullable=False),
        sa.Column("to_id", sa.String(length=26), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["agents.id"], name=op.f("fk_hand_overs_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["agents.id"], name=op.f("fk_hand_overs_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
    )
    with op.batch_alter_table("hand_overs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hand_overs_from_id"), ["from_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hand_overs_to_id"), ["to_id"], unique=False)

    op.create_table(
        "leaves",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("stand_in_id", sa.String(length=26), nullable=True),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_leaves_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaves")),
    )
    with op.batch_alter_table("leaves", schema=None) as batch_op:
        batch_op.create_index("ix_leaves_agent", ["agent_id", "last_day"], unique=False)

    op.create_table(
        "merges",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kept_id", sa.String(length=26), nullable=False),
        sa.Column("gone_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["gone_id"], ["customers.id"], name=op.f("fk_merges_gone_id")),
        sa.ForeignKeyConstraint(["kept_id"], ["customers.id"], name=op.f("fk_merges_kept_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    with op.batch_alter_table("merges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_merges_gone_id"), ["gone_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_merges_kept_id"), ["kept_id"], unique=False)

    op.create_table(
        "shifts",
        sa.Column("agent_id", sa.String(length=26), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts", sa.String(length=5), nullable=False),
        sa.Column("ends", sa.String(length=5), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_shifts_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "day", "starts", name=op.f("pk_shifts")),
    )
    op.create_table(
        "exclusions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("occasion_id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("playbook", sa.String(length=60), nullable=False),
        sa.Column("step", sa.String(length=30), nullable=False),
        sa.Column("cycle", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_exclusions_customer_id")),
        sa.ForeignKeyConstraint(["occasion_id"], ["occasions.id"], name=op.f("fk_exclusions_occasion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusions")),
        sa.UniqueConstraint(
            "playbook",
            "occasion_id",
            "step",
            "cycle",
            name=op.f("uq_exclusions_playbook_occasion_id_step_cycle"),
        ),
    )
    with op.batch_alter_table("exclusions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exclusions_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_exclusions_day", ["day", "reason"], unique=False)
        batch_op.create_index(batch_op.f("ix_exclusions_occasion_id"), ["occasion_id"], unique=False)

    op.create_table(
        "signals",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("occasion_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["occasion_id"], ["occasions.id"], name=op.f("fk_signals_occasion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
    )
    with op.batch_alter_table("signals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signals_occasion_id"), ["occasion_id"], unique=False)

    op.create_table(
        "assignment_moves",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("follow_up_id", sa.String(length=26), nullable=False),
        sa.Column("before_id", sa.String(length=26), nullable=True),
        sa.Column("after_id", sa.String(length=26), nullable=True),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_ups.id"], name=op.f("fk_assignment_moves_follow_up_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_moves")),
    )
    with op.batch_alter_table("assignment_moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_moves_batch"), ["batch"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_moves_follow_up_id"), ["follow_up_id"], unique=False)

    op.create_table(
        "write_backs",
        sa.Column("follow_up_id", sa.String(length=26), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_ups.id"], name=op.f("fk_write_backs_follow_up_id")
        ),
        sa.PrimaryKeyConstraint("follow_up_id", "target", name=op.f("pk_write_backs")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("follow_up_id", sa.String(length=26), nullable=True),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.Column("branch", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("department", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(length=60), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effect", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_cases_attempt_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_cases_customer_id")),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_ups.id"], name=op.f("fk_cases_follow_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("follow_up_id", "effect", name=op.f("uq_cases_follow_up_id_effect")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cases_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_follow_up_id"), ["follow_up_id"], unique=False)
        batch_op.create_index("ix_cases_state", ["state", "opened_at"], unique=False)

    op.create_table(
        "question_items",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("follow_up_id", sa.String(length=26), nullable=False),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.Column("question_id", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("department", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effect", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_question_items_attempt_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_question_items_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_ups.id"], name=op.f("fk_question_items_follow_up_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_items")),
        sa.UniqueConstraint("follow_up_id", "effect", name=op.f("uq_question_items_follow_up_id_effect")),
    )
    with op.batch_alter_table("question_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_items_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_question_items_follow_up_id"), ["follow_up_id"], unique=False)
        batch_op.create_index("ix_question_items_state", ["state", "opened_at"], unique=False)

    op.create_table(
        "tasks",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("follow_up_id", sa.String(length=26), nullable=True),
        sa.Column("attempt_id", sa.String(length=26), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=60), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=60), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("effect", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_tasks_attempt_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_tasks_customer_id")),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_ups.id"], name=op.f("fk_tasks_follow_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("follow_up_id", "effect", name=op.f("uq_tasks_follow_up_id_effect")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_follow_up_id"), ["follow_up_id"], unique=False)
        batch_op.create_index("ix_tasks_state", ["state", "due_at"], unique=False)

    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("skills", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("head", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("targets", sa.JSON(), server_default="{}", nullable=False))

    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=16), server_default="person", nullable=False))
        batch_op.add_column(sa.Column("grade", sa.String(length=20), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("member_number", sa.String(length=40), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("segments", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(
            sa.Column("document_tail", sa.String(length=8), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("language", sa.String(length=10), server_default="", nullable=False))
        batch_op.add_column(sa.Column("slot_from", sa.String(length=5), server_default="", nullable=False))
        batch_op.add_column(sa.Column("slot_to", sa.String(length=5), server_default="", nullable=False))
        batch_op.add_column(sa.Column("time_zone", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("frequency", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("means", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("pause_reason", sa.String(length=40), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("birthday", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("household", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(length=60), server_default="", nullable=False))
        batch_op.add_column(sa.Column("deputy", sa.String(length=60), server_default="", nullable=False))
        batch_op.add_column(sa.Column("promotion_consent", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.String(length=26), nullable=True))
        batch_op.add_column(sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("told", sa.JSON(), server_default="{}", nullable=False))
        batch_op.create_index(batch_op.f("ix_customers_household"), ["household"], unique=False)
        batch_op.create_index(batch_op.f("ix_customers_merged_into"), ["merged_into"], unique=False)

    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step", sa.String(length=30), server_default="call", nullable=False))
        batch_op.add_column(sa.Column("cycle", sa.String(length=20), server_default="", nullable=False))
        batch_op.add_column(sa.Column("segment", sa.String(length=30), server_default="", nullable=False))
        batch_op.add_column(sa.Column("origin", sa.String(length=16), server_default="event", nullable=False))
        batch_op.add_column(sa.Column("previous_id", sa.String(length=26), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.String(length=26), nullable=True))
        batch_op.add_column(sa.Column("plan_day", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("owner_id", sa.String(length=26), nullable=True))
        batch_op.add_column(sa.Column("bound", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("barred", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("skill", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("expected_seconds", sa.Integer(), server_default="300", nullable=False))
        batch_op.add_column(sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("earliest_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_follow_ups_playbook_occasion_id"), type_="unique")
        batch_op.create_index(batch_op.f("ix_follow_ups_merged_into"), ["merged_into"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_ups_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_ups_plan_day"), ["plan_day"], unique=False)
        batch_op.create_unique_constraint(
            batch_op.f("uq_follow_ups_playbook_occasion_id_step_cycle"),
            ["playbook", "occasion_id", "step", "cycle"],
        )

    with op.batch_alter_table("occasions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit", sa.String(length=60), server_default="", nullable=False))
        batch_op.add_column(sa.Column("products", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("facts", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("taken_in_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_occasions_planned_at"), ["planned_at"], unique=False)
        batch_op.create_index("ix_occasions_plate", ["plate", "happened_at"], unique=False)

    for table in ("phones", "vehicles"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("told", sa.String(length=200), server_default="", nullable=False))

    with op.batch_alter_table("result_forms", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("satisfaction", sa.String(length=20), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("next_step", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("promise", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("promise_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("playbook_version", sa.Integer(), nullable=True))

    # The defaults were for the rows that were there; new rows are given every value.
    for table, columns in _NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(column, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_column("playbook_version")

    with op.batch_alter_table("result_forms", schema=None) as batch_op:
        for column in ("promise_at", "promise", "next_step", "satisfaction"):
            batch_op.drop_column(column)

    with op.batch_alter_table("occasions", schema=None) as batch_op:
        batch_op.drop_index("ix_occasions_plate")
        batch_op.drop_index(batch_op.f("ix_occasions_planned_at"))
        batch_op.drop_column("planned_at")
        batch_op.drop_column("taken_in_at")
        batch_op.drop_column("facts")
        batch_op.drop_column("products")
        batch_op.drop_column("unit")

    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_follow_ups_playbook_occasion_id_step_cycle"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_follow_ups_plan_day"))
        batch_op.drop_index(batch_op.f("ix_follow_ups_owner_id"))
        batch_op.drop_index(batch_op.f("ix_follow_ups_merged_into"))
        batch_op.create_unique_constraint(
            batch_op.f("uq_follow_ups_playbook_occasion_id"), ["playbook", "occasion_id"]
        )
        batch_op.drop_column("earliest_at")
        batch_op.drop_column("appointment_at")
        batch_op.drop_column("expected_seconds")
        batch_op.drop_column("skill")
        batch_op.drop_column("barred")
        batch_op.drop_column("bound")
        batch_op.drop_column("owner_id")
        batch_op.drop_column("released_at")
        batch_op.drop_column("plan_day")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("previous_id")
        batch_op.drop_column("origin")
        batch_op.drop_column("segment")
        batch_op.drop_column("cycle")
        batch_op.drop_column("step")

    for table in ("phones", "vehicles"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("told")

    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customers_merged_into"))
        batch_op.drop_index(batch_op.f("ix_customers_household"))
        batch_op.drop_column("told")
        batch_op.drop_column("confirmed_at")
        batch_op.drop_column("forgotten_at")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("promotion_consent")
        batch_op.drop_column("deputy")
        batch_op.drop_column("owner")
        batch_op.drop_column("household")
        batch_op.drop_column("birthday")
        batch_op.drop_column("pause_reason")
        batch_op.drop_column("paused_until")
        batch_op.drop_column("means")
        batch_op.drop_column("frequency")
        batch_op.drop_column("time_zone")
        batch_op.drop_column("slot_to")
        batch_op.drop_column("slot_from")
        batch_op.drop_column("language")
        batch_op.drop_column("document_tail")
        batch_op.drop_column("segments")
        batch_op.drop_column("member_number")
        batch_op.drop_column("grade")
        batch_op.drop_column("kind")

    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_column("targets")
        batch_op.drop_column("head")
        batch_op.drop_column("skills")

    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_tasks_state")
        batch_op.drop_index(batch_op.f("ix_tasks_follow_up_id"))
        batch_op.drop_index(batch_op.f("ix_tasks_customer_id"))

    op.drop_table("tasks")
    with op.batch_alter_table("question_items", schema=None) as batch_op:
        batch_op.drop_index("ix_question_items_state")
        batch_op.drop_index(batch_op.f("ix_question_items_follow_up_id"))
        batch_op.drop_index(batch_op.f("ix_question_items_customer_id"))

    op.drop_table("question_items")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("ix_cases_state")
        batch_op.drop_index(batch_op.f("ix_cases_follow_up_id"))
        batch_op.drop_index(batch_op.f("ix_cases_customer_id"))

    op.drop_table("cases")
    op.drop_table("write_backs")
    with op.batch_alter_table("assignment_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_moves_follow_up_id"))
        batch_op.drop_index(batch_op.f("ix_assignment_moves_batch"))

    op.drop_table("assignment_moves")
    with op.batch_alter_table("signals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signals_occasion_id"))

    op.drop_table("signals")
    with op.batch_alter_table("exclusions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exclusions_occasion_id"))
        batch_op.drop_index("ix_exclusions_day")
        batch_op.drop_index(batch_op.f("ix_exclusions_customer_id"))

    op.drop_table("exclusions")
    op.drop_table("shifts")
    with op.batch_alter_table("merges", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_merges_kept_id"))
        batch_op.drop_index(batch_op.f("ix_merges_gone_id"))

    op.drop_table("merges")
    with op.batch_alter_table("leaves", schema=None) as batch_op:
        batch_op.drop_index("ix_leaves_agent")

    op.drop_table("leaves")
    with op.batch_alter_table("hand_overs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hand_overs_to_id"))
        batch_op.drop_index(batch_op.f("ix_hand_overs_from_id"))

    op.drop_table("hand_overs")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decisions_subject"))
        batch_op.drop_index(batch_op.f("ix_decisions_customer_id"))
        batch_op.drop_index(batch_op.f("ix_decisions_attempt_id"))

    op.drop_table("decisions")
    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_corrections_customer_id"))

    op.drop_table("corrections")
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.drop_index("ix_contacts_plate")
        batch_op.drop_index("ix_contacts_number")
        batch_op.drop_index("ix_contacts_household")
        batch_op.drop_index("ix_contacts_customer")

    op.drop_table("contacts")
    op.drop_table("samples")
    op.drop_table("playbook_versions")
    with op.batch_alter_table("plan_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_runs_day"))

    op.drop_table("plan_runs")
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_index("ix_imports_kind")

    op.drop_table("imports")
    op.drop_table("import_mappings")
    op.drop_table("site_secrets")
    op.drop_table("rights_reviews")
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.drop_index("ix_segment_members_stale")
        batch_op.drop_index("ix_segment_members_customer")

    op.drop_table("segment_members")
    op.drop_table("customer_segments")
    op.drop_table("identities")
    op.drop_table("blocks")
