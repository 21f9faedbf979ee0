"""The life of an attempt on a real database: its two commits, its end, its repair (D1, D7)."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, select

from dialer.calling import queries, service
from dialer.calling.progress import Ending
from dialer.calling.reserving import reserve
from dialer.calling.settling import Decision, Settlement
from dialer.calling.states import AttemptState
from dialer.customers.tables import phones
from dialer.forms.queries import answers_of
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import (
    ANSWERED,
    BUSY,
    LIBRARY,
    PLAYBOOK,
    RUN,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    placed,
    session_of,
    talked,
    talking,
)

FAILED = Ending(DialOutcome.FAILED, dialled=False)


async def test_the_go_is_granted_once(database: Database) -> None:
    """D7: a second event, or a late one, opens no second gate."""

    def work(conn: Connection) -> None:
        call = placed(conn)
        assert service.grant_go(conn, call.id, RUN, at(5))
        assert not service.grant_go(conn, call.id, RUN, at(6))
        assert attempt_of(conn, call.id).go_at == at(5)
        service.end(conn, call.id, BUSY, LIBRARY, at(9))
        assert not service.grant_go(conn, call.id, RUN, at(10))

    await database.write(work)


async def test_a_run_that_was_replaced_grants_nothing(database: Database) -> None:
    """D7: the new run takes the attempt over, and only it may open the gate."""
    new_run = new_id()

    def work(conn: Connection) -> None:
        call = placed(conn)
        taken = service.doubt(conn, call.id, new_run, at(3))
        assert taken is not None and (taken.state, taken.run_id) == (AttemptState.UNKNOWN, new_run)
        assert not service.grant_go(conn, call.id, RUN, at(5))
        assert service.grant_go(conn, call.id, new_run, at(6))

    await database.write(work)


async def test_a_customer_is_not_dialled_while_a_call_is_in_doubt(database: Database) -> None:
    """D7: neither the customer nor the agent is free before it is settled."""

    def work(conn: Connection) -> None:
        call = talking(conn)
        service.doubt(conn, call.id, RUN, at(30))
        add_ready_agent(conn, "8009")
        assert reserve(conn, pairing(), at(31)).orders == []
        assert attempt_of(conn, call.id).doubted_at == at(30)
        assert [current.id for current in queries.in_flight(conn)] == [call.id]

    await database.write(work)


async def test_a_doubt_keeps_its_first_time_and_an_ended_attempt_is_not_doubted(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = placed(conn)
        service.doubt(conn, call.id, RUN, at(3))
        service.doubt(conn, call.id, RUN, at(9))
        assert attempt_of(conn, call.id).doubted_at == at(3)
        service.end(conn, call.id, FAILED, LIBRARY, at(12))
        assert service.doubt(conn, call.id, RUN, at(13)) is None

    await database.write(work)


async def test_an_answered_call_goes_on_to_its_form(database: Database) -> None:
    """T2: agent and follow-up wait for the result; the times are those of the call."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        assert (call.state, call.outcome, call.counted) == (AttemptState.ENDED, "answered", True)
        assert (call.go_at, call.ringing_at, call.answered_at) == (at(5), at(7), at(20))
        assert (call.ended_at, call.cause, call.hung_up_by) == (at(80), 16, "customer")
        assert follow_up_of(conn, call.follow_up_id).state == "wrap_up"
        now = session_of(conn, call.agent_id)
        assert now.state == "wrap_up"
        assert now.wrap_until == at(80) + timedelta(seconds=PLAYBOOK.wrap_up_seconds)

    await database.write(work)


async def test_a_call_that_reached_nobody_is_planned_again(database: Database) -> None:
    """L7: busy, in a quarter of an hour; the agent is free at once."""

    def work(conn: Connection) -> None:
        call = placed(conn)
        service.end(conn, call.id, BUSY, LIBRARY, at(30), ended_at=at(28))
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.reason, owed.tries) == ("waiting", "busy", {"busy": 1})
        assert owed.due_at == at(30) + timedelta(minutes=15)
        assert (session_of(conn, call.agent_id).state, attempt_of(conn, call.id).ended_at) == (
            "ready",
            at(28),
        )

    await database.write(work)


