"""Projected dates, months that begin, visits and tasks without a call, on real rows (P2, P4, P18, P23)."""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from dialer.cases.queries import list_tasks
from dialer.cases.tables import tasks
from dialer.cases.worker import act_on_events
from dialer.customers.tables import occasions
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.planning.changing.publishing import publish
from dialer.planning.morning.run import plan_day
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import exclusions
from dialer.playbooks.library import Library, shipped_library
from dialer.playbooks.service import OpenOnes
from dialer.storage.database import Database
from tests.support.planned import NOW, SHANGHAI, add_customer, add_occasion, fates, library, plan, playbook

SHIPPED = shipped_library()
MONTHLY = playbook(
    "lost",
    trigger={"kind": "absence", "after": "6mo", "planned": "month_start"},
    steps=[{"earliest": "0d", "target": "0d", "limit": "3w"}],
)


def day_of(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


def maintenance(conn: Connection) -> RowMapping:
    query = select(follow_ups).where(follow_ups.c.playbook == "first-maintenance")
    return conn.execute(query).mappings().one()


async def run(database: Database, books: Library, now: datetime) -> None:
    await plan_day(database, books, PlanningSettings(), SHANGHAI, lambda: now)


def give_tasks(conn: Connection, now: datetime) -> int:
    return act_on_events(conn, SHIPPED, SHANGHAI, WorkCalendar(), now)


async def test_p4_a_delivery_alone_makes_the_first_maintenance_due(database: Database) -> None:
    """P4: six months after it; the call about the sale stays its own."""

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), id="D", kind="delivery-order", plate="豫A1")
        plan(conn, SHIPPED)
        row = maintenance(conn)
        assert (day_of(row["earliest_at"]), day_of(row["limit_at"])) == (date(2027, 5, 16), date(2027, 5, 23))
        assert (row["state"], row["origin"], row["merged_into"]) == ("waiting", "due", None)

    await database.write(work)


async def test_p4_the_sheet_comes_again_with_a_reading_and_the_follow_up_moves(database: Database) -> None:
    """P4: 用户回访跟踪表 comes in again; the same row moves, and planning again changes nothing."""

    def tell(conn: Connection, **facts: Any) -> RowMapping:
        conn.execute(update(occasions).where(occasions.c.id == "D").values(facts=facts, planned_at=None))
        plan(conn, SHIPPED)
        return maintenance(conn)

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), id="D", kind="delivery-order", plate="豫A1")
        plan(conn, SHIPPED)
        first = maintenance(conn)
        read = tell(conn, mileage=2000, mileage_on="2026-12-13")
        # 100 km a day: 5,000 km on 12 January.
        assert (read["id"], day_of(read["earliest_at"])) == (first["id"], date(2027, 1, 5))
        assert dict(tell(conn, mileage=2000, mileage_on="2026-12-13")) == dict(read)
        slip = tell(conn, mileage=2000, mileage_on="2025-12-13")
        assert day_of(slip["earliest_at"]) == day_of(first["earliest_at"])

    await database.write(work)


async def test_p4_other_months_move_the_open_follow_ups(database: Database) -> None:
    """P4, T7: the maker says three months now; what is open moves with the playbook where that is wanted."""

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), id="D", kind="delivery-order", plate="豫A1")
        plan(conn, SHIPPED)
        text = SHIPPED.get("first-maintenance").text.replace("months: 6mo", "months: 3mo")
        published = publish(
            conn,
            SHIPPED,
            text,
            rule_sets={"first-maintenance"},
            by="boss",
            open_ones=OpenOnes.MOVE,
            zone=SHANGHAI,
            calendar=WorkCalendar(),
            now=NOW,
        )
        assert published.moved == 1
        row = maintenance(conn)
        assert (row["playbook_version"], day_of(row["limit_at"])) == (2, date(2027, 2, 23))

    await database.write(work)


