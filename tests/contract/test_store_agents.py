"""What an agent does, on a real database: pauses, failures, wrap-up (D5)."""

from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from sqlalchemy import Connection

from dialer.agents import queries as agent_queries
from dialer.agents.queries import all_desks, ready_agents, sessions
from dialer.agents.service import (
    CannotBeReady,
    CannotSit,
    add_agent,
    add_desk,
    pause,
    ready,
    reserve,
    sign_in,
    sign_out,
    take_over,
)
from dialer.agents.settings import AgentSettings
from dialer.agents.states import AgentState, PauseReason
from dialer.alarms.service import open_alarms
from dialer.calling import service
from dialer.calling.progress import Ending
from dialer.calling.reserving import reserve as reserve_calls
from dialer.forms.rules import BadAnswer
from dialer.forms.service import OVER_TIME, finish_wrap_up
from dialer.forms.sweeping import end_wrap_ups, sweep
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import (
    ANSWERED,
    BRANCH,
    BUSY,
    LIBRARY,
    NOW,
    PLAYBOOK,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    placed,
    save_result,
    session_of,
    talked,
    talking,
)

WRAP_UP_OVER = at(80 + PLAYBOOK.wrap_up_seconds)


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
    """D5, F7: another reason for a pause has a time of its own, and the same one keeps the time it began."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        pause(conn, agent_id, PauseReason.BREAK, at(5))
        pause(conn, agent_id, PauseReason.MEAL, at(9))
        pause(conn, agent_id, PauseReason.MEAL, at(11))
        now = session_of(conn, agent_id)
        assert (now.state, now.reason, now.since) == (AgentState.PAUSED, PauseReason.MEAL, at(9))
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
    # What the unsaved form has added to the time is not waited for.
    await sweep(database, WRAP_UP_OVER + timedelta(hours=5, seconds=1))
    assert (await database.read(partial(session_of, agent_id=unsaved))).state is AgentState.READY


async def test_d5_the_wrap_up_goes_on_over_an_unsaved_form_up_to_a_limit(database: Database) -> None:
    """D5: half a minute at a time; at the limit the supervisor is told, and still no call comes."""
    call = await database.write(talked)
    settings = AgentSettings(wrap_up_extension_seconds=30, wrap_up_limit_seconds=60)
    seen = []
    for seconds in (0, 10, 30, 60, 3600):
        await sweep(database, WRAP_UP_OVER + timedelta(seconds=seconds), settings)
        now = await database.read(partial(session_of, agent_id=call.agent_id))
        assert now.wrap_until is not None
        until = (now.wrap_until - WRAP_UP_OVER).total_seconds()
        alarms = [alarm.kind for alarm in await database.read(open_alarms)]
        seen.append((seconds, until, now.wrap_extended, alarms))
    assert seen == [
        (0, 30, 30, []),
        (10, 30, 30, []),
        (30, 60, 60, []),
        (60, 60, 60, [OVER_TIME]),
        (3600, 60, 60, [OVER_TIME]),
    ]
    await database.write(lambda conn: save_result(conn, call.agent_id, call.id))
    assert await database.read(open_alarms) == []


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


async def test_f7_every_state_is_kept_with_its_times_and_what_ended_it(database: Database) -> None:
    """F7: one row a move, without a gap; the present state is the session's own row."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        pause(conn, call.agent_id, PauseReason.MEAL, at(90))
        save_result(conn, call.agent_id, call.id)
        finish_wrap_up(conn, call.agent_id, at(101))
        sign_out(conn, call.agent_id, at(200), why="shift_over")
        away, *kept = agent_queries.history(conn, at(-1), at(999), call.agent_id)
        assert (away.state, away.event) == ("offline", "sign_in")
        assert [(row.state, row.reason, row.event, row.why) for row in kept] == [
            ("paused", "signed_in", "ready", None),
            ("ready", None, "reserve", None),
            ("reserved", None, "ring", None),
            ("ringing", None, "talk", None),
            ("talking", None, "call_ended", None),
            ("wrap_up", None, "pause", None),
            ("paused", "meal", "sign_out", "shift_over"),
        ]
        assert all(one.ended_at == after.began_at for one, after in pairwise(kept))
        assert [row.attempt_id for row in kept] == [None, None, *[call.id] * 4, None]
        assert {row.extension for row in kept} == {"8001"}
        assert agent_queries.history(conn, at(200), at(999)) == []
        assert [row.state for row in agent_queries.history(conn, at(101), at(102))] == ["paused"]

    await database.write(work)


async def test_f7_a_move_that_comes_too_late_leaves_no_history(database: Database) -> None:
    """F7, D5: two moves at once, and one of them saw an older state."""
    call = await database.write(placed)
    before = len(await database.read(lambda conn: agent_queries.history(conn, NOW, at(999))))
    with pytest.raises(IllegalMove, match="no longer ready"):
        await database.write(lambda conn: reserve(conn, call.agent_id, "another", at(5)))
    assert len(await database.read(lambda conn: agent_queries.history(conn, NOW, at(999)))) == before


