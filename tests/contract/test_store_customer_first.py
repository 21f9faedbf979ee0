"""Customers who are rung before their agent, on a real database: what is committed, and what is left (D2)."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from dialer.agents import service as agents
from dialer.agents.states import AgentState, PauseReason
from dialer.agents.tables import agents as all_agents
from dialer.alarms.service import open_alarms
from dialer.calling import queries, service
from dialer.calling.committing import Pairing
from dialer.calling.modes import service as modes
from dialer.calling.modes.queries import held_for
from dialer.calling.progress import Ending
from dialer.calling.queries import Attempt
from dialer.calling.reserving import reserve
from dialer.calling.states import AttemptState
from dialer.customers.contacts import ContactKind
from dialer.customers.tables import contacts
from dialer.daily.queries import figures_of_day
from dialer.followups.states import FollowUpState
from dialer.storage.database import Database
from dialer.storage.feed import emit
from dialer.telephony.outcomes import DialOutcome
from qa.transcripts import service as transcription
from qa.transcripts.queries import transcript_of
from qa.transcripts.settings import TranscriptionSettings
from tests.support.core import (
    ANSWERED,
    LIBRARY,
    NOW,
    PLAYBOOK,
    RUN,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    session_of,
)
from tests.support.offers import taken

NOBODY_CAME = Ending(DialOutcome.ABANDONED, dialled=True, agent_rang=True, agent_missed=True)


def customer_first(**more: object) -> Pairing:
    """The shipped playbook, by which the customer is rung first."""
    playbook = PLAYBOOK.model_copy(update={"mode": "customer_first"})
    return replace(pairing(**more), library=LIBRARY.having(playbook))  # type: ignore[arg-type]


def begun(conn: Connection) -> Attempt:
    """A call that waits at the gate."""
    add_follow_up(conn)
    add_ready_agent(conn)
    (order,) = reserve(conn, customer_first(), NOW).orders
    return attempt_of(conn, order.attempt_id)


def rung(conn: Connection) -> Attempt:
    """A call whose customer's phone rings."""
    current = begun(conn)
    assert service.grant_go(conn, current.id, RUN, at(1))
    service.note_customer_ringing(conn, current.id, at(2))
    return attempt_of(conn, current.id)


async def test_d2_the_agent_is_kept_before_anybody_is_rung(database: Database) -> None:
    """Never more calls than ready agents, customer first or not (D4)."""

    def work(conn: Connection) -> None:
        add_follow_up(conn)
        add_follow_up(conn, "13800000002")
        agent_id = add_ready_agent(conn)
        (order,) = reserve(conn, customer_first(connect_seconds=4), NOW).orders
        assert (order.customer_first, order.agent_ring_seconds) == (True, 4)
        current = attempt_of(conn, order.attempt_id)
        assert (current.state, current.mode) == (AttemptState.PLACING_AGENT, "customer_first")
        assert current.go_at is None
        session = session_of(conn, agent_id)
        assert (session.state, session.attempt_id) == (AgentState.RESERVED, current.id)
        assert reserve(conn, customer_first(), NOW).orders == []

    await database.write(work)


async def test_d2_an_agent_who_looks_first_is_rung_first(database: Database) -> None:
    """A preview is the agent's: he presses Call, and is rung as ever."""

    def work(conn: Connection) -> None:
        add_follow_up(conn)
        agent_id = add_ready_agent(conn)
        conn.execute(update(all_agents).values(preview=True))
        assert reserve(conn, customer_first(), NOW).orders == []
        offer = held_for(conn, agent_id)
        assert offer is not None
        modes.press(conn, agent_id, offer.id, at(1))
        (one,) = taken(conn, 1, customer_first())
        assert not one.order.customer_first
        assert attempt_of(conn, one.order.attempt_id).mode == "preview"

    await database.write(work)


