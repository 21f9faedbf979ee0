"""Occasions become the plan of the day in a real database: one fate each (L1, L4, L5, L9)."""

from typing import Any

from sqlalchemy import Connection, select, update

from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.planning.tables import decisions, exclusions
from dialer.storage.database import Database
from tests.support.planned import (
    NOW,
    add_contact,
    add_customer,
    add_occasion,
    fates,
    library,
    plan,
    playbook,
)


def everything(conn: Connection) -> list[list[tuple[Any, ...]]]:
    tables = (follow_ups, exclusions, decisions)
    return [sorted(tuple(map(str, row)) for row in conn.execute(select(table))) for table in tables]


async def test_l1_each_occasion_makes_what_its_playbooks_owe_once(database: Database) -> None:
    """And planning again, or after the same order came again unchanged, changes nothing."""

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), external_id="1")
        assert plan(conn)["planned"] == 1
        before = everything(conn)
        conn.execute(update(occasions).values(planned_at=None))
        assert plan(conn)["occasions"] == 1
        assert everything(conn) == before
        row = conn.execute(select(follow_ups)).one()
        assert (row.state, row.due_at.isoformat()) == ("waiting", "2026-11-23T16:00:00+00:00")
        assert row.limit_at.isoformat() == "2026-11-26T16:00:00+00:00"
        assert row.plan_day.isoformat() == "2026-11-24"

    await database.write(work)


async def test_l9_what_is_not_called_is_left_out_with_its_reason(database: Database) -> None:
    def work(conn: Connection) -> None:
        selling = playbook("sell", selling=True, caps={"exempt": True})
        text = playbook("text", channels=["message"])
        due = playbook("due", trigger={"kind": "due", "fact": "next"}, caps={"exempt": True})
        add_occasion(conn, add_customer(conn, ""), external_id="none")
        add_occasion(conn, add_customer(conn, "13800000002", do_not_call=True), external_id="asked")
        add_occasion(conn, add_customer(conn, "13800000002"), external_id="shares the number")
        old = NOW.replace(month=9)
        add_occasion(conn, add_customer(conn, "13800000003"), external_id="old", happened_at=old)
        add_occasion(conn, add_customer(conn, "13800000004"), external_id="good")
        plan(conn, library(playbook(), selling, text, due))
        found = fates(conn)
        assert found["none", "visit"] == "no_number"
        assert found["asked", "visit"] == found["shares the number", "visit"] == "do_not_call"
        assert found["old", "visit"] == "too_late"
        assert found["good", "visit"] == "waiting"
        assert found["good", "sell"] == "no_consent"
        assert found["good", "text"] == "other_channel"
        assert found["good", "due"] == "no_date"
        assert len(found) == 20
        why = conn.execute(select(decisions.c.gates).where(decisions.c.verdict == "excluded")).scalars().all()
        assert {gate["gate"] for gates in why for gate in gates if not gate["passed"]} >= {
            "number",
            "limit",
        }

    await database.write(work)


async def test_l4_two_contacts_in_a_quarter_over_all_playbooks_plates_and_households(
    database: Database,
) -> None:
    books = library(playbook(), playbook("second"), playbook("special", caps={"exempt": True}))

    def work(conn: Connection) -> None:
        one = add_customer(conn, "13800000001", household="h")
        add_contact(conn, one, NOW.replace(day=2), household="h")
        two = add_customer(conn, "13800000002", household="h")
        add_occasion(conn, two, external_id="1")
        plan(conn, books)
        assert fates(conn) == {
            ("1", "second"): "waiting",
            ("1", "visit"): "quarter_cap",
            ("1", "special"): "waiting",
        }
        other = add_customer(conn, "13800000003")
        add_contact(conn, other, NOW.replace(day=2), plate="豫A1")
        add_contact(conn, other, NOW.replace(day=3), plate="豫A1", exempt=True)
        add_contact(conn, other, NOW.replace(month=8), plate="豫A1")
        add_occasion(conn, other, external_id="2", plate="豫A1")
        add_occasion(conn, add_customer(conn, "13800000004"), external_id="3", plate="豫A1")
        plan(conn, library(playbook()))
        found = fates(conn)
        assert sorted((found["2", "visit"], found["3", "visit"])) == ["quarter_cap", "waiting"]

    await database.write(work)


async def test_l4_what_the_quarter_forbids_waits_for_the_next_one_within_its_limit(
    database: Database,
) -> None:
    patient = playbook(steps=[{"earliest": "1d", "target": "1d", "limit": "2mo"}])

    def work(conn: Connection) -> None:
        one = add_customer(conn)
        for day in (2, 3):
            add_contact(conn, one, NOW.replace(day=day))
        add_occasion(conn, one, external_id="1")
        plan(conn, library(patient))
        row = conn.execute(select(follow_ups)).one()
        assert row.due_at.isoformat() == "2026-12-31T16:00:00+00:00"

    await database.write(work)


