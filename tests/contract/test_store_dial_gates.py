"""The gates when agents are paired, on real rows: hours, slots, pauses, limits (L3, L4, L7, X3)."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select, update

from dialer.customers.tables import customers
from dialer.followups.queries import FollowUp, follow_up
from dialer.followups.tables import follow_ups
from dialer.planning.dialling import Verdict, decided, verdicts
from dialer.planning.rules.gates import Person, carrier, opens_at
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import decisions
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from tests.support.planned import (
    NOW,
    SHANGHAI,
    add_contact,
    add_customer,
    add_occasion,
    library,
    plan,
    playbook,
)

TEN = NOW + timedelta(hours=2)


def owed(conn: Connection) -> list[FollowUp]:
    ids = conn.execute(select(follow_ups.c.id).order_by(follow_ups.c.id)).scalars().all()
    return [one for one in (follow_up(conn, key) for key in ids) if one is not None]


def judged(
    conn: Connection, now: datetime = TEN, books: Library | None = None, **settings: Any
) -> list[Verdict]:
    how = PlanningSettings.model_validate(settings)
    return verdicts(conn, owed(conn), books or library(), how, SHANGHAI, now)


def one(conn: Connection, now: datetime = TEN, books: Library | None = None, **settings: Any) -> Verdict:
    (found,) = judged(conn, now, books, **settings)
    return found


def local(verdict: Verdict) -> str:
    assert verdict.put_off_until is not None
    return f"{verdict.put_off_until.astimezone(SHANGHAI):%m-%d %H:%M}"


async def test_l3_nobody_is_called_in_rest_hours(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn)
        assert one(conn).allowed
        noon = one(conn, TEN + timedelta(hours=2, minutes=30))
        assert (noon.allowed, noon.reason, local(noon)) == (False, "window", "11-24 14:00")
        assert local(one(conn, TEN + timedelta(hours=11))) == "11-25 09:00"

    await database.write(work)


async def test_l3_the_customers_own_slot_and_time_zone_win(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn, slot_from="20:30", slot_to="21:00"))
        add_occasion(conn, add_customer(conn, "13800000002", time_zone="Europe/Berlin"))
        plan(conn)
        slot, far = judged(conn)
        assert (slot.reason, local(slot)) == ("window", "11-24 20:30")
        assert local(far) == "11-24 16:00"
        assert judged(conn, TEN + timedelta(hours=10, minutes=40))[0].allowed

    await database.write(work)


async def test_l3_public_holidays_by_the_playbooks_rule(database: Database) -> None:
    patient = [{"earliest": "1d", "target": "20d", "limit": "30d"}]
    rules = ("call", "shift_deadline", "before")
    books = library(*(playbook(rule.replace("_", "-"), holidays=rule, steps=patient) for rule in rules))
    day = datetime(2026, 10, 2, 2, tzinfo=NOW.tzinfo)

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn), happened_at=day - timedelta(days=10))
        plan(conn, books, day - timedelta(days=9), quarter_limit=5)
        found = {gates.gates[3].value: gates for gates in judged(conn, day, books, quarter_limit=5)}
        assert found["10:00"].allowed
        assert local(found["10:00 on a public holiday"]) == "10-08 09:00"

    await database.write(work)


async def test_l3_a_time_that_the_customer_named_is_kept(database: Database) -> None:
    def work(conn: Connection) -> None:
        who = add_customer(conn)
        for day in (2, 3):
            add_contact(conn, who, NOW.replace(day=day))
        add_occasion(conn, add_customer(conn, "13800000002"))
        plan(conn)
        late = TEN + timedelta(hours=11)
        conn.execute(update(follow_ups).values(appointment_at=late, due_at=late, customer_id=who))
        assert one(conn, late).allowed
        early = one(conn, late - timedelta(minutes=5))
        assert (early.reason, early.put_off_until) == ("due", late)

    await database.write(work)


async def test_l7_who_was_upset_is_left_alone_until_then_or_a_release(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn)
        until = TEN + timedelta(hours=30)
        conn.execute(update(customers).values(paused_until=until, pause_reason="upset"))
        found = one(conn)
        assert (found.reason, found.put_off_until) == ("pause", until)
        conn.execute(update(customers).values(paused_until=None))
        assert one(conn).allowed

    await database.write(work)


async def test_l4_no_number_is_dialled_more_than_the_carriers_allow(database: Database) -> None:
    """Five in 24 hours, three in five minutes, whoever the customer is."""

    def work(conn: Connection) -> None:
        other = add_customer(conn, "13800000009")
        add_occasion(conn, add_customer(conn))
        plan(conn)
        for seconds in (30, 60, 90):
            add_contact(conn, other, TEN - timedelta(seconds=seconds), kind="dial")
        burst = one(conn)
        assert (burst.reason, burst.put_off_until) == ("carrier_burst", TEN + timedelta(seconds=210))
        for hours in (2, 23):
            add_contact(conn, other, TEN - timedelta(hours=hours), kind="dial")
        day = one(conn)
        assert (day.reason, local(day)) == ("carrier_day", "11-24 11:00")
        assert one(conn, carrier_per_day=9, carrier_burst=9).allowed

    await database.write(work)


async def test_l4_a_cap_that_was_reached_meanwhile_holds_when_dialling(database: Database) -> None:
    def work(conn: Connection) -> None:
        who = add_customer(conn, household="h")
        add_occasion(conn, who, plate="豫A1")
        plan(conn)
        add_contact(conn, add_customer(conn, "13800000002"), TEN - timedelta(hours=1), household="h")
        assert one(conn).allowed
        assert one(conn, min_gap_days=2).reason == "min_gap_household"
        add_contact(conn, add_customer(conn, "13800000003"), TEN - timedelta(days=4), household="h")
        found = one(conn)
        assert (found.reason, local(found)) == ("quarter_cap_household", "01-01 09:00")
        conn.execute(update(follow_ups).values(reason="call_again"))
        assert one(conn).allowed

    await database.write(work)


async def test_x3_a_number_that_was_blocked_meanwhile_is_not_dialled(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn)
        add_customer(conn, "13800000001", do_not_call=True)
        found = one(conn)
        assert (found.allowed, found.reason, found.put_off_until) == (False, "do_not_call", None)

    await database.write(work)


async def test_the_gates_that_were_looked_at_are_kept(database: Database) -> None:
    """Promise 2: why a call was made can be answered afterwards."""

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn)
        decided(conn, list(zip(owed(conn), judged(conn), strict=True)), TEN, {owed(conn)[0].id: "A" * 26})
        row = conn.execute(select(decisions).where(decisions.c.verdict == "dialled")).one()
        assert row.attempt_id == "A" * 26
        assert {gate["gate"] for gate in row.gates} >= {"window", "pause", "carrier_day", "do_not_call"}

    await database.write(work)


async def test_however_many_there_are_few_statements_judge_them(database: Database) -> None:
    def work(conn: Connection) -> int:
        for number in range(20):
            add_occasion(conn, add_customer(conn, f"138000000{number:02}"))
        plan(conn)
        batch = owed(conn)
        asked: list[str] = []

        def note(*what: Any) -> None:
            asked.append(what[2])

        event.listen(conn, "before_cursor_execute", note)
        verdicts(conn, batch, library(), PlanningSettings(), SHANGHAI, TEN)
        event.remove(conn, "before_cursor_execute", note)
        return len(asked)

    assert await database.write(work) <= 6


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    st.sampled_from([("", ""), ("18:00", "20:00"), ("nonsense", "20:00")]),
    st.sampled_from(["", "Europe/Berlin", "America/New_York", "Nowhere"]),
    st.sampled_from(["call", "shift_deadline"]),
)
def test_l3_what_is_put_off_comes_back_at_an_open_hour(
    moment: datetime, slot: tuple[str, str], zone: str, rule: str
) -> None:
    book = playbook(holidays=rule)
    person = Person(slot_from=slot[0], slot_to=slot[1], time_zone=zone)
    now = moment.replace(tzinfo=NOW.tzinfo)
    calendar = PlanningSettings().calendar()
    opens = opens_at(book, person, SHANGHAI, calendar, now)
    assert opens >= now
    assert opens_at(book, person, SHANGHAI, calendar, opens) == opens


@given(st.lists(st.integers(0, 90_000), max_size=12), st.integers(1, 6), st.integers(1, 4))
def test_l4_when_a_carriers_gate_opens_it_is_open(ago: list[int], day: int, burst: int) -> None:
    how = PlanningSettings(carrier_per_day=day, carrier_burst=burst)
    dials = [TEN - timedelta(seconds=seconds) for seconds in ago]
    now = TEN
    for gate in carrier(dials, how, TEN):
        now = max(now, gate.until or now)
    assert all(gate.passed for gate in carrier(dials, how, now))
