"""Why an agent has no call, from what is in the database (D5, D10, L3)."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.agents.service import add_agent
from dialer.calling.idle import IdleReason
from dialer.calling.status import EngineStatus, Idle, idle
from dialer.storage.database import Database
from tests.support.core import LIBRARY, NOW, PLAYBOOK, add_follow_up, add_ready_agent, pairing, talked

UP = EngineStatus(pairing(), link_up=True, settled=True)


def look(conn: Connection, agent_id: str, status: EngineStatus = UP, now: datetime = NOW) -> Idle:
    return idle(conn, agent_id, status, form_saved=False, now=now)


async def test_what_is_due_is_counted_and_the_next_one_is_named(database: Database) -> None:
    """L1: the agent sees when the next call can come."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        assert look(conn, agent_id) == Idle(IdleReason.NOTHING_DUE, 0, 0, None)
        add_follow_up(conn, "13800000002", happened_at=NOW)
        midnight = NOW + timedelta(hours=14)
        assert look(conn, agent_id) == Idle(IdleReason.NOTHING_DUE, 0, 0, midnight)
        add_follow_up(conn, "13800000001")
        assert look(conn, agent_id) == Idle(IdleReason.CALL_COMES, 1, 1, midnight)
        assert look(conn, agent_id, now=midnight).due_in_all == 2

    await database.write(work)


async def test_trial_mode_and_rest_hours_are_told_apart_from_an_empty_queue(database: Database) -> None:
    """D10, L3: something is due, and it may not be dialled."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        add_follow_up(conn)
        trial = replace(UP, pairing=pairing(trial=frozenset({"13900000000"})))
        assert look(conn, agent_id, trial) == Idle(IdleReason.NOT_ON_TRIAL_LIST, 1, 0, None)
        noon = NOW + timedelta(hours=2, minutes=30)
        keeps = replace(UP, pairing=pairing(keep_hours=True))
        assert look(conn, agent_id, keeps, noon).reason is IdleReason.OUTSIDE_HOURS
        assert look(conn, agent_id, keeps).reason is IdleReason.CALL_COMES

    await database.write(work)


async def test_a_phone_that_is_known_not_to_ring_is_named(database: Database) -> None:
    """D5: and where nothing is known, nothing is claimed."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn, "8001")
        add_follow_up(conn)
        deaf = replace(UP, pairing=pairing(reachable=frozenset({"8002"})))
        assert look(conn, agent_id, deaf).reason is IdleReason.PHONE_UNREACHABLE
        assert deaf.reaches("8002") and not deaf.reaches("8001") and UP.reaches("8001")

    await database.write(work)


async def test_an_agents_own_state_comes_first(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        assert look(conn, call.agent_id).reason is IdleReason.FORM_UNSAVED
        absent = add_agent(conn, code="9", name="赵", extension="8009", branch="x")
        assert look(conn, absent).reason is IdleReason.OFFLINE

    await database.write(work)


async def test_r12_what_others_are_named_for_is_nothing_that_is_due_to_this_agent(database: Database) -> None:
    """R12: nobody is told that a call comes which he may not make."""

    def work(conn: Connection) -> None:
        agent_id, named_id = add_ready_agent(conn, "8001"), add_ready_agent(conn, "8002")
        add_follow_up(conn)
        named = PLAYBOOK.model_copy(update={"callers": ("A8002",)})
        status = replace(UP, pairing=replace(pairing(), library=LIBRARY.having(named)))
        assert look(conn, agent_id, status).reason is IdleReason.NOTHING_DUE
        assert look(conn, named_id, status).reason is IdleReason.CALL_COMES

    await database.write(work)
