"""Nodes shared by leases: one process has a node, and what a former one still wants is refused (D8, D7)."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, update

from dialer.calling import queries, service
from dialer.calling.committing import NodeLost, Pairing
from dialer.calling.reserving import reserve
from dialer.calling.tables import attempts
from dialer.nodes.queries import may_act, told
from dialer.nodes.rules import DEFAULT_NODE, Kept, Lease, Share, may_take
from dialer.nodes.service import give_back, renew, take
from dialer.storage.database import Database
from tests.support.core import NOW, RUN, add_follow_up, add_ready_agent, at, pairing, placed
from tests.support.site import until

ONE, TWO, THREE = "1" * 26, "2" * 26, "3" * 26
EAST = Share("east", True, ("80*",), ("west",), ("81*",))
WEST = Share("west", False, ("81*",), ("east",), ("80*",))


def taken(conn: Connection, run_id: str, *, node: str = "east", seconds: float = 60, **more: bool) -> bool:
    return take_it(conn, run_id, node, seconds, **more) is not None


def take_it(conn: Connection, run_id: str, node: str, seconds: float, home: bool = True) -> Lease | None:
    return take(conn, node, run_id=run_id, owner=f"host-{run_id[0]}", seconds=seconds, home=home)


async def test_one_has_a_node_until_its_time_is_over(database: Database) -> None:
    """D8: by the database's clock; every holder has a higher token."""
    first = await database.write(lambda conn: take_it(conn, ONE, "east", 0.6))
    assert first is not None
    assert not await database.write(lambda conn: taken(conn, TWO))
    assert await database.write(lambda conn: renew(conn, first, 0.6, {"link_up": True})) is Kept.WANTED

    async def look() -> Lease | None:
        return await database.write(lambda conn: take_it(conn, TWO, "east", 60))

    second = await until(look, "the lease runs out")
    assert second.token == first.token + 1
    assert await database.write(lambda conn: renew(conn, first, 60, {})) is Kept.LOST
    await database.write(lambda conn: give_back(conn, first))
    assert not await database.write(lambda conn: taken(conn, THREE))
    assert await database.write(lambda conn: renew(conn, second, 60, {})) is Kept.WANTED


async def test_an_installation_that_comes_back_has_its_node_at_once(database: Database) -> None:
    """Its own earlier run is dead: one service runs for an installation at a time."""
    assert await database.write(lambda conn: taken(conn, ONE))

    def again(conn: Connection) -> Lease | None:
        return take(conn, "east", run_id=TWO, owner="host-1", seconds=60, home=True)

    lease = await database.write(again)
    assert lease is not None
    assert lease.token == 2
    assert not await database.read(lambda conn: may_act(conn, "east", ONE))
    assert await database.read(lambda conn: may_act(conn, "east", TWO))


async def test_a_node_that_is_given_back_is_free_at_once(database: Database) -> None:
    lease = await database.write(lambda conn: take_it(conn, ONE, "east", 60))
    assert lease is not None
    await database.write(lambda conn: renew(conn, lease, 60, {"link_up": True}))
    assert (await database.read(told))["east"].said == {"link_up": True}
    await database.write(lambda conn: give_back(conn, lease))
    assert await database.write(lambda conn: taken(conn, TWO))


def test_who_is_not_at_home_waits_longer() -> None:
    lease = Lease("east", ONE, "host-1", 1, NOW)
    patience = timedelta(seconds=10)
    for seconds, home, stranger in ((-1, False, False), (0, True, False), (9, True, False), (10, True, True)):
        now = at(seconds)
        assert may_take(lease, "host-2", now, home=True, patience=patience) is home
        assert may_take(lease, "host-2", now, home=False, patience=patience) is stranger
        assert may_take(lease, "host-1", now, home=False, patience=patience)


async def test_two_processes_at_once_do_not_both_get_a_node(database: Database) -> None:
    got = await asyncio.gather(*(database.write(partial(taken, run_id=run)) for run in (ONE, TWO, THREE)))
    assert sorted(got) == [False, False, True]


# --- what a process that lost its node still wants ----------------------------------------------


async def test_without_the_lease_no_call_is_committed_to(database: Database) -> None:
    """D8: compared in the same transaction, not before it."""

    def work(conn: Connection) -> None:
        add_follow_up(conn)
        add_ready_agent(conn)
        assert taken(conn, TWO, node=DEFAULT_NODE)

    await database.write(work)
    with pytest.raises(NodeLost):
        await database.write(lambda conn: reserve(conn, pairing(), NOW))
    assert await database.read(queries.in_flight) == []
    assert await database.write(take_back)
    assert len((await database.write(lambda conn: reserve(conn, pairing(), NOW))).orders) == 1


def take_back(conn: Connection) -> bool:
    return take(conn, DEFAULT_NODE, run_id=RUN, owner="host-2", seconds=60, home=True) is not None


async def test_without_the_lease_no_go_is_granted_and_nothing_settled(database: Database) -> None:
    """D8: the agent waits at the gate, and the customer is not dialled by who lost the node."""
    current = await database.write(placed)
    assert await database.write(lambda conn: taken(conn, TWO, node=DEFAULT_NODE))
    assert not await database.write(lambda conn: service.grant_go(conn, current.id, RUN, at(5)))
    assert await database.write(lambda conn: service.doubt(conn, current.id, RUN, at(6))) is None
    doubted = await database.write(lambda conn: service.doubt(conn, current.id, TWO, at(6)))
    assert doubted is not None
    assert await database.write(lambda conn: service.grant_go(conn, current.id, TWO, at(7)))


# --- what belongs to a node ---------------------------------------------------------------------


def test_phones_and_calls_belong_to_one_node_each() -> None:
    for extension, east in (("8001", True), ("8101", False), ("9000", True)):
        assert EAST.has_phone(extension) is east
        assert WEST.has_phone(extension) is not east
    # What is of no node that is still configured is the first one's: somebody has to settle it.
    for node, east in (("east", True), ("west", False), (None, True), ("gone", True)):
        assert EAST.has_call(node) is east
        assert WEST.has_call(node) is not east


def at_node(share: Share) -> Pairing:
    known = pairing()
    return Pairing(known.settings, known.library, RUN, None, share=share)


async def test_each_node_pairs_its_agents_and_settles_its_calls(database: Database) -> None:
    def prepare(conn: Connection) -> None:
        for index, extension in enumerate(("8001", "8101")):
            add_ready_agent(conn, extension)
            add_follow_up(conn, f"1380000000{index}")

    await database.write(prepare)
    (east,) = (await database.write(lambda conn: reserve(conn, at_node(EAST), NOW))).orders
    assert east.agent_extension == "8001"
    (west,) = (await database.write(lambda conn: reserve(conn, at_node(WEST), NOW))).orders
    assert west.agent_extension == "8101"
    ids = [east.attempt_id, west.attempt_id]
    for share, mine in ((EAST, east), (WEST, west)):
        flying = await database.read(partial(queries.in_flight, share=share))
        late = partial(queries.overdue, share=share, placed_before=at(1), go_before=at(1))
        ours = partial(queries.at_node, attempt_ids=ids, share=share)
        assert [row.id for row in flying] == [mine.attempt_id]
        assert await database.read(late) == await database.read(ours) == [mine.attempt_id]
    await database.write(lambda conn: conn.execute(update(attempts).values(node="taken away")))
    assert len(await database.read(lambda conn: queries.in_flight(conn, EAST))) == 2
