"""A supervisor stops calling: no door lets a new call through, what goes on goes on (V2)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from dialer.agents.queries import agent as agent_row
from dialer.agents.states import AgentState
from dialer.agents.tables import agents as agent_table
from dialer.calling import queries as calls
from dialer.calling import service as calling
from dialer.calling.committing import commit_to
from dialer.calling.idle import IdleReason
from dialer.calling.inbound import service as inbound
from dialer.calling.modes import manual, service
from dialer.calling.modes.manual import NotNow
from dialer.calling.modes.queries import held_for, offer_of
from dialer.calling.modes.states import OfferState
from dialer.calling.reserving import could_reserve, reserve
from dialer.calling.status import EngineStatus, idle
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.halts.queries import open_halts, past_halts
from dialer.halts.rules import EVERYTHING
from dialer.halts.service import Halted, NoReason, go_on, stop
from dialer.ids import new_id
from dialer.storage import feed
from dialer.storage.database import Database
from tests.support.core import (
    NOW,
    PLAYBOOK,
    RUN,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    placed,
    rings,
    session_of,
    talking,
)
from tests.support.offers import taken

SCOPES = pytest.mark.parametrize("holds", [EVERYTHING, PLAYBOOK.id])


def begun(conn: Connection, holds: str = EVERYTHING) -> str:
    stop(conn, holds, "chen", "停电", NOW)
    return next(one.id for one in open_halts(conn).open if one.holds == holds)


@SCOPES
async def test_v2_no_call_is_placed_by_itself_until_it_goes_on(database: Database, holds: str) -> None:
    """The queue stays as it is: nothing is put off, no try is lost."""

    def work(conn: Connection) -> None:
        owed = add_follow_up(conn)
        add_ready_agent(conn)
        before = follow_up_of(conn, owed)
        halt_id = begun(conn, holds)
        assert reserve(conn, pairing(), NOW).orders == []
        assert follow_up_of(conn, owed) == before
        go_on(conn, halt_id, "wu", at(60))
        assert could_reserve(conn, pairing(), at(60))
        assert len(reserve(conn, pairing(), at(60)).orders) == 1

    await database.write(work)


async def test_v2_another_playbook_is_called_for_while_one_is_stopped(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_follow_up(conn)
        add_ready_agent(conn)
        begun(conn, "lost-customer")
        assert len(reserve(conn, pairing(), NOW).orders) == 1

    await database.write(work)


@SCOPES
async def test_v2_appointments_wait_and_hold_up_nobody(database: Database, holds: str) -> None:
    """D2: the minute passes; the supervisor's page shows each by its own alarm."""

    def work(conn: Connection) -> None:
        owed = add_follow_up(conn)
        conn.execute(update(follow_ups).values(appointment_at=at(5), due_at=NOW - timedelta(hours=1)))
        agent_id = add_ready_agent(conn)
        begun(conn, holds)
        for seconds in (0, 6):
            assert reserve(conn, pairing(), at(seconds)).orders == []
            assert held_for(conn, agent_id) is None
        assert follow_up_of(conn, owed).state is FollowUpState.WAITING

    await database.write(work)


@SCOPES
async def test_v2_what_lies_before_an_agent_is_not_called(database: Database, holds: str) -> None:
    """D2: he presses, is told why, and is ready again; the follow-up waits where it was."""

    def work(conn: Connection) -> None:
        owed = add_follow_up(conn)
        agent_id = add_ready_agent(conn)
        conn.execute(update(agent_table).values(preview=True))
        reserve(conn, pairing(), NOW)
        offer = held_for(conn, agent_id)
        assert offer is not None
        begun(conn, holds)
        service.press(conn, agent_id, offer.id, at(1))
        assert taken(conn, 1) == []
        after = offer_of(conn, offer.id)
        assert after is not None
        assert (after.state, after.reason) == (OfferState.REFUSED, "halted")
        assert session_of(conn, agent_id).state is AgentState.READY
        waits = follow_up_of(conn, owed)
        assert (waits.state, waits.due_at <= NOW) == (FollowUpState.WAITING, True)

    await database.write(work)


@SCOPES
async def test_v2_nothing_is_called_by_hand(database: Database, holds: str) -> None:
    def work(conn: Connection) -> None:
        owed = add_follow_up(conn)
        agent_id = add_ready_agent(conn)
        begun(conn, holds)
        with pytest.raises(NotNow) as refusal:
            manual.call_again(conn, pairing(), agent_id, owed, NOW)
        assert refusal.value.reason == "halted"
        if holds == EVERYTHING:
            with pytest.raises(NotNow) as refusal:
                manual.call_number(conn, pairing(), agent_id, "13900000009", NOW, branch="")
            assert refusal.value.reason == "halted"

    await database.write(work)