async def test_a1_the_talk_is_noted_from_the_customers_answer_on(database: Database) -> None:
    def work(conn: Connection) -> None:
        current = rung(conn)
        service.note_agent_ringing(conn, current.id, at(12))
        assert session_of(conn, current.agent_id).state is AgentState.RINGING
        assert attempt_of(conn, current.id).state is AttemptState.CUSTOMER_GO
        service.note_answered(conn, current.id, at(14), answered_at=at(12))
        talking = attempt_of(conn, current.id)
        assert (talking.state, talking.answered_at) == (AttemptState.TALKING, at(12))
        assert session_of(conn, current.agent_id).state is AgentState.TALKING
        service.end(conn, current.id, ANSWERED, LIBRARY, at(80), answered_at=at(12))
        assert attempt_of(conn, current.id).answered_at == at(12)
        assert session_of(conn, current.agent_id).state is AgentState.WRAP_UP

    await database.write(work)


async def test_f7_q1_nobody_talked_where_no_agent_came(database: Database) -> None:
    """No talk time for the agent, no talk in the results, and nothing to transcribe and judge."""

    def work(conn: Connection) -> None:
        current = rung(conn)
        service.end(conn, current.id, NOBODY_CAME, LIBRARY, at(21), answered_at=at(12))
        figures = figures_of_day(conn, NOW)[current.agent_id]
        assert (figures.calls, figures.talk_seconds) == (1, 0)
        emit(conn, "recording.archived", current.id, at(22), {"attempt_id": current.id})
        transcription.take_in_news(conn, TranscriptionSettings(archive=Path("archive")), at(23))
        assert transcript_of(conn, current.id) is None

    await database.write(work)


@pytest.mark.parametrize("leaves", [False, True], ids=["ready-again", "goes-home"])
async def test_d5_l7_where_no_agent_came_it_is_named_alarmed_and_owed_again(
    database: Database, leaves: bool
) -> None:
    def work(conn: Connection) -> None:
        current = rung(conn)
        service.note_agent_ringing(conn, current.id, at(12))
        service.end(conn, current.id, NOBODY_CAME, LIBRARY, at(21), answered_at=at(12))
        over = attempt_of(conn, current.id)
        assert (over.outcome, over.counted, over.answered_at) == ("abandoned", False, at(12))
        owed = follow_up_of(conn, current.follow_up_id)
        assert (owed.state, owed.tries, owed.due_at) == (FollowUpState.WAITING, {}, at(21 + 15 * 60))
        session = session_of(conn, current.agent_id)
        assert (session.state, session.reason) == (AgentState.PAUSED, PauseReason.DID_NOT_ANSWER)
        (alarm,) = open_alarms(conn)
        assert (alarm.kind, alarm.subject) == ("customer_abandoned", current.agent_id)
        assert alarm.data == {"number": current.number, "reason": "did_not_answer"}
        kinds = [row.kind for row in conn.execute(contacts.select())]
        assert kinds == [ContactKind.DIAL], "his phone rang, and he was not talked to (L4)"
        (agents.sign_out if leaves else agents.ready)(conn, current.agent_id, at(60))
        assert open_alarms(conn) == []

    await database.write(work)


async def test_d5_who_did_not_wait_is_no_fault_of_the_agent(database: Database) -> None:
    def work(conn: Connection) -> None:
        current = rung(conn)
        service.note_agent_ringing(conn, current.id, at(12))
        ending = Ending(DialOutcome.ABANDONED, dialled=True, agent_rang=True)
        service.end(conn, current.id, ending, LIBRARY, at(13), answered_at=at(12))
        session = session_of(conn, current.agent_id)
        assert (session.state, session.attempt_id) == (AgentState.READY, None)
        assert open_alarms(conn) == []

    await database.write(work)


async def test_d7_a_call_that_was_never_let_through_disturbed_nobody(database: Database) -> None:
    """The go was committed and the gate did not open: what the ledger held of it is taken back."""

    def work(conn: Connection) -> None:
        current = begun(conn)
        assert service.grant_go(conn, current.id, RUN, at(1))
        assert conn.execute(contacts.select()).first() is not None
        service.end(conn, current.id, Ending(DialOutcome.FAILED, dialled=False), LIBRARY, at(6))
        assert conn.execute(contacts.select()).first() is None
        assert queries.count_in_flight(conn) == 0

    await database.write(work)
