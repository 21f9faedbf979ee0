"""PostgreSQL goes away: cut, or silent. Nobody waits for long, nothing is done twice, it goes on (D7, D8)."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from dialer.agents.states import AgentState
from dialer.calling.engine import Engine
from dialer.calling.fleet import Fleet
from dialer.calling.settings import CallingSettings, Mode
from dialer.nodes.rules import ALONE
from dialer.nodes.settings import LeaseSettings
from dialer.storage import dialects
from dialer.storage.away import DatabaseAway
from dialer.storage.database import Database
from dialer.storage.feed import after, emit
from dialer.telephony.fake import FakeTelephony
from tests.support.cable import Cable
from tests.support.core import LIBRARY, NOW, add_follow_up, add_ready_agent, session_of
from tests.support.logs import Logs
from tests.support.site import said, until
from tests.support.stores import MakeUrl, at_port, socket_of

_LEASE_SECONDS = 3.0


@pytest.fixture
def url(make_url: MakeUrl) -> str:
    """Only a server can go away."""
    return make_url("postgresql", True)


@pytest.fixture
async def cable(url: str) -> AsyncIterator[Cable]:
    async with Cable(socket_of(url)) as cable:
        yield cable


@pytest.fixture
async def database(url: str, cable: Cable, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Reached through the cable; a silent server is given up within a second."""
    monkeypatch.setattr(dialects, "_ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(dialects, "_CONNECT_SECONDS", 1.0)
    database = Database(at_port(url, cable.port))
    await database.start()
    yield database
    await cable.mend()
    await database.stop()


def note(conn: Connection, what: str = "noted") -> None:
    emit(conn, what, "one", NOW)


def noted(conn: Connection) -> list[str]:
    return [row.kind for row in after(conn, 0)]


async def test_a_server_that_was_started_anew_is_noticed_by_nobody(
    database: Database, cable: Cable, logs: Logs
) -> None:
    """Every idle connection is dead, and the first to take one is given another."""
    await asyncio.gather(*(database.read(noted) for _ in range(3)))
    await cable.cut()
    await cable.mend()
    await database.write(note)
    assert await database.read(noted) == ["noted"]
    assert logs == []


async def test_a_server_that_cannot_be_reached_is_told_of_once(
    database: Database, cable: Cable, logs: Logs
) -> None:
    """The loss and the return are two lines in the log, however many asked meanwhile."""
    await cable.cut()
    for _ in range(3):
        with pytest.raises(DatabaseAway, match="does not answer"):
            await database.write(note)
    await cable.mend()
    await database.write(note)
    assert [line["action"] for line in logs] == ["lose_database", "find_database"]
    assert said(logs, "talks in progress go on", "PostgreSQL")
    assert await database.read(noted) == ["noted"]


async def test_a_silent_server_is_waited_for_no_longer_than_an_answer_takes(
    database: Database, cable: Cable
) -> None:
    """A black hole: without a time-out every write would wait behind the first, for a quarter of an hour."""
    await asyncio.gather(*(database.read(noted) for _ in range(3)))
    cable.swallow()
    began = time.monotonic()
    for work in (database.write(note), database.read(noted)):
        with pytest.raises(DatabaseAway):
            await work
    # Twice: no answer, no good-bye; the second on a new connection.
    assert time.monotonic() - began < 8
    await cable.mend()
    await database.write(lambda conn: note(conn, "after"))
    assert await database.read(noted) == ["after"]


async def test_what_was_lost_in_its_commit_is_not_written_a_second_time(
    database: Database, cable: Cable
) -> None:
    """Whether it was kept is not known, so it is not run again: who wrote looks anew."""
    runs = 0

    def work(conn: Connection) -> None:
        nonlocal runs
        runs += 1
        note(conn)
        conn.exec_driver_sql("SELECT 1")
        # What is asked from here on, the event row and the commit, is on the way when the line falls silent.
        cable.swallow()

    with pytest.raises(DatabaseAway):
        await database.write(work)
    await cable.mend()
    await asyncio.sleep(0.2)
    assert runs == 1
    assert len(await database.read(noted)) <= 1


class Watched(FakeTelephony):
    """Remembers when its link was closed."""

    closed_at = 0.0

    async def stop(self) -> None:
        self.closed_at = self.closed_at or time.monotonic()
        await super().stop()


async def test_a_silent_server_costs_the_node_before_its_lease_is_over(
    database: Database, url: str, cable: Cable, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is closed in time though a call's end waits for the database; then all is as before (D8)."""
    monkeypatch.setattr(dialects, "_ANSWER_SECONDS", 6.0)
    direct = Database(url)
    await direct.start()
    began, links = time.monotonic(), list[Watched]()

    def clock() -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - began)

    def make(_: object) -> Engine:
        links.append(Watched(phones=["8001"], clock=clock, pace=0.1))
        settings = CallingSettings(mode=Mode.LIVE, keep_hours=False, page_lead_seconds=0)
        return Engine(database, links[-1], LIBRARY, settings, clock)

    fleet = Fleet(database, (ALONE,), make, leases=LeaseSettings(seconds=_LEASE_SECONDS), owner="one")
    agent_id = await direct.write(lambda conn: (add_follow_up(conn), add_ready_agent(conn))[1])

    async def talks() -> bool:
        return (await direct.read(lambda conn: session_of(conn, agent_id))).state is AgentState.TALKING

    running = asyncio.create_task(fleet.run())
    try:
        await until(talks, "a customer talks", 60)
        cable.swallow()
        silent_at = time.monotonic()
        (live,) = await links[0].live_calls()
        await links[0].hang_up(live.attempt_id)
        await until(lambda: _is_closed(links[0]), "the link is closed")
        assert links[0].closed_at - silent_at < _LEASE_SECONDS
        assert said(logs, "lost the node and closes its link")
        await cable.mend()
        await until(lambda: _goes_on(fleet, links), "the node is taken again")
    finally:
        running.cancel()
        await asyncio.wait([running])
        await asyncio.gather(*(link.crash() for link in links))
        await direct.stop()


async def _is_closed(link: Watched) -> bool:
    return link.closed_at > 0


async def _goes_on(fleet: Fleet, links: list[Watched]) -> bool:
    return len(links) > 1 and fleet.status.link_up and fleet.status.settled
