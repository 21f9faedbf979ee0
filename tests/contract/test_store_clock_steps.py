"""The clock of the machine is set while agents work: nobody is kept for it, no other work waits (D5, D7)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection

from dialer.agents.states import AgentState
from dialer.calling import service
from dialer.calling.modes import service as modes
from dialer.calling.modes.states import OfferState
from dialer.calling.ticking import tick
from dialer.clock import Steps
from dialer.followups.rules import RETRY
from dialer.followups.states import FollowUpState
from dialer.forms.sweeping import sweep
from dialer.storage.database import Database
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import (
    BUSY,
    LIBRARY,
    NOW,
    PLAYBOOK,
    at,
    follow_up_of,
    placed,
    save_result,
    session_of,
    talked,
)
from tests.support.offers import previewing, shown, state_of, taken

WRAP_UP_OVER = at(80 + PLAYBOOK.wrap_up_seconds)


async def test_d2_d5_a_clock_that_is_put_back_keeps_nobody_before_an_offer(database: Database) -> None:
    """Laid an hour ahead by mistake; another machine's clock that is a little behind ends nothing."""

    def work(conn: Connection) -> None:
        how = previewing(preview_seconds=30, preview_then="release")
        _, offer = shown(conn, how)
        assert taken(conn, -5, how) == [] and state_of(conn, offer) is OfferState.OPEN
        assert taken(conn, -3600, how) == [] and state_of(conn, offer) is OfferState.EXPIRED
        assert follow_up_of(conn, offer.follow_up_id).state is FollowUpState.WAITING

    await database.write(work)


async def test_d2_d5_a_pressed_call_that_nobody_can_take_ends_by_a_clock_put_back_too(
    database: Database,
) -> None:
    def work(conn: Connection) -> None:
        agent_id, offer = shown(conn)
        modes.press(conn, agent_id, offer.id, at(3))
        nowhere = replace(previewing(), reachable=frozenset())
        assert taken(conn, 2, nowhere) == [] and state_of(conn, offer) is OfferState.PRESSED
        assert taken(conn, -3600, nowhere) == [] and state_of(conn, offer) is OfferState.REFUSED
        assert session_of(conn, agent_id).state is AgentState.READY

    await database.write(work)


async def test_d5_a_clock_put_back_keeps_nobody_in_the_wrap_up(database: Database) -> None:
    """It was an hour ahead when the wrap-up went on; the form is saved after it was set right."""
    call = await database.write(talked)
    hour = timedelta(hours=1)
    await sweep(database, WRAP_UP_OVER + hour)
    agent_now = partial(session_of, agent_id=call.agent_id)
    assert (await database.read(agent_now)).wrap_extended == 30
    right = WRAP_UP_OVER + timedelta(seconds=5)
    await sweep(database, right)
    shown = (await database.read(agent_now)).wrap_until
    assert shown == right + timedelta(seconds=30), "what the agent sees is true again"
    await database.write(lambda conn: save_result(conn, call.agent_id, call.id))
    await sweep(database, right + timedelta(seconds=1))
    assert (await database.read(agent_now)).state is AgentState.READY


def test_a_stepped_clock_is_found_by_one_that_is_not() -> None:
    steps = Steps()
    assert steps.since_last(NOW, 100.0) == 0.0
    assert steps.since_last(at(5), 105.0) == pytest.approx(0.0, abs=1e-3)
    assert steps.since_last(at(3610), 110.0) == pytest.approx(3600.0)
    assert steps.since_last(at(11), 111.0) == pytest.approx(-3600.0)
    assert steps.since_last(at(12), 112.0) == pytest.approx(0.0, abs=1e-3)


async def test_what_each_second_brings_waits_for_nothing_else() -> None:
    """D5: one that hangs, as one that fails, holds up no other."""
    done: list[str] = []
    enough = asyncio.Event()

    async def hangs(_now: datetime) -> None:
        await asyncio.Event().wait()

    async def fails(_now: datetime) -> None:
        done.append("failed")
        raise OSError("no database")

    async def works(_now: datetime) -> None:
        done.append("worked")
        if done.count("worked") > 2:
            enough.set()

    ticking = asyncio.create_task(tick((hangs, fails, works), lambda: NOW))
    async with asyncio.timeout(10):
        await enough.wait()
    ticking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ticking
    assert done.count("failed") > 1


@pytest.mark.parametrize(
    ("now", "ended", "since"),
    [
        pytest.param(90, 30, 90, id="by a right clock from now on"),
        pytest.param(-3600, 30, 30, id="from the end that the log has"),
        pytest.param(-3600, None, 0, id="from when it was placed, at least"),
    ],
)
async def test_l7_a_clock_put_back_during_a_call_does_not_shorten_the_wait(
    database: Database, now: int, ended: int | None, since: int
) -> None:
    """By a clock that is an hour behind for a moment he would be called again at once."""

    def work(conn: Connection) -> datetime:
        call = placed(conn)
        ended_at = None if ended is None else at(ended)
        service.end(conn, call.id, BUSY, LIBRARY, at(now), ended_at=ended_at)
        return follow_up_of(conn, call.follow_up_id).due_at

    assert await database.write(work) == at(since) + RETRY[DialOutcome.BUSY].after