async def test_l4_a_gap_lies_between_two_contacts(database: Database) -> None:
    careful = playbook(caps={"min_gap_days": 5}, steps=[{"earliest": "1d", "target": "1d", "limit": "30d"}])

    def work(conn: Connection) -> None:
        one = add_customer(conn)
        add_contact(conn, one, NOW.replace(day=22))
        add_occasion(conn, one, external_id="1")
        two = add_customer(conn, "13800000002")
        add_contact(conn, two, NOW.replace(day=22))
        add_occasion(conn, two, external_id="2")
        plan(conn, library(careful))
        assert {row.due_at.isoformat() for row in conn.execute(select(follow_ups))} == {
            "2026-11-26T16:00:00+00:00"
        }
        plan(conn, library(playbook("short", caps={"min_gap_days": 50})))
        conn.execute(update(occasions).values(planned_at=None))
        plan(conn, library(playbook("short", caps={"min_gap_days": 50})))
        assert fates(conn)["1", "short"] == "min_gap"

    await database.write(work)


async def test_l5_one_call_does_several_topics_up_to_its_length(database: Database) -> None:
    lead = playbook("visit", merge={"accept": ["second", "third"], "max_minutes": 8})
    books = library(lead, playbook("second"), playbook("third"))

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), external_id="1")
        plan(conn, books, quarter_limit=1)
        rows = {row.playbook: row for row in conn.execute(select(follow_ups))}
        assert rows["second"].state == "merged"
        assert rows["second"].merged_into == rows["visit"].id
        assert rows["visit"].expected_seconds == 2 * (4 * 60 + 60)
        assert fates(conn)["1", "third"] == "quarter_cap"

    await database.write(work)


async def test_l5_nothing_is_sold_where_it_must_not_be(database: Database) -> None:
    """P16: never merged with a selling playbook, whoever accepts whom."""
    policy = playbook("policy", no_selling=True, merge={"accept": ["sell"]})
    sell = playbook("sell", selling=True, merge={"accept": ["policy"]})

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn, promotion_consent=True), external_id="1")
        plan(conn, library(policy, sell))
        assert set(fates(conn).values()) == {"waiting"}

    await database.write(work)


async def test_l1_an_order_that_changed_moves_what_it_made_due(database: Database) -> None:
    books = library(playbook(occasions={"kinds": ["settlement-order"], "when": "amount >= 100"}))

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), external_id="1", amount_fen=20000)
        plan(conn, books)
        conn.execute(update(occasions).values(happened_at=NOW, planned_at=None))
        plan(conn, books)
        row = conn.execute(select(follow_ups)).one()
        assert row.due_at.isoformat() == "2026-11-24T16:00:00+00:00"
        conn.execute(update(occasions).values(amount_fen=100, planned_at=None))
        plan(conn, books)
        assert fates(conn) == {("1", "visit"): "no_longer_due"}
        conn.execute(update(occasions).values(amount_fen=10000, planned_at=None))
        plan(conn, books)
        assert fates(conn) == {("1", "visit"): "waiting"}

    await database.write(work)


async def test_l1_a_plan_is_released_by_hand_where_the_house_wants_it(database: Database) -> None:
    from dialer.planning.service import count_unreleased, release

    def work(conn: Connection) -> None:
        for number in range(3):
            add_occasion(conn, add_customer(conn, f"1380000000{number}"), external_id=str(number))
        plan(conn, release="manual")
        assert set(fates(conn).values()) == {"planned"}
        assert count_unreleased(conn, NOW.date()) == 3
        assert release(conn, NOW.date(), "boss", NOW, limit=2) == 2
        assert release(conn, NOW.date(), "boss", NOW) == 1
        assert set(fates(conn).values()) == {"waiting"}

    await database.write(work)


async def test_x3_who_asks_not_to_be_called_is_taken_out_of_the_plan(database: Database) -> None:
    from dialer.planning.rules.owed import Site
    from dialer.planning.service import plan_again
    from dialer.planning.settings import PlanningSettings
    from tests.support.planned import SHANGHAI

    def work(conn: Connection) -> None:
        one = add_customer(conn)
        add_occasion(conn, one, external_id="1")
        plan(conn)
        conn.execute(update(customers).values(do_not_call=True))
        plan_again(conn, Site.of(library(), PlanningSettings(), SHANGHAI), [one], NOW)
        assert fates(conn) == {("1", "visit"): "do_not_call"}

    await database.write(work)
