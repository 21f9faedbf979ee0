"""Calls through several trunks: limits, breakers and what customers see, on both databases (D4, L7)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, update

from dialer.agents.queries import all_agents
from dialer.agents.tables import agent_sessions
from dialer.alarms.service import open_alarms
from dialer.calling import service
from dialer.calling.committing import Pairing
from dialer.calling.progress import Ending
from dialer.calling.queries import of_follow_up
from dialer.calling.reach import ReachWatch, reached, since_when
from dialer.calling.reserving import could_reserve, reserve
from dialer.calling.service import EndRules
from dialer.calling.tables import attempts
from dialer.followups.states import FollowUpState
from dialer.storage.database import Database
from dialer.storage.feed import after
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallOrder
from dialer.trunks.queries import breakers
from dialer.trunks.reach import Reached
from dialer.trunks.settings import BreakerSettings
from dialer.trunks.states import BreakerState
from tests.support.core import (
    ANSWERED,
    BRANCH,
    BUSY,
    LIBRARY,
    NOW,
    RUN,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
)

CONGESTED = Ending(DialOutcome.CONGESTION, dialled=True, cause=34, dial_status="CONGESTION")
NO_CHANNEL = Ending(DialOutcome.FAILED, dialled=False, dial_status="CHANUNAVAIL")
AGENT_LEFT = Ending(DialOutcome.FAILED, dialled=False, dial_status="CANCEL")
RULES = EndRules(breaker=BreakerSettings(failures=2, retry_seconds=30))
NUMBERS = [f"1380000000{digit}" for digit in range(1, 9)]


def with_trunks(*trunks: Mapping[str, object]) -> Pairing:
    return pairing(trunks=trunks)


def prepare(conn: Connection, agents: int = 4, follow_ups: int = 8) -> list[str]:
    for index in range(agents):
        add_ready_agent(conn, f"80{index:02d}")
    return [add_follow_up(conn, number) for number in NUMBERS[:follow_ups]]


def end_of(conn: Connection, order: CallOrder, ending: Ending, now: datetime) -> None:
    service.end(conn, order.attempt_id, ending, LIBRARY, now, site=RULES)


def end(conn: Connection, order: CallOrder, ending: Ending, now: datetime) -> None:
    if ending.dialled:
        assert service.grant_go(conn, order.attempt_id, RUN, now)
    end_of(conn, order, ending, now)


async def test_calls_go_out_on_the_trunk_and_the_attempt_keeps_how(database: Database) -> None:
    """D4: the number as the trunk dials it, the caller id of the customer's branch."""
    trunks = {
        "name": "ims",
        "dial": "PJSIP/{number}@ims",
        "format": "e164",
        "prefix": "9",
        "caller_id": "037160000000",
        "caller_ids": {BRANCH: "037161111111"},
    }

    def work(conn: Connection) -> tuple[CallOrder, str]:
        (owed,) = prepare(conn, 1, 1)
        (order,) = reserve(conn, with_trunks(trunks), NOW).orders
        return order, owed

    order, owed = await database.write(work)
    assert (order.trunk, order.customer_number) == ("ims", "9+8613800000001")
    assert order.caller_id == "037161111111"
    (attempt,) = await database.read(lambda conn: of_follow_up(conn, owed))
    assert (attempt.trunk, attempt.caller_id, attempt.number) == ("ims", "037161111111", NUMBERS[0])


async def test_without_trunks_the_one_setting_keeps_working(database: Database) -> None:
    def work(conn: Connection) -> CallOrder:
        prepare(conn, 1, 1)
        (order,) = reserve(conn, pairing(caller_id="0371"), NOW).orders
        return order

    order = await database.write(work)
    assert (order.trunk, order.customer_number, order.caller_id) == ("default", NUMBERS[0], "0371")


async def test_a_full_trunk_gives_way_to_the_next_and_then_the_queue_waits(database: Database) -> None:
    """D4: channels of each trunk; never more customer calls than reserved agents."""
    paired = with_trunks(
        {"name": "first", "channels": 2, "priority": 1}, {"name": "second", "channels": 1, "priority": 2}
    )

    def work(conn: Connection) -> list[str]:
        prepare(conn)
        return [order.trunk for order in reserve(conn, paired, NOW).orders]

    assert await database.write(work) == ["first", "first", "second"]
    assert await database.write(lambda conn: reserve(conn, paired, NOW).orders) == []
    assert not await database.read(lambda conn: could_reserve(conn, paired, NOW))