async def test_p2_planned_at_month_start_on_its_first_working_day(database: Database) -> None:
    """P2: absent since 24 November: called on 1 December, and no earlier; once, and not who came back."""

    def prepare(conn: Connection) -> None:
        gone = datetime(2026, 5, 24, 1, tzinfo=NOW.tzinfo)
        for number, who in enumerate(("stays away", "comes back")):
            one = add_customer(conn, f"1380000000{number}", id=who)
            add_occasion(conn, one, external_id=who, happened_at=gone, taken_in_at=NOW)

    await database.write(prepare)
    books = library(MONTHLY)
    for ahead in range(7):
        now = NOW + timedelta(days=ahead)

        def come(conn: Connection, now: datetime = now) -> None:
            # Data of the day is there; two days before the month ends one of them visits.
            other = add_customer(conn, "13900000001")
            add_occasion(conn, other, external_id=f"{now:%d}", happened_at=now, taken_in_at=now)
            if now.day == 29:
                add_occasion(conn, "comes back", external_id="visit", happened_at=now, taken_in_at=now)

        assert await database.read(fates) == {}
        await database.write(come)
        await run(database, books, now)
    await run(database, books, NOW + timedelta(days=7))
    await run(database, books, NOW + timedelta(days=8))
    row = await database.read(lambda conn: conn.execute(select(follow_ups)).one())
    assert (row.customer_id, day_of(row.earliest_at)) == ("stays away", date(2026, 12, 1))


async def test_p2_the_first_of_a_month_may_be_no_working_day(database: Database) -> None:
    """P2: absent in December: 1 January 2027 is a holiday; of 31 August, on 28 February."""

    def prepare(conn: Connection) -> None:
        for number, day in enumerate((datetime(2026, 6, 20), datetime(2026, 8, 31))):
            at = day.replace(tzinfo=SHANGHAI, hour=10)
            add_occasion(
                conn, add_customer(conn, f"1380000000{number}"), external_id=f"{day:%m}", happened_at=at
            )

    await database.write(prepare)
    books = library(MONTHLY)
    settings = PlanningSettings(extra_holidays=(date(2027, 1, 1),), gap_working_days=400)
    now = datetime(2026, 12, 30, tzinfo=NOW.tzinfo)
    while now < datetime(2027, 3, 6, tzinfo=NOW.tzinfo):
        await plan_day(database, books, settings, SHANGHAI, partial(_same, now))
        now += timedelta(days=1)
    rows = await database.read(lambda conn: conn.execute(select(follow_ups.c.earliest_at)).scalars().all())
    assert sorted(map(day_of, rows)) == [date(2027, 1, 4), date(2027, 3, 1)]


def _same(now: datetime) -> datetime:
    return now


async def test_p18_in_the_high_season_a_call_each_week_and_a_visit_each_half_month(
    database: Database,
) -> None:
    """P18: the visit is the keeper's task, calls nobody, and its place in the plan is on record."""

    def prepare(conn: Connection) -> None:
        listed = NOW - timedelta(days=60)
        for number, season in enumerate(("旺季", "")):
            who = add_customer(conn, f"1380000000{number}", owner="赵经理")
            told = {"list_name": "老客户", "season": season}
            add_occasion(conn, who, kind="contact-list", external_id=season, facts=told, happened_at=listed)

    await database.write(prepare)
    now = datetime(2026, 11, 2, tzinfo=NOW.tzinfo)
    while now < datetime(2026, 12, 14, tzinfo=NOW.tzinfo):
        await run(database, SHIPPED, now)
        await database.write(partial(give_tasks, now=now))
        now += timedelta(days=1)

    def check(conn: Connection) -> None:
        (season,) = conn.execute(select(occasions.c.customer_id).where(occasions.c.external_id == "旺季"))
        calls = conn.execute(select(follow_ups.c.cycle).where(follow_ups.c.customer_id == season[0]))
        # Six weeks, of which the first and the last may lack their turn.
        assert Counter(cycle.partition("/")[2] for cycle in calls.scalars())["1w"] in (5, 6)
        visits = list_tasks(conn, ["open"], 99)
        assert {(task.title, task.whose, task.customer_id) for task in visits} == {
            ("旺季半月拜访", "赵经理", season[0])
        }
        assert all(task.due_at is not None and task.due_at > task.since for task in visits)
        instead = select(exclusions.c.cycle).where(exclusions.c.reason == "other_channel")
        halves = sorted(date.fromisoformat(cycle.split("/")[1]) for cycle in conn.execute(instead).scalars())
        assert len(halves) == len(visits) >= 2
        assert {after - one for one, after in pairwise(halves)} == {timedelta(days=15)}

    await database.read(check)


