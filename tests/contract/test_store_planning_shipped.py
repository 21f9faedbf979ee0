"""The shipped playbooks through the planner: each day of a month, on real rows (P1-P23)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from dialer.customers.tables import occasions
from dialer.followups.tables import follow_ups
from dialer.planning.dialling import verdicts
from dialer.planning.dry_run import dry_run
from dialer.planning.facts import facts_of
from dialer.planning.morning.run import plan_day
from dialer.planning.owed import ON_ARRIVAL, Site
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import exclusions
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from tests.support.planned import NOW, SHANGHAI, add_customer, add_occasion

LIBRARY = shipped_library()
KINDS = sorted({kind for playbook in LIBRARY for kind in playbook.occasions.kinds})


def fill(conn: Connection) -> None:
    due = {
        playbook.trigger.fact: "2026-12-01" for playbook in LIBRARY if playbook.trigger.kind.value == "due"
    }
    for number, kind in enumerate(KINDS * 3):
        who = add_customer(conn, f"138{number:08}", grade="ABC"[number % 3], promotion_consent=True)
        ago = (1, 5, 200)[number // len(KINDS)]
        add_occasion(
            conn,
            who,
            kind=kind,
            unit="城东",
            happened_at=NOW - timedelta(days=ago),
            facts={**due, "repair_number": f"R{number}"},
            taken_in_at=NOW,
        )


async def test_every_shipped_playbook_is_planned_day_after_day(database: Database) -> None:
    """L1, L9: nothing raises, nothing doubles, and every occasion of a playbook has its fate."""
    how = PlanningSettings()
    await database.write(fill)
    for ahead in range(0, 30, 6):
        now = NOW + timedelta(days=ahead)

        def clock(now: datetime = now) -> datetime:
            return now

        planned = await plan_day(database, LIBRARY, how, SHANGHAI, clock)
        assert planned.finished

    def check(conn: Connection) -> None:
        keys: set[tuple[object, ...]] = set()
        for rows in (follow_ups, exclusions):
            query = select(rows.c.playbook, rows.c.occasion_id, rows.c.step, rows.c.cycle)
            found = [tuple(row) for row in conn.execute(query)]
            assert not keys & set(found)
            keys |= set(found)
        site = Site.of(LIBRARY, how, SHANGHAI)
        decided = {key[:2] for key in keys}
        for row in conn.execute(select(occasions)).mappings():
            for playbook in site.by_kind[row["kind"]]:
                facts = facts_of(dict(row), {"grade": "A"})
                if playbook.trigger.kind in ON_ARRIVAL and playbook.occasions.when is None:
                    assert playbook.applies_to(row["kind"], facts)
                    assert (playbook.id, row["id"]) in decided

    await database.read(check)


async def test_a_dry_run_says_what_a_day_would_make_and_writes_nothing(database: Database) -> None:
    """Promise 2: before a playbook is saved."""
    await database.write(fill)

    def look(conn: Connection) -> None:
        day = (NOW - timedelta(days=1)).astimezone(SHANGHAI).date()
        for playbook in LIBRARY:
            found = dry_run(conn, LIBRARY, PlanningSettings(), SHANGHAI, playbook.id, day, NOW)
            if playbook.trigger.kind in ON_ARRIVAL and playbook.occasions.when is None:
                assert found.made + found.merged + sum(found.excluded.values()) >= found.occasions > 0
        assert conn.execute(select(follow_ups)).first() is None
        assert verdicts(conn, [], LIBRARY, PlanningSettings(), SHANGHAI, NOW) == []

    await database.read(look)
