"""The gates once more at the moment of pairing, and the ledger they are counted from (L3, L4, L7)."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from dialer.calling import service
from dialer.calling.progress import Ending
from dialer.calling.reserving import reserve
from dialer.customers.contacts import ContactKind, record_contact
from dialer.customers.tables import contacts, customers
from dialer.planning.tables import decisions
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import (
    ANSWERED,
    BUSY,
    LIBRARY,
    NOW,
    RUN,
    add_follow_up,
    add_ready_agent,
    at,
    follow_up_of,
    pairing,
    placed,
    talked,
)

NUMBER = "13800000001"


def noted(conn: Connection) -> list[tuple[str, str]]:
    query = select(contacts.c.kind, contacts.c.number).order_by(contacts.c.at, contacts.c.kind)
    return [(row.kind, row.number) for row in conn.execute(query)]


def ready_pair(conn: Connection) -> str:
    add_ready_agent(conn)
    return add_follow_up(conn, NUMBER)


def contacted(conn: Connection, follow_up_id: str, kind: ContactKind, **minutes: float) -> None:
    record_contact(
        conn,
        customer_id=follow_up_of(conn, follow_up_id).customer_id,
        number=NUMBER,
        kind=kind,
        at=NOW - timedelta(**minutes),
    )


async def put_off(database: Database, follow_up_id: str) -> dict[str, Any]:
    """Pair: nobody may be called. What the event row says of it."""
    assert await database.write(lambda conn: reserve(conn, pairing(), NOW).orders) == []
    (told,) = [
        row
        for row in await database.read(lambda conn: of_subject(conn, follow_up_id))
        if row.kind == "follow_up.put_off"
    ]
    return dict(told.data)


async def test_l4_a_talk_leaves_a_dial_and_a_talk_in_the_ledger(database: Database) -> None:
    await database.write(talked)
    assert await database.read(noted) == [("dial", NUMBER), ("talk", NUMBER)]


async def test_l4_a_try_leaves_a_dial(database: Database) -> None:
    def work(conn: Connection) -> None:
        current = placed(conn)
        service.grant_go(conn, current.id, RUN, at(5))
        service.end(conn, current.id, BUSY, LIBRARY, at(9))

    await database.write(work)
    assert await database.read(noted) == [("dial", NUMBER)]


async def test_l4_a_dial_that_is_proven_not_to_have_been_is_taken_back(database: Database) -> None:
    def work(conn: Connection) -> None:
        current = placed(conn)
        service.grant_go(conn, current.id, RUN, at(5))
        service.end(conn, current.id, Ending(DialOutcome.FAILED, dialled=False), LIBRARY, at(9))

    await database.write(work)
    assert await database.read(noted) == []


async def test_l4_three_dials_in_five_minutes_are_the_carriers_limit(database: Database) -> None:
    """Whoever dialled: other playbooks, other customers of the number, by hand."""

    def work(conn: Connection) -> str:
        owed = ready_pair(conn)
        for minutes in (4, 3, 2):
            contacted(conn, owed, ContactKind.DIAL, minutes=minutes)
        return owed

    owed = await database.write(work)
    assert (await put_off(database, owed))["why"] == "carrier_burst"
    due_at = (await database.read(lambda conn: follow_up_of(conn, owed))).due_at
    assert due_at >= NOW + timedelta(minutes=1)


async def test_l4_two_talks_in_the_quarter_are_the_limit(database: Database) -> None:
    def work(conn: Connection) -> str:
        owed = ready_pair(conn)
        for days in (20, 10):
            contacted(conn, owed, ContactKind.TALK, days=days)
        return owed

    owed = await database.write(work)
    assert (await put_off(database, owed))["why"] == "quarter_cap_person"


async def test_l4_an_exempt_talk_counts_for_nothing(database: Database) -> None:
    def work(conn: Connection) -> str:
        owed = ready_pair(conn)
        for days in (20, 10):
            contacted(conn, owed, ContactKind.TALK, days=days)
        conn.execute(update(contacts).values(exempt=True))
        return owed

    await database.write(work)
    assert len(await database.write(lambda conn: reserve(conn, pairing(), NOW).orders)) == 1


async def test_l7_who_was_upset_is_left_alone_until_then(database: Database) -> None:
    def work(conn: Connection) -> str:
        owed = ready_pair(conn)
        until = NOW + timedelta(hours=24)
        conn.execute(update(customers).values(paused_until=until, pause_reason="upset"))
        return owed

    owed = await database.write(work)
    assert (await put_off(database, owed))["why"] == "pause"
    due_at = (await database.read(lambda conn: follow_up_of(conn, owed))).due_at
    assert due_at >= NOW + timedelta(hours=24)


async def test_l3_a_customers_own_slot_wins_over_the_playbooks_hours(database: Database) -> None:
    """10:00 in Shanghai: inside the playbook's hours, outside of his own."""

    def work(conn: Connection) -> str:
        owed = ready_pair(conn)
        conn.execute(update(customers).values(slot_from="18:00", slot_to="20:00"))
        return owed

    owed = await database.write(work)
    keeps = pairing(keep_hours=True)
    assert await database.write(lambda conn: reserve(conn, keeps, NOW).orders) == []
    evening = (await database.read(lambda conn: follow_up_of(conn, owed))).due_at
    assert evening == NOW + timedelta(hours=8)
    assert len(await database.write(lambda conn: reserve(conn, keeps, evening).orders)) == 1


async def test_one_that_is_put_off_does_not_hold_up_the_next(database: Database) -> None:
    def work(conn: Connection) -> None:
        owed = ready_pair(conn)
        for minutes in (4, 3, 2):
            contacted(conn, owed, ContactKind.DIAL, minutes=minutes)
        add_follow_up(conn, "13800000002")

    await database.write(work)
    (order,) = await database.write(lambda conn: reserve(conn, pairing(), NOW).orders)
    assert order.customer_number == "13800000002"


async def test_l4_the_end_of_a_talk_is_counted_once(database: Database) -> None:
    def work(conn: Connection) -> None:
        current = talked(conn)
        service.end(conn, current.id, ANSWERED, LIBRARY, at(99))

    await database.write(work)
    assert (await database.read(noted)).count(("talk", NUMBER)) == 1


async def test_each_attempt_keeps_the_gates_it_was_made_by(database: Database) -> None:
    """Promise 2: asked later, too, why this customer was called, or not yet."""

    def work(conn: Connection) -> str:
        barred = ready_pair(conn)
        for minutes in (4, 3, 2):
            contacted(conn, barred, ContactKind.DIAL, minutes=minutes)
        return add_follow_up(conn, "13800000002")

    called = await database.write(work)
    (order,) = await database.write(lambda conn: reserve(conn, pairing(), NOW).orders)
    query = select(decisions).order_by(decisions.c.verdict)
    dialled, put_off = await database.read(lambda conn: conn.execute(query).all())
    assert (dialled.verdict, dialled.subject, dialled.attempt_id) == ("dialled", called, order.attempt_id)
    assert all(gate["passed"] for gate in dialled.gates)
    assert (put_off.verdict, put_off.attempt_id) == ("put_off", None)
    assert [gate["gate"] for gate in put_off.gates if not gate["passed"]] == ["carrier_burst"]