async def test_p18_a_season_by_the_months_of_the_year(database: Database) -> None:
    """P18: a house whose season is the same for all names its months."""
    visit = {"do": "task", "title": {"zh": "看望", "en": "A visit"}, "within": "3d", "department": "门店"}
    books = library(
        playbook(
            "season",
            trigger={
                "kind": "calendar",
                "cadence": [
                    {"every": "1w", "season": [12]},
                    {"every": "1y"},
                    {"every": "1w", "season": [12], "task": visit},
                ],
            },
            steps=[{"earliest": "0d", "target": "3d", "limit": "1w"}],
        )
    )

    def prepare(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), happened_at=NOW - timedelta(days=500))
        add_occasion(
            conn, add_customer(conn, "13900000001", do_not_call=True), happened_at=NOW - timedelta(days=500)
        )

    await database.write(prepare)
    cycles = select(follow_ups.c.cycle)
    await run(database, books, NOW + timedelta(days=6))
    november = await database.read(lambda conn: conn.execute(cycles).scalars().all())
    assert not any("w" in cycle for cycle in november)
    await run(database, books, datetime(2026, 12, 27, tzinfo=NOW.tzinfo))
    december = await database.read(lambda conn: conn.execute(cycles).scalars().all())
    assert [cycle for cycle in december if "w" in cycle] == ["2026-12-21/1w"]
    await database.write(partial(give_tasks, now=NOW))
    (task,) = await database.read(lambda conn: list_tasks(conn, ["open"], 9))
    assert (task.title, task.whose) == ("看望", "门店")


async def test_p23_a_suggestion_starts_both_clocks_of_its_department(database: Database) -> None:
    """P23, K6: told in two days, measures in three more, the customer within two weeks; each once."""

    def work(conn: Connection) -> None:
        facts = {"department": "售后部", "content": "等候区太小"}
        add_occasion(conn, add_customer(conn), kind="opinion", facts=facts, id="S")
        add_occasion(conn, add_customer(conn, ""), kind="opinion", id="no number")
        old = NOW - timedelta(days=60)
        add_occasion(conn, add_customer(conn, "13900000001"), kind="opinion", id="old", happened_at=old)
        plan(conn, SHIPPED)

    def again(conn: Connection) -> None:
        conn.execute(update(occasions).values(planned_at=None))
        plan(conn, SHIPPED, NOW + timedelta(hours=1))

    def check(conn: Connection) -> None:
        owed = conn.execute(select(follow_ups).where(follow_ups.c.occasion_id == "S")).one()
        assert day_of(owed.limit_at) == date(2026, 12, 8)
        made = conn.execute(
            select(tasks).where(tasks.c.follow_up_id == owed.id).order_by(tasks.c.due_at)
        ).all()
        assert [(task.title, task.owner, day_of(task.due_at)) for task in made] == [
            ("建议送达责任部门", "售后部", date(2026, 11, 27)),
            ("责任部门回复改进措施", "售后部", date(2026, 11, 30)),
        ]
        # Who cannot be called has suggested something all the same; what is months old is history.
        assert len(conn.execute(select(tasks.c.id).where(tasks.c.follow_up_id.is_(None))).all()) == 2
        assert len(conn.execute(select(tasks.c.id)).all()) == 4

    await database.write(work)
    assert await database.write(partial(give_tasks, now=NOW)) == 4
    await database.write(again)
    assert await database.write(partial(give_tasks, now=NOW)) == 0
    await database.read(check)