async def test_the_end_is_written_once(database: Database) -> None:
    """D7: a second end, whatever it says, changes nothing and tells nothing."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        before = (
            attempt_of(conn, call.id),
            follow_up_of(conn, call.follow_up_id),
            session_of(conn, call.agent_id),
            len(of_subject(conn, call.id)),
        )
        for ending in (ANSWERED, BUSY, FAILED):
            service.end(conn, call.id, ending, LIBRARY, at(99))
        after = (
            attempt_of(conn, call.id),
            follow_up_of(conn, call.follow_up_id),
            session_of(conn, call.agent_id),
            len(of_subject(conn, call.id)),
        )
        assert after == before

    await database.write(work)


async def test_late_events_of_an_ended_call_change_nothing(database: Database) -> None:
    """No order is promised: ringing and answer may be told after the end."""

    def work(conn: Connection) -> None:
        call = placed(conn)
        service.end(conn, call.id, BUSY, LIBRARY, at(9))
        before = attempt_of(conn, call.id), session_of(conn, call.agent_id)
        service.note_agent_ringing(conn, call.id, at(10))
        service.note_customer_ringing(conn, call.id, at(10))
        service.note_answered(conn, call.id, at(10))
        assert (attempt_of(conn, call.id), session_of(conn, call.agent_id)) == before

    await database.write(work)


async def test_an_answer_is_noted_once_and_brings_the_agent_to_talking(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talking(conn)
        service.note_answered(conn, call.id, at(44))
        assert attempt_of(conn, call.id).answered_at == at(20)
        assert session_of(conn, call.agent_id).state == "talking"

    await database.write(work)


async def test_six_tries_are_all_and_then_other_means_are_owed(database: Database) -> None:
    """L7, L8: the failed attempts stay on record; what burns no try does not count among them."""
    endings = [
        BUSY,
        FAILED,
        BUSY,
        *(Ending(DialOutcome.NO_ANSWER, dialled=True) for _ in range(2)),
        Ending(DialOutcome.CONGESTION, dialled=True),
        Ending(DialOutcome.UNKNOWN, dialled=True),
        Ending(DialOutcome.REJECTED, dialled=True),
    ]

    def work(conn: Connection) -> None:
        owed = add_follow_up(conn)
        add_ready_agent(conn)
        for ending in endings:
            now = follow_up_of(conn, owed).due_at + timedelta(seconds=1)
            (order,) = reserve(conn, pairing(), now).orders
            service.end(conn, order.attempt_id, ending, LIBRARY, now)
        last = follow_up_of(conn, owed)
        assert (last.state, last.reason, sum(last.tries.values())) == ("exhausted", "rejected", 6)
        tries = queries.of_follow_up(conn, owed)
        assert [one.outcome for one in tries] == [ending.outcome for ending in endings]
        assert [one.counted for one in tries].count(False) == 2
        assert reserve(conn, pairing(), now + timedelta(days=9)).orders == []

    await database.write(work)


async def test_an_invalid_number_is_marked_and_the_next_phone_is_dialled(database: Database) -> None:
    """L7: invalid number, next phone, none again."""

    def work(conn: Connection) -> None:
        owed = add_follow_up(conn, "13800000001", numbers=("13800000001", "13900000009"))
        add_ready_agent(conn)
        dialled = []
        for _ in range(2):
            (order,) = reserve(conn, pairing(), at(5)).orders
            dialled.append(order.customer_number)
            invalid = Ending(DialOutcome.INVALID_NUMBER, dialled=True, cause=1)
            service.end(conn, order.attempt_id, invalid, LIBRARY, at(5))
        assert dialled == ["13800000001", "13900000009"]
        assert set(conn.execute(select(phones.c.invalid_since)).scalars()) == {at(5)}
        assert follow_up_of(conn, owed).state == "exhausted"

    await database.write(work)


async def test_a_settled_talk_has_the_times_the_log_has_proven_and_a_repair(database: Database) -> None:
    """D7: each repair is shown, with where it was found and what proves it."""
    decision = Decision(Settlement.END, "the log shows the whole talk", ANSWERED, at(22), at(82))

    def work(conn: Connection) -> None:
        call = placed(conn)
        service.grant_go(conn, call.id, RUN, at(5))
        doubted = service.doubt(conn, call.id, RUN, at(30))
        assert doubted is not None
        for _ in range(2):  # settled again, it is not repaired twice
            service.settle_end(conn, doubted, decision, LIBRARY, {"log": "seen"}, at(100))
        ended = attempt_of(conn, call.id)
        assert (ended.answered_at, ended.ended_at, ended.outcome) == (at(22), at(82), "answered")
        (repair,) = queries.latest_repairs(conn)
        assert (repair.found, repair.decided) == ("customer_go", "answered")
        assert repair.evidence == {"why": decision.why, "log": "seen"}
        assert session_of(conn, call.agent_id).state == "wrap_up"

    await database.write(work)


async def test_a_live_call_is_taken_over_where_it_stands(database: Database) -> None:
    """D7: dialling goes on with the go it had; a talk goes on since its answer."""
    dialling = Decision(Settlement.ADOPT_DIALLING, "the customer is being dialled")
    talks = Decision(Settlement.ADOPT_TALKING, "both parties are connected", answered_at=at(22))

    def work(conn: Connection) -> None:
        call = placed(conn)
        service.grant_go(conn, call.id, RUN, at(5))
        doubted = service.doubt(conn, call.id, RUN, at(10))
        assert doubted is not None
        service.adopt_dialling(conn, doubted, dialling, RUN, {}, at(11))
        assert (attempt_of(conn, call.id).state, attempt_of(conn, call.id).go_at) == ("customer_go", at(5))
        service.doubt(conn, call.id, RUN, at(30))
        service.adopt_talking(conn, doubted, talks, {}, at(31))
        now = attempt_of(conn, call.id)
        assert (now.state, now.answered_at) == (AttemptState.TALKING, at(22))
        assert session_of(conn, call.agent_id).state == "talking"
        assert [one.decided for one in queries.latest_repairs(conn)] == ["adopt_talking", "adopt_dialling"]

    await database.write(work)


async def test_attempts_that_stand_too_long_are_found(database: Database) -> None:
    """D7: by when they were placed, by their go, and all that are in doubt; a talk may last."""

    def work(conn: Connection) -> None:
        young = placed(conn, "13800000001", "8001")
        gone = placed(conn, "13800000002", "8002")
        service.grant_go(conn, gone.id, RUN, at(5))
        doubtful = placed(conn, "13800000003", "8003")
        service.doubt(conn, doubtful.id, RUN, at(6))
        talking(conn, "13800000004", "8004")

        def overdue(placed_before: float, go_before: float) -> set[str]:
            return set(queries.overdue(conn, placed_before=at(placed_before), go_before=at(go_before)))

        assert overdue(0, 5) == {doubtful.id}
        assert overdue(0, 6) == {doubtful.id, gone.id}
        assert overdue(1, 5) == {doubtful.id, young.id}
        assert queries.count_in_flight(conn) == 4

    await database.write(work)


async def test_the_live_page_names_whom_who_and_where(database: Database) -> None:
    """V1."""
    call = await database.write(partial(talking, number="13800000007"))
    (row,) = await database.read(queries.live)
    assert (row.id, row.state, row.name, row.number) == (call.id, "talking", "李0007", "13800000007")
    assert await database.read(queries.outcomes) == {}
    await database.write(lambda conn: service.end(conn, call.id, ANSWERED, LIBRARY, at(80)))
    assert await database.read(queries.live) == []
    assert await database.read(queries.outcomes) == {"answered": 1}
    assert await database.read(partial(answers_of, follow_up_id=call.follow_up_id)) == {}


async def test_an_attempt_nobody_placed_is_an_error(database: Database) -> None:
    with pytest.raises(IllegalMove, match="there is no attempt"):
        await database.write(lambda conn: service.end(conn, new_id(), BUSY, LIBRARY, at(1)))


async def test_d7_what_was_written_of_the_answer_is_true_whatever_was_seen_of_the_end(
    database: Database,
) -> None:
    call = await database.write(talking)
    await database.write(lambda conn: service.end(conn, call.id, BUSY, LIBRARY, at(80)))
    assert (await database.read(partial(attempt_of, attempt_id=call.id))).outcome == DialOutcome.ANSWERED
    assert (await database.read(partial(follow_up_of, follow_up_id=call.follow_up_id))).state == "wrap_up"