async def test_d5_an_agent_works_at_the_desk_of_the_day(database: Database) -> None:
    """D5: hot desking: a known phone, one session each; calls ring where the agent sits."""

    def work(conn: Connection) -> None:
        wang = add_agent(conn, code="1", name="王芳", extension="8001", branch=BRANCH)
        li = add_agent(conn, code="2", name="李娜", extension="8001", branch=BRANCH)
        zhao = add_agent(conn, code="3", name="赵敏", extension="", branch=BRANCH)
        add_desk(conn, "8009", place="窗口 9")
        sign_in(conn, wang, NOW)
        for agent_id, extension, said in (
            (li, None, "王芳 works at extension 8001 now"),
            (zhao, None, "You have no phone of your own"),
            (zhao, "8888", "Extension 8888 is not known here"),
        ):
            with pytest.raises(CannotSit, match=said):
                sign_in(conn, agent_id, NOW, extension=extension)
            assert session_of(conn, agent_id).state is AgentState.OFFLINE
        sign_in(conn, zhao, NOW, extension="8009")
        ready(conn, zhao, NOW)
        assert [(one.id, one.extension) for one in ready_agents(conn, None)] == [(zhao, "8009")]
        assert ready_agents(conn, {"8001"}) == []
        found = agent_queries.session_at(conn, "8009")
        assert found is not None and found.agent_id == zhao
        assert [
            (desk.extension, desk.place, list(desk.usual), desk.taken_by) for desk in all_desks(conn)
        ] == [
            ("8001", "", ["王芳", "李娜"], "王芳"),
            ("8009", "窗口 9", [], "赵敏"),
        ]
        sign_out(conn, wang, at(5))
        sign_in(conn, li, at(6))
        assert session_of(conn, li).extension == "8001"
        assert session_of(conn, wang).extension is None

    await database.write(work)


async def test_d5_a_call_rings_at_the_desk_where_the_agent_sits(database: Database) -> None:
    """D5, D1."""

    def work(conn: Connection) -> None:
        add_follow_up(conn)
        agent_id = add_agent(conn, code="1", name="王芳", extension="8001", branch=BRANCH)
        add_desk(conn, "8009")
        sign_in(conn, agent_id, NOW, extension="8009")
        ready(conn, agent_id, NOW)
        (order,) = reserve_calls(conn, pairing(), NOW).orders
        assert order.agent_extension == "8009"

    await database.write(work)


async def test_d5_with_a_phone_that_cannot_ring_nobody_is_ready(database: Database) -> None:
    """D5: and where it is not known whether it rings, nobody is held up."""

    def work(conn: Connection) -> None:
        agent_id = add_agent(conn, code="1", name="王", extension="8001", branch=BRANCH)
        sign_in(conn, agent_id, NOW)
        with pytest.raises(CannotBeReady, match="The phone at extension 8001 is not registered"):
            ready(conn, agent_id, NOW, reachable={"8002"})
        assert session_of(conn, agent_id).state is AgentState.PAUSED
        ready(conn, agent_id, NOW, reachable=None)
        assert session_of(conn, agent_id).state is AgentState.READY

    await database.write(work)


async def test_d5_a_second_login_takes_the_session_over(database: Database) -> None:
    """D5: told once, and only of a session that is going on."""

    def work(conn: Connection) -> list[str]:
        agent_id = add_agent(conn, code="1", name="王", extension="8001", branch=BRANCH)
        take_over(conn, agent_id, "first", NOW)
        sign_in(conn, agent_id, NOW, login="first")
        for login in ("first", "second", "second"):
            take_over(conn, agent_id, login, at(1))
        assert session_of(conn, agent_id).login == "second"
        sign_out(conn, agent_id, at(2))
        take_over(conn, agent_id, "third", at(3))
        assert session_of(conn, agent_id).login is None
        assert all("login" not in row.data for row in of_subject(conn, agent_id))
        return [row.kind.removeprefix("agent_session.") for row in of_subject(conn, agent_id)]

    assert await database.write(work) == ["paused", "moved", "offline"]


async def test_agents_are_found_by_their_phone_and_the_dismissed_get_no_call(database: Database) -> None:
    from sqlalchemy import update

    from dialer.agents.tables import agents

    def work(conn: Connection) -> None:
        here, gone = add_ready_agent(conn, "8001"), add_ready_agent(conn, "8002")
        conn.execute(update(agents).where(agents.c.id == gone).values(active=False))
        assert [one.id for one in agent_queries.agents_of_extension(conn, "8001")] == [here]
        assert agent_queries.agents_of_extension(conn, "8009") == []
        assert [agent.id for agent in agent_queries.all_agents(conn)] == [here]
        assert [agent.id for agent in ready_agents(conn, None)] == [here]

    await database.write(work)
