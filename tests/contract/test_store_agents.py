"""What an agent does, on a real database: pauses, failures, wrap-up (D5)."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection

from dialer.agents import queries as agent_queries
from dialer.agents.queries import ready_agents, sessions
from dialer.agents.service import add_agent, pause, ready, sign_in, sign_out
from dialer.agents.states import AgentState, PauseReason
from dialer.calling import service
from dialer.calling.progress import Ending
from dialer.forms.rules import BadAnswer, Disposition
from dialer.forms.service import finish_wrap_up, save_form
from dialer.forms.sweeping import end_wrap_ups, sweep
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import (
    ANSWERED,
    BUSY,
    LIBRARY,
    NOW,
    PLAYBOOK,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    placed,
    session_of,
    talked,
    talking,
)

WRAP_UP_OVER = at(80 + PLAYBOOK.wrap_up_seconds)


def save_result(conn: Connection, agent_id: str, attempt_id: str) -> None:
    save_form(
        conn,
        LIBRARY,
        agent_id=agent_id,
        attempt_id=attempt_id,
        disposition=Disposition.REFUSED,
        wishes="",
        call_again_at=None,
        now=at(100),
    )


async def test_a_session_begins_paused_and_goes_on_at_the_next_sign_in(database: Database) -> None:
    """No call before the agent asks for one; a page opened twice changes nothing."""

    def work(conn: Connection) -> None:
        agent_id = add_agent(conn, code="1", name="王", extension="8001", branch="x")
        sign_in(conn, agent_id, NOW)
        assert session_of(conn, agent_id).reason == PauseReason.SIGNED_IN
        ready(conn, agent_id, at(1))
        sign_in(conn, agent_id, at(2))
        assert (session_of(conn, agent_id).state, session_of(conn, agent_id).since) == ("ready", at(1))
        sign_out(conn, agent_id, at(3))
        sign_out(conn, agent_id, at(4))
        assert session_of(conn, agent_id).state is AgentState.OFFLINE
        sign_in(conn, agent_id, at(5))
        assert session_of(conn, agent_id).state is AgentState.PAUSED

    await database.write(work)


async def test_who_never_signed_in_cannot_ask_for_calls(database: Database) -> None:
    agent_id = await database.write(partial(add_agent, code="1", name="王", extension="8001", branch="x"))
    with pytest.raises(IllegalMove, match="has not signed in"):
        await database.write(lambda conn: ready(conn, agent_id, NOW))


async def test_a_pause_has_its_reason_and_its_time(database: Database) -> None:
    """D5: another reason for the same pause keeps the time it began."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        pause(conn, agent_id, PauseReason.BREAK, at(5))
        pause(conn, agent_id, PauseReason.MEAL, at(9))
        now = session_of(conn, agent_id)
        assert (now.state, now.reason, now.since) == (AgentState.PAUSED, PauseReason.MEAL, at(5))
        ready(conn, agent_id, at(20))
        assert (session_of(conn, agent_id).reason, session_of(conn, agent_id).since) == (None, at(20))

    await database.write(work)


async def test_a_pause_during_a_call_takes_effect_after_it(database: Database) -> None:
    """D5: the call is not cut, and no other one comes."""

    def work(conn: Connection) -> None:
        call = talking(conn)
        pause(conn, call.agent_id, PauseReason.MEAL, at(30))
        assert session_of(conn, call.agent_id).state is AgentState.TALKING
        service.end(conn, call.id, ANSWERED, LIBRARY, at(80))
        assert session_of(conn, call.agent_id).state is AgentState.WRAP_UP
        save_result(conn, call.agent_id, call.id)
        finish_wrap_up(conn, call.agent_id, at(101))
        now = session_of(conn, call.agent_id)
        assert (now.state, now.reason, now.next_pause) == (AgentState.PAUSED, PauseReason.MEAL, None)

    await database.write(work)


