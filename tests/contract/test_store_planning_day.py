"""What the day makes due in a real database: absences, cadences, festivals, steps, signals (P2, P17-P19)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from dialer.alarms.service import open_alarms
from dialer.customers.blocks import block, unblock
from dialer.customers.tables import customers, phones
from dialer.followups.tables import follow_ups
from dialer.planning.morning.run import Planned, plan_day, release_all
from dialer.planning.rules.owed import Site
from dialer.planning.service import give_signal
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import plan_runs
from dialer.planning.worker import PlannerWorker, take_news
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit
from tests.support.planned import (
    NOW,
    SHANGHAI,
    YESTERDAY,
    add_customer,
    add_occasion,
    fates,
    library,
    plan,
    playbook,
)

LOST = playbook(
    "lost",
    trigger={"kind": "absence", "after": "6mo", "spread_days": 10},
    steps=[{"earliest": "0d", "target": "5d", "limit": "1mo"}],
)
CAR = {"plate": "豫A1", "taken_in_at": NOW}


async def day(database: Database, books: Library, now: datetime = NOW, **settings: Any) -> Planned:
    how = PlanningSettings.model_validate(settings)
    return await plan_day(database, books, how, SHANGHAI, lambda: now)


def site(books: Library) -> Site:
    return Site.of(books, PlanningSettings(), SHANGHAI)


async def test_p2_lost_customers_are_called_once_an_absence(database: Database) -> None:
    """P2: six months without a visit; the same absence is no second call."""
    books = library(LOST)

    def prepare(conn: Connection) -> None:
        one, other = add_customer(conn), add_customer(conn, "13800000002")
        add_occasion(conn, one, external_id="older", happened_at=NOW - timedelta(days=300), **CAR)
        add_occasion(
            conn, one, external_id="last", happened_at=datetime(2026, 5, 24, 1, tzinfo=NOW.tzinfo), **CAR
        )
        add_occasion(conn, other, external_id="new", happened_at=YESTERDAY, taken_in_at=NOW)

    await database.write(prepare)
    await day(database, books)
    assert await database.read(fates) == {("last", "lost"): "waiting"}
    row = await database.read(lambda conn: conn.execute(select(follow_ups)).one())
    assert (row.origin, row.due_at.isoformat()) == ("absence", "2026-11-23T16:00:00+00:00")
    await day(database, books, NOW + timedelta(days=1))
    assert len(await database.read(fates)) == 1


async def test_p2_a_visit_ends_the_absence(database: Database) -> None:
    books = library(LOST)

    def prepare(conn: Connection) -> None:
        one = add_customer(conn, id="C")
        add_occasion(conn, one, external_id="last", happened_at=NOW - timedelta(days=190), **CAR)

    await database.write(prepare)
    await day(database, books)
    assert set((await database.read(fates)).values()) == {"waiting"}

    def come(conn: Connection) -> None:
        add_occasion(conn, "C", external_id="other car", happened_at=YESTERDAY, plate="豫A2")
        plan(conn, books)
        assert fates(conn)["last", "lost"] == "waiting"
        add_occasion(conn, "C", external_id="visit", happened_at=YESTERDAY, plate="豫A1")
        plan(conn, books)
        assert fates(conn)["last", "lost"] == "visited"

    await database.write(come)


async def test_p2_nobody_is_lost_while_the_import_has_a_gap(database: Database) -> None:
    """Data is missing, not customers: an alarm says so, and the plan does."""
    books = library(LOST)

    def prepare(conn: Connection) -> None:
        old = NOW - timedelta(days=190)
        add_occasion(
            conn, add_customer(conn), external_id="last", happened_at=old, taken_in_at=NOW - timedelta(days=6)
        )

    await database.write(prepare)
    planned = await day(database, books)
    assert await database.read(fates) == {}
    assert "nobody is taken for lost" in " ".join(planned.warnings)
    assert [alarm.kind for alarm in await database.read(open_alarms)] == ["import_gap"]

    def more(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn, "13900000001"), external_id="x", taken_in_at=NOW)

    await database.write(more)
    await day(database, books)
    assert await database.read(fates) == {("last", "lost"): "waiting"}
    assert await database.read(open_alarms) == []


async def test_p2_a_first_backlog_is_spread_over_working_days(database: Database) -> None:
    books = library(LOST)

    def prepare(conn: Connection) -> None:
        for number in range(40):
            one = add_customer(conn, f"138000000{number:02}")
            add_occasion(conn, one, happened_at=NOW - timedelta(days=300), taken_in_at=NOW)

    await database.write(prepare)
    await day(database, books)
    rows = await database.read(lambda conn: conn.execute(select(follow_ups)).all())
    days = {row.due_at.astimezone(SHANGHAI).date() for row in rows}
    assert len(rows) == 40
    assert len(days) >= 7
    assert min(days) >= NOW.date()
    assert all(one.weekday() < 5 for one in days)


async def test_p18_regulars_are_called_evenly_over_their_period(database: Database) -> None:
    """P18: key customers quarterly, the others yearly, new ones within a week."""
    books = library(
        playbook(
            "regular",
            trigger={
                "kind": "calendar",
                "cadence": [
                    {"when": "grade == 'A'", "every": "1q", "first": "3d"},
                    {"every": "1y", "first": "3d"},
                ],
            },
            steps=[{"earliest": "0d", "target": "3d", "limit": "1w"}],
        )
    )

    def prepare(conn: Connection) -> None:
        for number in range(30):
            one = add_customer(conn, f"138000000{number:02}", grade="A" if number < 20 else "B")
            add_occasion(conn, one, external_id=str(number), happened_at=NOW - timedelta(days=500))
        new = add_customer(conn, "13900000001")
        add_occasion(conn, new, external_id="new", happened_at=NOW - timedelta(days=4))

    await database.write(prepare)
    now = datetime(2026, 10, 8, 1, tzinfo=NOW.tzinfo)
    key = 0
    while now < datetime(2027, 1, 1, tzinfo=NOW.tzinfo):
        await day(database, books, now)
        now += timedelta(days=7)
    rows = await database.read(lambda conn: conn.execute(select(follow_ups)).all())
    quarter = [row for row in rows if row.cycle == "2026-10-01/1q"]
    assert len(quarter) == len({row.customer_id for row in quarter}) == 20
    assert sum(row.cycle == "first" for row in rows) == 1
    assert len({row.plan_day for row in quarter}) >= 6
    assert key == 0


async def test_p19_festivals_by_the_lunar_calendar(database: Database) -> None:
    """P19: the Mid-Autumn Festival of 2026 is 25 September; those on the list are called the days before."""
    books = library(
        playbook(
            "festival",
            occasions={"kinds": ["contact-list"]},
            trigger={"kind": "calendar", "on": ["lunar:08-15"]},
            steps=[{"earliest": "-3d", "target": "-1d", "limit": "0d"}],
            holidays="before",
        )
    )

    def prepare(conn: Connection) -> None:
        add_occasion(
            conn,
            add_customer(conn),
            external_id="1",
            kind="contact-list",
            happened_at=NOW - timedelta(days=90),
        )

    await database.write(prepare)
    before = datetime(2026, 9, 21, 1, tzinfo=NOW.tzinfo)
    await day(database, books, before)
    assert await database.read(fates) == {}
    await day(database, books, before + timedelta(days=2))
    await day(database, books, before + timedelta(days=3))
    row = await database.read(lambda conn: conn.execute(select(follow_ups)).one())
    assert (row.cycle, row.state) == ("08-15/2026", "waiting")
    assert row.limit_at <= datetime(2026, 9, 24, 16, tzinfo=NOW.tzinfo)


TWO_STEPS = playbook(
    "leak",
    steps=[
        {"id": "first", "earliest": "1d", "target": "3d", "limit": "3d"},
        {
            "id": "rain",
            "start": "signal",
            "signal": "rain",
            "longest_wait": "1mo",
            "earliest": "0d",
            "target": "1d",
            "limit": "3d",
        },
        {"id": "last", "start": "previous_done", "earliest": "2d", "target": "2d", "limit": "4d"},
    ],
)


def finish(conn: Connection, step: str, now: datetime) -> None:
    row = conn.execute(select(follow_ups).where(follow_ups.c.step == step)).one()
    conn.execute(update(follow_ups).where(follow_ups.c.id == row.id).values(state="done"))
    emit(conn, "follow_up.done", row.id, now)


async def test_p17_steps_start_from_the_previous_done_and_from_a_signal(database: Database) -> None:
    """P17: a leak is looked at again after rain, at the latest after a month; then once more."""
    books = library(TWO_STEPS)

    def work(conn: Connection) -> None:
        occasion_id = add_occasion(conn, add_customer(conn), external_id="1")
        plan(conn, books)
        finish(conn, "first", NOW)
        take_news(conn, site(books), NOW)
        rain = conn.execute(select(follow_ups).where(follow_ups.c.step == "rain")).one()
        assert rain.due_at.isoformat() == "2026-12-23T16:00:00+00:00"
        assert rain.previous_id is not None
        assert take_news(conn, site(books), NOW) == 0
        later = NOW + timedelta(days=3)
        give_signal(conn, "rain", occasion_id, "boss", later)
        take_news(conn, site(books), later)
        rain = conn.execute(select(follow_ups).where(follow_ups.c.step == "rain")).one()
        assert rain.due_at.isoformat() == "2026-11-26T16:00:00+00:00"
        finish(conn, "rain", later)
        take_news(conn, site(books), later)
        last = conn.execute(select(follow_ups).where(follow_ups.c.step == "last")).one()
        assert last.due_at.isoformat() == "2026-11-28T16:00:00+00:00"

    await database.write(work)


async def test_p17_a_signal_may_start_a_playbook(database: Database) -> None:
    books = library(playbook("fetched", trigger={"kind": "signal", "signal": "fetched"}))

    def work(conn: Connection) -> None:
        occasion_id = add_occasion(conn, add_customer(conn), external_id="1")
        plan(conn, books)
        assert fates(conn) == {}
        give_signal(conn, "fetched", occasion_id, "api", NOW)
        take_news(conn, site(books), NOW)
        row = conn.execute(select(follow_ups)).one()
        assert row.due_at.isoformat() == "2026-11-24T16:00:00+00:00"

    await database.write(work)


async def test_p3_a_due_date_makes_the_call_of_that_day(database: Database) -> None:
    """P3, P4: relative to the date that the occasion names; a week before it where the playbook says so."""
    books = library(
        playbook(
            "service",
            occasions={"kinds": ["maintenance-due"]},
            trigger={"kind": "due", "fact": "due_date"},
            steps=[{"earliest": "-7d", "target": "-7d", "limit": "0d"}],
        )
    )

    def work(conn: Connection) -> None:
        add_occasion(
            conn,
            add_customer(conn),
            external_id="1",
            kind="maintenance-due",
            facts={"due_date": "2026-12-10"},
        )
        plan(conn, books)
        row = conn.execute(select(follow_ups)).one()
        assert row.due_at.isoformat() == "2026-12-02T16:00:00+00:00"
        assert row.limit_at.isoformat() == "2026-12-10T16:00:00+00:00"

    await database.write(work)


async def test_p21_who_sold_calls_and_who_served_does_not(database: Database) -> None:
    from dialer.agents.service import add_agent

    books = library(playbook("sold", caller="same_staff"), playbook("served", caller="not_serving_staff"))

    def work(conn: Connection) -> None:
        seller = add_agent(conn, code="A1", name="王", extension="8001", branch="东店")
        adviser = add_agent(conn, code="A2", name="张", extension="8002", branch="东店")
        add_occasion(conn, add_customer(conn), staff={"adviser": "张", "salesperson": "A1"}, external_id="1")
        plan(conn, books)
        rows = {row.playbook: row for row in conn.execute(select(follow_ups))}
        assert (rows["sold"].owner_id, rows["sold"].bound) in {(adviser, True), (seller, True)}
        assert set(rows["served"].barred) == {seller, adviser}
        assert (rows["served"].owner_id, rows["served"].bound) == (None, False)

    await database.write(work)


async def test_l1_the_day_is_planned_once_and_can_be_stopped_and_gone_on_with(database: Database) -> None:
    def prepare(conn: Connection) -> None:
        conn.execute(
            insert(customers),
            [{"id": f"C{n:05}", "name": "李", "branch": "东", "created_at": NOW} for n in range(1200)],
        )
        for number in range(1200):
            add_occasion(conn, f"C{number:05}", external_id=str(number))

    await database.write(prepare)
    how, told = PlanningSettings(), list[tuple[str, int, int | None]]()
    stopped = await plan_day(
        database,
        library(),
        how,
        SHANGHAI,
        lambda: NOW,
        stop=lambda: True,
        progress=lambda *what: told.append(what),
    )
    assert (stopped.finished, told) == (False, [("arrivals", 1000, 1200)])
    planned = await plan_day(database, library(), how, SHANGHAI, lambda: NOW)
    assert planned.finished
    assert planned.left_out == {"no_number": 1200}
    assert planned.counts["occasions"] == 200


async def test_l1_the_worker_plans_what_comes_and_the_day_at_its_time(database: Database) -> None:
    moment: Callable[[], datetime] = lambda: NOW  # noqa: E731
    early: Callable[[], datetime] = lambda: NOW - timedelta(hours=1)  # noqa: E731
    await database.write(lambda conn: add_occasion(conn, add_customer(conn), external_id="1"))
    worker = PlannerWorker(database, library, PlanningSettings(), SHANGHAI, early)
    assert await worker.step()
    assert await database.read(fates) == {("1", "visit"): "waiting"}
    assert not await worker.step()
    worker = PlannerWorker(database, library, PlanningSettings(), SHANGHAI, moment)
    assert await worker.step()
    assert not await worker.step()
    run = await database.read(lambda conn: conn.execute(select(plan_runs)).one())
    assert (run.kind, run.counts["to_call"], run.released_at) == ("morning", 1, NOW)


async def test_l1_the_plan_is_released_whole(database: Database) -> None:
    def prepare(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), external_id="1")
        plan(conn, release="manual")

    await database.write(prepare)
    assert await release_all(database, NOW.date(), "boss", lambda: NOW) == 1


async def test_x3_who_may_be_called_again_is_planned_again(database: Database) -> None:
    """And a customer whose number was filled in."""
    books = library()

    def work(conn: Connection) -> None:
        one, other = add_customer(conn), add_customer(conn, "")
        add_occasion(conn, one, external_id="1")
        add_occasion(conn, other, external_id="2")
        plan(conn)
        block(conn, one, "boss", "asked", NOW)
        take_news(conn, site(books), NOW)
        assert fates(conn) == {("1", "visit"): "do_not_call", ("2", "visit"): "no_number"}
        unblock(conn, one, "boss", NOW)
        conn.execute(insert(phones).values(customer_id=other, number="13900000009", position=0))
        emit(conn, "customer.corrected", other, NOW)
        take_news(conn, site(books), NOW)
        plan(conn)
        assert set(fates(conn).values()) == {"waiting"}

    await database.write(work)