async def test_v2_the_commit_itself_refuses_whoever_wants_the_call(database: Database) -> None:
    def work(conn: Connection) -> None:
        owed = follow_up_of(conn, add_follow_up(conn))
        who = agent_row(conn, add_ready_agent(conn))
        assert who is not None
        begun(conn)
        with pytest.raises(Halted, match="chen has stopped all calls: 停电"):
            commit_to(conn, pairing(), who, owed, NOW)

    await database.write(work)


@SCOPES
async def test_v2_who_has_not_been_dialled_yet_is_not_dialled(database: Database, holds: str) -> None:
    """The go is refused, whoever asks for it; a go that was given stays given."""

    def work(conn: Connection) -> None:
        waiting = placed(conn)
        going = placed(conn, "13800000002", "8002")
        assert calling.grant_go(conn, going.id, RUN, at(1))
        begun(conn, holds)
        with pytest.raises(Halted):
            calling.grant_go(conn, waiting.id, RUN, at(2))
        assert attempt_of(conn, waiting.id).go_at is None
        # In doubt after its go: its customer may be dialled already, and it goes on.
        assert calling.doubt(conn, going.id, RUN, at(3)) is not None
        assert calling.grant_go(conn, going.id, RUN, at(4))

    await database.write(work)


async def test_v2_talks_go_on_and_who_rings_is_put_through(database: Database) -> None:
    """D9: a stop is of our calls."""

    def work(conn: Connection) -> None:
        talk = talking(conn)
        add_ready_agent(conn, "8002")
        begun(conn)
        ticket = rings(conn, "13700000001")
        order = inbound.put_through(conn, pairing(), ticket.id, NOW)
        assert order is not None
        assert calling.grant_go(conn, order.attempt_id, RUN, at(2))
        assert calls.count_in_flight(conn) == 2
        assert attempt_of(conn, talk.id).ended_at is None

    await database.write(work)


async def test_v2_who_stopped_it_and_why_is_kept_and_so_is_who_let_it_go_on(database: Database) -> None:
    def work(conn: Connection) -> None:
        with pytest.raises(NoReason):
            stop(conn, EVERYTHING, "chen", "  ", NOW)
        halt_id = begun(conn)
        stop(conn, EVERYTHING, "wu", "again", at(1))
        (halt,) = open_halts(conn).open
        assert (halt.by, halt.why, halt.at) == ("chen", "停电", NOW)
        go_on(conn, halt_id, "wu", at(9))
        go_on(conn, halt_id, "li", at(10))
        assert open_halts(conn).open == ()
        (past,) = past_halts(conn, 9)
        assert (past.by, past.why, past.lifted_by, past.lifted_at) == ("chen", "停电", "wu", at(9))
        told = [(row.kind, row.data["by"]) for row in feed.of_subject(conn, "everything")]
        assert told == [("halt.begun", "chen"), ("halt.lifted", "wu")]
        # It may be stopped again.
        begun(conn)

    await database.write(work)


async def test_v2_another_process_and_the_next_run_ask_the_same_row(
    store_url: str, database: Database
) -> None:
    """D8: stopped by one service, it is stopped for those that run beside it, and after a restart."""
    await database.write(lambda conn: (add_follow_up(conn), add_ready_agent(conn)))
    beside = Database(store_url)
    await beside.start()
    try:
        halt_id = await beside.write(begun)
        found = await database.write(lambda conn: reserve(conn, replace(pairing(), run_id=new_id()), NOW))
        assert found.orders == []
        assert not await database.read(lambda conn: could_reserve(conn, pairing(), NOW))
        await database.write(lambda conn: go_on(conn, halt_id, "wu", at(1)))
        assert await beside.read(lambda conn: could_reserve(conn, pairing(), at(1)))
    finally:
        await beside.stop()


async def test_v2_the_agent_is_told_why_no_call_comes(database: Database) -> None:
    """Promise 2: also where only what waits is stopped."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        status = EngineStatus(pairing(), link_up=True, settled=True)

        def why() -> IdleReason:
            return idle(conn, agent_id, status, form_saved=True, now=NOW).reason

        begun(conn, PLAYBOOK.id)
        assert why() is IdleReason.NOTHING_DUE
        add_follow_up(conn)
        assert why() is IdleReason.HALTED
        (halt,) = open_halts(conn).open
        go_on(conn, halt.id, "chen", NOW)
        assert why() is IdleReason.CALL_COMES
        begun(conn)
        assert why() is IdleReason.HALTED

    await database.write(work)