async def test_a_pause_asked_for_while_it_rings_holds_when_nobody_is_reached(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = placed(conn)
        pause(conn, call.agent_id, PauseReason.BREAK, at(2))
        service.end(conn, call.id, BUSY, LIBRARY, at(9))
        now = session_of(conn, call.agent_id)
        assert (now.state, now.reason, now.attempt_id) == (AgentState.PAUSED, PauseReason.BREAK, None)

    await database.write(work)


async def test_a_pause_that_was_asked_for_can_be_taken_back(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = placed(conn)
        pause(conn, call.agent_id, PauseReason.BREAK, at(2))
        ready(conn, call.agent_id, at(3))
        service.end(conn, call.id, BUSY, LIBRARY, at(9))
        assert session_of(conn, call.agent_id).state is AgentState.READY

    await database.write(work)


@pytest.mark.parametrize("sign_out_when", [placed, talking, talked])
async def test_nobody_leaves_before_the_call_and_its_form_are_finished(
    database: Database, sign_out_when: object
) -> None:
    assert callable(sign_out_when)
    call = await database.write(sign_out_when)
    with pytest.raises(IllegalMove, match="sign_out is not legal"):
        await database.write(lambda conn: sign_out(conn, call.agent_id, at(200)))


@pytest.mark.parametrize(
    ("rang", "reason"), [(True, PauseReason.DID_NOT_ANSWER), (False, PauseReason.PHONE_UNREACHABLE)]
)
async def test_an_agent_whose_phone_fails_is_paused_and_the_customer_is_not_charged(
    database: Database, rang: bool, reason: PauseReason
) -> None:
    """D5, L7: the follow-up is back in the queue at once, for somebody else, with no try burnt."""

    def work(conn: Connection) -> None:
        call = placed(conn)
        ending = Ending(DialOutcome.AGENT_UNAVAILABLE, dialled=False, agent_rang=rang)
        service.end(conn, call.id, ending, LIBRARY, at(21))
        now = session_of(conn, call.agent_id)
        assert (now.state, now.reason, now.attempt_id) == (AgentState.PAUSED, reason, None)
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.due_at, owed.tries) == ("waiting", at(21), {})
        assert not attempt_of(conn, call.id).counted

    await database.write(work)


async def test_a_wrap_up_ends_by_itself_only_over_a_saved_form(database: Database) -> None:
    """D5, T2: never a next call over an unsaved form, however late it is."""

    def prepare(conn: Connection) -> tuple[str, str, str]:
        unsaved, saved = talked(conn, "13800000001", "8001"), talked(conn, "13800000002", "8002")
        save_result(conn, saved.agent_id, saved.id)
        return unsaved.id, unsaved.agent_id, saved.agent_id

    attempt_id, unsaved, saved = await database.write(prepare)
    assert await database.write(lambda conn: end_wrap_ups(conn, WRAP_UP_OVER - timedelta(seconds=1))) == 0
    await sweep(database, WRAP_UP_OVER)
    await sweep(database, WRAP_UP_OVER + timedelta(hours=5))
    states = {row.agent_id: row.state for row in await database.read(sessions)}
    assert states == {unsaved: AgentState.WRAP_UP, saved: AgentState.READY}
    await database.write(lambda conn: save_result(conn, unsaved, attempt_id))
    await sweep(database, WRAP_UP_OVER)
    assert (await database.read(partial(session_of, agent_id=unsaved))).state is AgentState.READY


async def test_the_button_on_to_the_next_call_needs_a_saved_form_too(database: Database) -> None:
    """D5."""
    call = await database.write(talked)
    with pytest.raises(BadAnswer, match="save the result of this call first"):
        await database.write(lambda conn: finish_wrap_up(conn, call.agent_id, at(90)))

    def save_and_go_on(conn: Connection) -> None:
        save_result(conn, call.agent_id, call.id)
        finish_wrap_up(conn, call.agent_id, at(101))
        finish_wrap_up(conn, call.agent_id, at(102))  # pressed twice
        now = session_of(conn, call.agent_id)
        assert (now.state, now.since, now.attempt_id) == (AgentState.READY, at(101), None)

    await database.write(save_and_go_on)


async def test_every_change_of_an_agent_is_told(database: Database) -> None:
    """F7, V1: attendance is figured from these."""

    def work(conn: Connection) -> list[str]:
        call = talked(conn)
        save_result(conn, call.agent_id, call.id)
        finish_wrap_up(conn, call.agent_id, at(101))
        return [row.kind.removeprefix("agent_session.") for row in of_subject(conn, call.agent_id)]

    assert await database.write(work) == [
        "paused",
        "ready",
        "reserved",
        "ringing",
        "talking",
        "wrap_up",
        "ready",
    ]


async def test_agents_are_found_by_their_phone_and_the_dismissed_get_no_call(database: Database) -> None:
    from sqlalchemy import update

    from dialer.agents.tables import agents

    def work(conn: Connection) -> None:
        here, gone = add_ready_agent(conn, "8001"), add_ready_agent(conn, "8002")
        conn.execute(update(agents).where(agents.c.id == gone).values(active=False))
        found = agent_queries.agent_of_extension(conn, "8001")
        assert found is not None and found.id == here
        assert agent_queries.agent_of_extension(conn, "8009") is None
        assert [agent.id for agent in agent_queries.all_agents(conn)] == [here]
        assert [agent.id for agent in ready_agents(conn, None)] == [here]

    await database.write(work)
