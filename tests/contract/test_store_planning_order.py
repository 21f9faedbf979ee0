"""Whatever comes first, and however often it is planned, the plan is the same (L1, L4, L5, L9)."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select

from dialer.customers.tables import customers, occasions, phones
from dialer.followups.tables import follow_ups
from dialer.planning.draws import draw_waiting
from dialer.planning.rules.owed import Site
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import decisions, exclusions, samples
from dialer.storage.database import Database
from tests.support.planned import (
    NOW,
    SHANGHAI,
    add_contact,
    add_customer,
    add_occasion,
    fates,
    library,
    plan,
    playbook,
)

LONG = [{"earliest": "1d", "target": "10d", "limit": "60d"}]
BOOKS = library(
    playbook("a", steps=LONG, merge={"accept": ["b"], "max_minutes": 8}),
    playbook("b", steps=LONG, occasions={"kinds": ["settlement-order", "delivery-order"]}),
    playbook("c", caps={"min_gap_days": 7}),
    playbook(
        "drawn", occasions={"kinds": ["delivery-order"]}, coverage={"share": "0.3", "strata": ["branch"]}
    ),
)
PEOPLE = {"C1": None, "C2": "h1", "C3": "h1", "C4": None, "C5": "h2"}


def orders(random: Random) -> list[dict[str, Any]]:
    return [
        {
            "customer_id": random.choice(sorted(PEOPLE)),
            "id": f"O{number:02}",
            "external_id": f"{number:02}",
            "kind": random.choice(["settlement-order", "delivery-order"]),
            "plate": random.choice([None, "豫A1", "豫A2"]),
            "happened_at": NOW - timedelta(days=random.randint(0, 20)),
        }
        for number in range(random.randint(1, 14))
    ]


def prepare(conn: Connection) -> None:
    from dialer.customers.tables import contacts

    for table in (decisions, exclusions, samples, follow_ups, contacts, occasions, phones, customers):
        conn.execute(delete(table))
    for number, (customer_id, household) in enumerate(PEOPLE.items()):
        add_customer(conn, f"1380000000{number}", id=customer_id, household=household)
    add_contact(conn, "C1", NOW - timedelta(days=3))


def plan_all(conn: Connection, limit: int = 1000) -> None:
    plan(conn, BOOKS, limit=limit)
    site = Site.of(BOOKS, PlanningSettings(), SHANGHAI)
    while draw_waiting(conn, site, NOW):
        pass


def outcome(conn: Connection) -> dict[tuple[str, str], Any]:
    """The fate of each occasion in each playbook; of a call its time, and what it is merged into."""
    lead = follow_ups.alias()
    rows = conn.execute(
        select(
            follow_ups.c.occasion_id,
            follow_ups.c.playbook,
            follow_ups.c.due_at,
            lead.c.occasion_id,
            lead.c.playbook,
        )
        .outerjoin(lead, lead.c.id == follow_ups.c.merged_into)
        .where(follow_ups.c.state != "cancelled")
    )
    called = {(key[1:], book): (str(at), into, whose) for key, book, at, into, whose in rows}
    return {key: (fate, called.get(key)) for key, fate in fates(conn).items()}


@pytest.mark.parametrize("seed", range(12))
async def test_l9_the_order_of_arrival_does_not_matter(database: Database, seed: int) -> None:
    random = Random(seed)

    def work(conn: Connection) -> None:
        rows = orders(random)
        prepare(conn)
        for row in rows:
            add_occasion(conn, **row)
        plan_all(conn)
        at_once = outcome(conn)
        everything = {key for key, _ in at_once}
        assert everything == {row["external_id"] for row in rows}
        plan_all(conn)
        assert outcome(conn) == at_once
        prepare(conn)
        random.shuffle(rows)
        for row in rows:
            add_occasion(conn, **row)
            if random.random() < 0.5:
                plan_all(conn, limit=random.randint(1, 3))
        plan_all(conn, limit=2)
        assert outcome(conn) == at_once

    await database.write(work)
