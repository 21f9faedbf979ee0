"""Rules that records answer and not the call: by telephone first (Q3 rule 15, L8)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, update

from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.cases.tables import tasks
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from qa.checks.queries import findings_of
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard


@pytest.fixture
async def world(tmp_path: Path, store_url: str) -> AsyncIterator[World]:
    world = await World(tmp_path, store_url, playbook="insurance-new-policy", kind="policy").open()
    world.install_model()
    yield world
    await world.close()


def done_otherwise(conn: Connection, attempt_id: str, at: datetime, *, by_seller: bool) -> None:
    """The task of other means of this call's follow-up, done at `at`."""
    agent = conn.execute(select(agents.c.id)).scalar_one()
    call = conn.execute(select(attempts).where(attempts.c.id == attempt_id)).one()
    owed = conn.execute(select(follow_ups).where(follow_ups.c.id == call.follow_up_id)).one()
    conn.execute(
        insert(tasks).values(
            id=new_id(),
            kind="other_means",
            customer_id=owed.customer_id,
            follow_up_id=owed.id,
            title="上门",
            owner=agent,
            state="done",
            made_at=at,
            done_at=at,
            done_by=agent,
            evidence={"means": "visit"},
        )
    )
    if by_seller:
        conn.execute(update(follow_ups).where(follow_ups.c.id == owed.id).values(barred=[agent]))


@pytest.mark.parametrize(
    ("days", "by_seller", "verdict", "reason"),
    [
        (None, False, "pass", "on_record"),
        (3, False, "pass", "on_record"),
        (3, True, "fail", "against_record"),
        (-3, False, "fail", "against_record"),
    ],
)
async def test_q3_rule_15_the_telephone_first_and_no_visit_by_who_sold_it(
    world: World, days: int | None, by_seller: bool, verdict: str, reason: str
) -> None:
    attempt = await world.archived()
    if days is not None:
        at = world.now + timedelta(days=days)
        await world.db.write(lambda conn: done_otherwise(conn, attempt, at, by_seller=by_seller))
    await world.transcription(Says(heard(GOOD_CALL))).step()
    await world.checks().step()
    rows = await world.db.read(lambda conn: findings_of(conn, attempt))
    found = {row.rule_id: (row.verdict, row.reason) for row in rows}
    assert found["phone_first"] == (verdict, reason)
    # What was said at the sale no source told.
    assert found["sale_notice"] == ("na", "not_in_call")
