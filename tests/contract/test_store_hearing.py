"""What was heard on a line corrects how the call ended, on a real database (D3, L7, L8)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from dialer.agents.states import AgentState
from dialer.calling import service
from dialer.calling.hearing import HEARD_KIND, Effect, correct
from dialer.calling.progress import Ending
from dialer.calling.queries import Attempt
from dialer.calling.reserving import reserve
from dialer.cases.tables import tasks
from dialer.cases.worker import act_on_events
from dialer.customers.tables import contacts, phones
from dialer.followups.states import FollowUpState
from dialer.followups.workdays import WorkCalendar
from dialer.forms.rules import BadAnswer, Disposition
from dialer.forms.service import finish_wrap_up, save_form
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.heard import Heard
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import (
    BUSY,
    LIBRARY,
    NOW,
    RUN,
    SHANGHAI,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    placed,
    session_of,
    talked,
    tries,
)

NO_ANSWER = Ending(DialOutcome.NO_ANSWER, dialled=True, cause=19)
INVALID = Ending(DialOutcome.INVALID_NUMBER, dialled=True, cause=1)
ENDED, HEARD_AT = at(20), at(40)


def dialled(
    conn: Connection, ending: Ending, number: str = "13800000001", extension: str = "8001"
) -> Attempt:
    """A call that was not answered, 20 s after NOW."""
    current = placed(conn, number, extension)
    assert service.grant_go(conn, current.id, RUN, at(5))
    service.end(conn, current.id, ending, LIBRARY, ENDED)
    return attempt_of(conn, current.id)


def contacts_of(conn: Connection, attempt_id: str) -> list[str]:
    query = select(contacts.c.kind).where(contacts.c.attempt_id == attempt_id).order_by(contacts.c.kind)
    return list(conn.execute(query).scalars())


def invalid_numbers(conn: Connection) -> list[str]:
    query = select(phones.c.number).where(phones.c.invalid_since.is_not(None))
    return list(conn.execute(query).scalars())


def hear(conn: Connection, call: Attempt, heard: Heard, when: datetime = HEARD_AT) -> Effect:
    return correct(conn, call.id, heard, LIBRARY, when)


async def test_l7_powered_off_goes_by_its_own_rule_from_the_end_of_the_call(database: Database) -> None:
    """480 was signalled, 已关机 was said: four hours, and the try counts once."""

    def work(conn: Connection) -> None:
        call = dialled(conn, NO_ANSWER)
        assert follow_up_of(conn, call.follow_up_id).tries == tries(no_answer=1)
        assert hear(conn, call, Heard.POWERED_OFF) is Effect.CORRECTED
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.due_at, owed.reason) == (ENDED + timedelta(hours=4), "powered_off")
        assert owed.tries == tries(powered_off=1)
        heard = attempt_of(conn, call.id)
        assert (heard.outcome, heard.heard, heard.counted) == ("no_answer", "powered_off", True)
        (told,) = [row.data for row in of_subject(conn, call.id) if row.kind == HEARD_KIND]
        assert (told["heard"], told["signalled"], told["effect"]) == ("powered_off", "no_answer", "corrected")
        # Heard once more, or otherwise: nothing.
        assert hear(conn, call, Heard.EMPTY_NUMBER) is Effect.NOTHING
        assert follow_up_of(conn, call.follow_up_id) == owed

    await database.write(work)


async def test_l7_the_third_time_powered_off_is_the_last(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = dialled(conn, NO_ANSWER)
        hear(conn, call, Heard.POWERED_OFF)
        for day in (1, 2):
            now = NOW + timedelta(days=day)
            (order,) = reserve(conn, pairing(), now).orders
            assert service.grant_go(conn, order.attempt_id, RUN, now)
            service.end(conn, order.attempt_id, NO_ANSWER, LIBRARY, now)
            correct(conn, order.attempt_id, Heard.POWERED_OFF, LIBRARY, now)
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.tries) == (FollowUpState.EXHAUSTED, tries(powered_off=3))

    await database.write(work)


async def test_d3_a_number_signalled_as_invalid_and_heard_as_powered_off_is_owed_again(
    database: Database,
) -> None:
    """L8: its only number is valid again, and the visit that was owed for it is not."""

    def work(conn: Connection) -> None:
        call = dialled(conn, INVALID)
        assert follow_up_of(conn, call.follow_up_id).state is FollowUpState.EXHAUSTED
        assert invalid_numbers(conn) == [call.number]
        act_on_events(conn, LIBRARY, SHANGHAI, WorkCalendar(), at(30))
        assert conn.execute(select(tasks.c.state)).scalars().all() == ["open"]

        assert hear(conn, call, Heard.POWERED_OFF) is Effect.CORRECTED
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.tries) == (FollowUpState.WAITING, tries(powered_off=1))
        assert (owed.number, owed.due_at) == (call.number, ENDED + timedelta(hours=4))
        assert invalid_numbers(conn) == []
        assert attempt_of(conn, call.id).outcome == "no_answer"
        act_on_events(conn, LIBRARY, SHANGHAI, WorkCalendar(), at(50))
        assert conn.execute(select(tasks.c.state)).scalars().all() == ["dropped"]

    await database.write(work)


async def test_l7_an_empty_number_is_dialled_no_more(database: Database) -> None:
    """480 was signalled, 空号 was said: no other phone, so other means are owed, once."""

    def work(conn: Connection) -> None:
        call = dialled(conn, NO_ANSWER)
        assert hear(conn, call, Heard.EMPTY_NUMBER) is Effect.CORRECTED
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.reason) == (FollowUpState.EXHAUSTED, "empty_number")
        assert invalid_numbers(conn) == [call.number]
        assert attempt_of(conn, call.id).outcome == "invalid_number"
        act_on_events(conn, LIBRARY, SHANGHAI, WorkCalendar(), at(50))
        assert conn.execute(select(tasks.c.state)).scalars().all() == ["open"]

    await database.write(work)


async def test_d3_a_secretary_after_an_answer_is_not_reached(database: Database) -> None:
    """The follow-up waits again, the talk is out of the ledger, the dial stays, the agent is free."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        assert contacts_of(conn, call.id) == ["dial", "talk"]
        assert session_of(conn, call.agent_id).state is AgentState.WRAP_UP
        assert hear(conn, call, Heard.SECRETARY, at(90)) is Effect.CORRECTED
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.reason) == (FollowUpState.WAITING, "secretary")
        assert (owed.tries, owed.due_at) == (tries(secretary=1), at(80) + timedelta(hours=3))
        assert contacts_of(conn, call.id) == ["dial"]
        assert session_of(conn, call.agent_id).state is AgentState.READY
        after = attempt_of(conn, call.id)
        assert (after.outcome, after.heard, after.counted) == ("no_answer", "secretary", True)
        # The agent cannot close it as a talk any more.
        with pytest.raises(BadAnswer):
            saved(conn, call, Disposition.REFUSED, at(95))

    await database.write(work)


