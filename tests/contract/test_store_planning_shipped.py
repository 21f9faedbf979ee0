"""The shipped playbooks through the planner: each day of a month, on real rows (P1-P23)."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, insert, select

from dialer.customers.tables import occasions
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.planning.changing.dry_run import dry_run
from dialer.planning.dialling import verdicts
from dialer.planning.morning.run import plan_day
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.owed import ON_ARRIVAL, Site
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import exclusions, signals
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from tests.support.planned import NOW, SHANGHAI, add_customer, add_occasion, library, playbook

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
            for book in site.by_kind[row["kind"]]:
                facts = facts_of(dict(row), {"grade": "A"})
                if book.trigger.kind in ON_ARRIVAL and book.occasions.when is None:
                    assert book.applies_to(row["kind"], facts)
                    assert (book.id, row["id"]) in decided

    await database.read(check)


async def test_a_dry_run_says_what_a_day_would_make_and_writes_nothing(database: Database) -> None:
    """Promise 2: before a playbook is saved."""
    await database.write(fill)

    def look(conn: Connection) -> None:
        day = (NOW - timedelta(days=1)).astimezone(SHANGHAI).date()
        for book in LIBRARY:
            found = dry_run(conn, LIBRARY, PlanningSettings(), SHANGHAI, book.id, day, NOW)
            if book.trigger.kind in ON_ARRIVAL and book.occasions.when is None:
                assert found.made + found.merged + sum(found.excluded.values()) >= found.occasions > 0
        assert conn.execute(select(follow_ups)).first() is None
        assert verdicts(conn, [], LIBRARY, PlanningSettings(), SHANGHAI, NOW) == []

    await database.read(look)


async def test_a_dry_run_counts_absences_turns_and_signals_on_their_day(database: Database) -> None:
    """Promise 2, P2, P17, P18: what no occasion of that day triggers is counted on the day that does."""
    patient = [{"earliest": "0d", "target": "3d", "limit": "1w"}]
    books = library(
        playbook("absent", trigger={"kind": "absence", "after": "6mo", "spread_days": 10}, steps=patient),
        playbook("regular", trigger={"kind": "calendar", "cadence": [{"every": "1q"}]}, steps=patient),
        playbook("rained", trigger={"kind": "signal", "signal": "rain"}, steps=patient),
    )
    visit = datetime(2026, 5, 20, 2, tzinfo=NOW.tzinfo)

    def look(conn: Connection) -> None:
        gone, back = add_customer(conn), add_customer(conn, "13800000002")
        quiet = add_occasion(conn, gone, external_id="1", happened_at=visit)
        add_occasion(conn, back, external_id="2", happened_at=visit)
        add_occasion(conn, back, external_id="3", happened_at=visit + timedelta(days=90))
        rain = {"name": "rain", "occasion_id": quiet, "at": NOW - timedelta(hours=30), "by": "ops"}
        conn.execute(insert(signals).values(id=new_id(), **rain))

        def made(book: str, day: date) -> int:
            return dry_run(conn, books, PlanningSettings(), SHANGHAI, book, day, NOW).made

        days = [date(2026, 10, 1) + timedelta(days=number) for number in range(92)]
        assert [day for day in days if made("absent", day)] == [date(2026, 11, 20)]
        turns = [day for day in days if made("regular", day)]
        assert sum(made("regular", day) for day in turns) == 2
        assert [day for day in days if made("rained", day)] == [
            (NOW - timedelta(hours=30)).astimezone(SHANGHAI).date()
        ]

    await database.write(look)