async def test_the_rate_is_kept_before_the_commit(database: Database) -> None:
    """D4: calls per second."""
    paired = replace(with_trunks({"name": "slow", "calls_per_second": 2}), allowed={"slow": 1})

    def work(conn: Connection) -> int:
        prepare(conn)
        return len(reserve(conn, paired, NOW).orders)

    assert await database.write(work) == 1


async def test_a_trunk_that_fails_again_and_again_is_left_alone_and_burns_no_try(
    database: Database,
) -> None:
    """L7, D4: the queue waits; the alarm says why; one call tries again and mends it."""

    def break_it(conn: Connection) -> list[str]:
        owed = prepare(conn)
        first, second, third, fourth = reserve(conn, with_trunks({"name": "sip"}), NOW).orders
        end(conn, first, CONGESTED, at(1))
        end(conn, second, NO_CHANNEL, at(2))
        # From before: they change nothing any more.
        end(conn, third, BUSY, at(3))
        end(conn, fourth, CONGESTED, at(4))
        return owed

    owed = await database.write(break_it)
    tries = [await database.read(partial(of_follow_up, follow_up_id=one)) for one in owed]
    ended = [row for rows in tries for row in rows]
    assert sorted(row.counted for row in ended) == [False, False, False, True]
    (alarm,) = await database.read(open_alarms)
    assert (alarm.kind, alarm.subject) == ("trunk_broken", "sip")
    assert alarm.data["why"] == "CHANUNAVAIL"
    assert not await database.read(lambda conn: could_reserve(conn, with_trunks({"name": "sip"}), at(20)))
    assert await database.write(lambda conn: reserve(conn, with_trunks({"name": "sip"}), at(20)).orders) == []

    # It does not drain: whom nobody called is due as before.
    rows = [await database.read(partial(follow_up_of, follow_up_id=one)) for one in owed[4:]]
    assert {row.state for row in rows} == {FollowUpState.WAITING}
    assert {row.due_at <= at(20) for row in rows} == {True}

    (probe,) = await database.write(lambda conn: reserve(conn, with_trunks({"name": "sip"}), at(40)).orders)
    assert await database.write(lambda conn: reserve(conn, with_trunks({"name": "sip"}), at(41)).orders) == []
    await database.write(lambda conn: end(conn, probe, ANSWERED, at(60)))
    assert await database.read(open_alarms) == []
    assert (await database.read(breakers))["sip"].state is BreakerState.CLOSED
    again = await database.write(lambda conn: reserve(conn, with_trunks({"name": "sip"}), at(61)).orders)
    assert len(again) == 3
    kinds = [row.kind for row in await database.read(lambda conn: after(conn, 0, limit=500))]
    moves = [kind for kind in kinds if kind.startswith("trunk_state.")]
    assert moves == ["trunk_state.open", "trunk_state.half_open", "trunk_state.closed"]


@pytest.mark.parametrize(("ending", "waits"), [(CONGESTED, 60), (AGENT_LEFT, 0)])
async def test_a_try_in_vain_waits_longer_and_one_that_tells_nothing_does_not(
    database: Database, ending: Ending, waits: int
) -> None:
    paired = with_trunks({"name": "sip"})

    def work(conn: Connection) -> CallOrder:
        prepare(conn)
        first, second, *others = reserve(conn, paired, NOW).orders
        end(conn, first, CONGESTED, at(1))
        end(conn, second, CONGESTED, at(1))
        for other in others:
            end(conn, other, AGENT_LEFT, at(2))
        (probe,) = reserve(conn, paired, at(40)).orders
        end(conn, probe, ending, at(50))
        return probe

    probe = await database.write(work)
    assert (await database.read(breakers))["sip"].retry_at == at(50 + waits)
    row = await database.read(lambda conn: attempt_of(conn, probe.attempt_id))
    assert row.counted is False
    for late, calls in ((at(50 + waits - 1), 0), (at(50 + waits + 0.1), 1)):
        orders = await database.write(partial(reserve, pairing=paired, now=late))
        assert len(orders.orders) == calls


async def tried(database: Database) -> CallOrder:
    """A trunk that is broken, with the one call that tries it, placed at 40."""

    def work(conn: Connection) -> CallOrder:
        prepare(conn)
        first, second, *others = reserve(conn, with_trunks({"name": "sip"}), NOW).orders
        end(conn, first, CONGESTED, at(1))
        end(conn, second, CONGESTED, at(1))
        for other in others:
            end(conn, other, AGENT_LEFT, at(2))
        (probe,) = reserve(conn, with_trunks({"name": "sip"}), at(40)).orders
        assert service.grant_go(conn, probe.attempt_id, RUN, at(45))
        return probe

    return await database.write(work)