def saved(conn: Connection, call: Attempt, disposition: Disposition, now: datetime) -> None:
    save_form(conn, LIBRARY, agent_id=call.agent_id, attempt_id=call.id, disposition=disposition, now=now)


async def test_d3_a_form_that_was_saved_stands(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        saved(conn, call, Disposition.REFUSED, at(85))
        before = follow_up_of(conn, call.follow_up_id)
        effect = correct(conn, call.id, Heard.SECRETARY, LIBRARY, at(90), talk_recorded=True)
        assert effect is Effect.TALK_KEPT
        assert follow_up_of(conn, call.follow_up_id) == before
        after = attempt_of(conn, call.id)
        assert (after.outcome, after.heard) == ("answered", "secretary")
        assert contacts_of(conn, call.id) == ["dial", "talk"]

    await database.write(work)


async def test_d3_heard_too_late_only_the_outcome_is_set_right(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = dialled(conn, BUSY)
        (order,) = reserve(conn, pairing(), NOW + timedelta(hours=1)).orders
        before = follow_up_of(conn, call.follow_up_id)
        assert before.state is FollowUpState.CALLING
        assert hear(conn, call, Heard.POWERED_OFF, NOW + timedelta(hours=1)) is Effect.TOO_LATE
        assert follow_up_of(conn, call.follow_up_id) == before
        assert attempt_of(conn, call.id).outcome == "no_answer"
        with pytest.raises(IllegalMove):
            correct(conn, order.attempt_id, Heard.POWERED_OFF, LIBRARY, NOW + timedelta(hours=1))

    await database.write(work)


async def test_l7_what_says_the_same_as_the_signalling_counts_once(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = dialled(conn, BUSY)
        before = follow_up_of(conn, call.follow_up_id)
        hear(conn, call, Heard.BUSY)
        after = follow_up_of(conn, call.follow_up_id)
        assert (after.tries, after.due_at) == (before.tries, before.due_at)

    await database.write(work)


async def test_l7_trouble_of_our_own_line_burns_no_try_and_is_no_contact(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = dialled(conn, NO_ANSWER)
        assert hear(conn, call, Heard.OWN_LINE) is Effect.CORRECTED
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.tries, owed.due_at) == ({}, ENDED + timedelta(minutes=5))
        assert contacts_of(conn, call.id) == []
        assert not attempt_of(conn, call.id).counted

    await database.write(work)


async def test_d3_the_agent_marks_a_machine_by_hand(database: Database) -> None:
    """The same as when it is heard; the wrap-up stays the agent's until it is finished."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        saved(conn, call, Disposition.MACHINE, at(90))
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.reason) == (FollowUpState.WAITING, "secretary")
        assert contacts_of(conn, call.id) == ["dial"]
        assert attempt_of(conn, call.id).outcome == "no_answer"
        assert session_of(conn, call.agent_id).state is AgentState.WRAP_UP
        finish_wrap_up(conn, call.agent_id, at(95))
        assert session_of(conn, call.agent_id).state is AgentState.READY
        assert hear(conn, call, Heard.VOICEMAIL, at(99)) is Effect.NOTHING

    await database.write(work)
