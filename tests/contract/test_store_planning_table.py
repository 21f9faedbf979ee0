"""The table of playbooks, line by line: one real row each, through the planner, on both databases (P1-P23).

What has its own tests elsewhere is not here: P2, P3, P12, P17, P18, P19, P21.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from dialer.customers.tables import occasions
from dialer.followups.tables import follow_ups
from dialer.planning.morning.run import plan_day
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import exclusions
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from tests.support.planned import NOW, SHANGHAI, YESTERDAY, add_customer, add_occasion, plan

LIBRARY = shipped_library()


async def owed(
    database: Database,
    playbook: str,
    kind: str,
    facts: Mapping[str, Any] | None = None,
    **occasion: Any,
) -> RowMapping:
    """The one follow-up of `playbook` that an occasion of yesterday, Monday the 23rd, makes due."""

    def prepare(conn: Connection) -> None:
        who = add_customer(conn, promotion_consent=True)
        add_occasion(conn, who, kind=kind, facts=dict(facts or {}), **occasion)
        plan(conn, LIBRARY)

    await database.write(prepare)
    await plan_day(database, LIBRARY, PlanningSettings(), SHANGHAI, lambda: NOW)
    query = select(follow_ups).where(follow_ups.c.playbook == playbook)
    (row,) = await database.read(lambda conn: conn.execute(query).mappings().all())
    return row


def days(row: RowMapping) -> tuple[date, date, date]:
    """The first day, the target day and the last day of a follow-up, in the site's calendar."""
    first: datetime = row["earliest_at"]
    ends: tuple[datetime, datetime] = (row["target_at"], row["limit_at"])
    target, last = (at.astimezone(SHANGHAI).date() - timedelta(days=1) for at in ends)
    return first.astimezone(SHANGHAI).date(), target, last


def _same(now: datetime) -> datetime:
    return now


def november(day: int) -> date:
    return date(2026, 11, day)


def december(day: int) -> date:
    return date(2026, 12, day)


async def test_p1_the_next_day_and_at_the_latest_on_day_three(database: Database) -> None:
    row = await owed(database, "after-sales-satisfaction", "settlement-order")
    assert days(row) == (november(24), november(24), november(26))


async def test_p4_in_the_week_before_the_first_maintenance(database: Database) -> None:
    due = {"first_maintenance_due": "2026-12-03"}
    row = await owed(database, "first-maintenance", "delivery-order", due)
    assert days(row) == (november(26), november(26), december(2))


async def test_p5_three_days_after_delivery_within_the_week(database: Database) -> None:
    row = await owed(database, "sale-satisfaction", "delivery-order")
    assert days(row) == (november(26), november(26), november(30))


async def test_p6_three_days_after_the_deal_was_lost(database: Database) -> None:
    row = await owed(database, "lost-deal", "lost-deal")
    assert days(row)[:2] == (november(26), november(26))


async def test_p7_two_days_after_the_fix_a_major_one_within_the_week(database: Database) -> None:
    row = await owed(database, "complaint-verification", "complaint-closed", {"complaint_level": "重大"})
    assert row["segment"] == "major"
    assert days(row)[1:] == (november(25), november(30))


async def test_p8_after_the_discharge(database: Database) -> None:
    row = await owed(database, "hospital-discharge", "discharge")
    assert days(row) == (november(26), november(26), november(30))


async def test_p9_who_never_logged_in_is_a_segment(database: Database) -> None:
    row = await owed(database, "e-banking", "account-activity", {"activity": "not_logged_in"})
    assert row["segment"] == "not-logged-in"


async def test_p10_after_the_visit_to_the_stylist(database: Database) -> None:
    row = await owed(database, "salon-care", "special-service", staff={"stylist": "小王"})
    assert days(row)[2] == november(28)


async def test_p11_after_an_installation(database: Database) -> None:
    row = await owed(database, "appliance", "installation")
    assert days(row)[2] == november(26)


async def test_p13_a_ticket_of_the_previous_day(database: Database) -> None:
    row = await owed(database, "city-hotline-12345", "hotline-ticket", {"ticket_kind": "报修"})
    assert days(row) == (november(24), november(24), november(24))


async def test_p14_within_three_working_days(database: Database) -> None:
    """Opened on Friday the 20th: the weekend does not count."""
    friday = YESTERDAY - timedelta(days=3)
    row = await owed(database, "securities-account", "account-opened", happened_at=friday)
    assert days(row)[2] == november(25)


async def test_p15_an_abnormal_account_is_called_in_any_case(database: Database) -> None:
    row = await owed(database, "securities-periodic", "account-activity", {"activity": "异常交易"})
    assert (row["segment"], days(row)[2]) == ("abnormal", november(25))


async def test_p16_a_new_policy(database: Database) -> None:
    row = await owed(database, "insurance-new-policy", "policy", {"policy_number": "P1"})
    assert days(row)[2] == december(3)


async def test_p20_a_list_with_consent_before_the_card_runs_out(database: Database) -> None:
    facts = {"list_name": "续卡", "due_date": "2026-12-05"}
    row = await owed(database, "renewal-telesales", "contact-list", facts)
    assert days(row)[2] == december(5)


async def test_p20_nobody_without_consent(database: Database) -> None:
    def work(conn: Connection) -> list[str]:
        facts = {"list_name": "续卡", "due_date": "2026-12-05"}
        add_occasion(conn, add_customer(conn, promotion_consent=False), kind="contact-list", facts=facts)
        plan(conn, LIBRARY)
        query = select(exclusions.c.reason).where(exclusions.c.playbook == "renewal-telesales")
        assert conn.execute(select(follow_ups.c.id)).first() is None
        return list(conn.execute(query).scalars())

    assert len(await database.write(work)) == 1


async def test_p22_a_distributor_comes_round_each_month(database: Database) -> None:
    """Each on a day of his own; at the end of the month it was everyone's turn, once."""

    def prepare(conn: Connection) -> None:
        for number in range(5):
            who = add_customer(conn, f"1380000000{number}")
            listed = NOW - timedelta(days=60)
            add_occasion(conn, who, kind="contact-list", facts={"list_name": "经销商"}, happened_at=listed)

    await database.write(prepare)
    for day in range(1, 31, 5):
        now = NOW.replace(day=day)
        await plan_day(database, LIBRARY, PlanningSettings(), SHANGHAI, partial(_same, now))
    await plan_day(database, LIBRARY, PlanningSettings(), SHANGHAI, lambda: NOW.replace(day=30))
    query = select(follow_ups.c.customer_id).where(
        follow_ups.c.playbook == "distributor-care", follow_ups.c.cycle.startswith("2026-11")
    )
    called = await database.read(lambda conn: conn.execute(query).scalars().all())
    assert len(called) == len(set(called)) == 5


async def test_p23_a_suggestion_is_answered_within_two_weeks(database: Database) -> None:
    row = await owed(database, "opinion-feedback", "hotline-ticket", {"ticket_kind": "建议"})
    assert days(row)[2] == december(7)
    assert await database.read(lambda conn: len(conn.execute(select(occasions.c.id)).all())) == 1