@pytest.mark.parametrize("rings", [True, False])
async def test_the_trunk_works_as_soon_as_the_customers_phone_tells(database: Database, rings: bool) -> None:
    """D4: however long that talk takes; some trunks never tell that a phone rings."""
    probe = await tried(database)

    def tell(conn: Connection) -> None:
        note = service.note_customer_ringing if rings else service.note_answered
        note(conn, probe.attempt_id, at(48))

    await database.write(tell)
    assert (await database.read(breakers))["sip"].state is BreakerState.CLOSED
    assert await database.read(open_alarms) == []
    orders = await database.write(lambda c: reserve(c, with_trunks({"name": "sip"}), at(49)).orders)
    assert len(orders) > 1
    # What it ends with is of a trunk that works; who has answered is no failure of it, whatever is told.
    await database.write(lambda conn: end_of(conn, probe, CONGESTED, at(600)))
    assert (await database.read(breakers))["sip"].failures == (1 if rings else 0)


async def test_a_trying_call_in_doubt_does_not_keep_the_trunk_shut(database: Database) -> None:
    """D4, D7: another one tries it after the longest time in which a customer's phone would have rung."""
    probe = await tried(database)
    await database.write(lambda conn: service.doubt(conn, probe.attempt_id, RUN, at(50)))
    paired = with_trunks({"name": "sip"})
    late = at(40) + paired.settings.longest_way
    for when, calls in ((late - timedelta(seconds=1), 0), (late, 1), (late, 0)):
        orders = await database.write(partial(reserve, pairing=paired, now=when))
        assert len(orders.orders) == calls
    half = (await database.read(breakers))["sip"]
    assert half.probe != probe.attempt_id
    # The late word of the first one is not the second one's.
    await database.write(lambda conn: end_of(conn, probe, CONGESTED, at(600)))
    assert (await database.read(breakers))["sip"] == half


async def test_the_other_trunk_takes_over(database: Database) -> None:
    paired = with_trunks({"name": "a", "priority": 1}, {"name": "b", "priority": 2})

    def work(conn: Connection) -> list[str]:
        prepare(conn)
        first, second, *_ = reserve(conn, paired, NOW).orders
        end(conn, first, CONGESTED, at(1))
        end(conn, second, CONGESTED, at(2))
        return [order.trunk for order in reserve(conn, paired, at(3)).orders]

    assert await database.write(work) == ["b", "b"]


async def call(database: Database, number: str, caller_id: str, ending: Ending, when: datetime = NOW) -> None:
    """A call of the agent 8099, made and over, as if it had been placed `when`."""

    def work(conn: Connection) -> None:
        add_follow_up(conn, number)
        if not all_agents(conn):
            add_ready_agent(conn, "8099")
        (order,) = reserve(conn, pairing(caller_id=caller_id), NOW).orders
        end(conn, order, ending, NOW)
        conn.execute(update(attempts).where(attempts.c.id == order.attempt_id).values(placed_at=when))
        if ending is ANSWERED:
            conn.execute(update(agent_sessions).values(state="ready", attempt_id=None, wrap_until=None))

    await database.write(work)


async def test_a_number_that_is_hardly_answered_any_more_is_an_alarm(database: Database) -> None:
    """D4: reached rate per caller id, today and over the days; a marked number shows."""
    settings = pairing(reach={"least_calls": 4, "share": 0.5}).settings
    watch = ReachWatch(database, settings, lambda: at(600))
    numbers = iter(f"139{index:08d}" for index in range(100))
    for index in range(4):
        await call(database, next(numbers), "good", ANSWERED, at(index))
        await call(database, next(numbers), "bad", BUSY, NOW - timedelta(days=2))
    await watch.step()
    (alarm,) = await database.read(open_alarms)
    assert (alarm.kind, alarm.subject) == ("caller_id_marked", "bad")
    assert alarm.data == {"number": "bad", "share": 0, "others": 100}
    since, midnight = since_when(settings, at(600))
    rows = {row.caller_id: row for row in await database.read(lambda c: reached(c, since, midnight))}
    assert rows["good"] == Reached("good", 4, 4, 4, 4)
    assert rows["bad"] == Reached("bad", 4, 0, 0, 0)

    for _ in range(6):
        await call(database, next(numbers), "bad", ANSWERED, at(60))
    await watch.step()
    assert await database.read(open_alarms) == []


async def test_congestion_says_nothing_of_a_number(database: Database) -> None:
    await call(database, "13900000001", "0371", CONGESTED)
    settings = pairing().settings
    assert await database.read(lambda conn: reached(conn, *since_when(settings, at(1)))) == []
