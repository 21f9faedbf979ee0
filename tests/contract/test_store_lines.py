"""What holds a line of a trunk, on both databases (D4)."""

from collections.abc import Mapping

from sqlalchemy import Connection

from dialer.calling import service
from dialer.calling.committing import Pairing
from dialer.calling.inbound import service as inbound
from dialer.calling.inbound.states import Missed
from dialer.calling.lines import carried
from dialer.calling.reserving import reserve
from dialer.calling.settling import Decision, Settlement
from dialer.storage.database import Database
from tests.support.core import ANSWERED, LIBRARY, NOW, RUN, add_follow_up, add_ready_agent, at, pairing, rings


def with_trunks(*trunks: Mapping[str, object]) -> Pairing:
    return pairing(trunks=trunks)


def prepare(conn: Connection, many: int) -> None:
    """So many agents who wait, and so many customers to call."""
    for index in range(many):
        add_ready_agent(conn, f"80{index:02d}")
        add_follow_up(conn, f"1380000000{index}")


async def test_d4_a_call_in_doubt_that_is_not_alive_holds_no_line(database: Database) -> None:
    """While its end is not known for hours, the trunk's only channel is free for others."""
    paired = with_trunks({"name": "fxo", "channels": 1})
    hole = Decision(Settlement.KEEP_UNKNOWN, "the log has a hole")

    def work(conn: Connection) -> None:
        prepare(conn, 2)
        (order,) = reserve(conn, paired, NOW).orders
        assert service.grant_go(conn, order.attempt_id, RUN, at(1))
        doubted = service.doubt(conn, order.attempt_id, RUN, at(2))
        assert doubted is not None
        assert reserve(conn, paired, at(3)).orders == []
        service.keep_unknown(conn, doubted, hole, at(4), gone=False)
        assert reserve(conn, paired, at(5)).orders == [], "it may be alive"
        service.keep_unknown(conn, doubted, hole, at(6))
        assert carried(conn) == {}
        assert len(reserve(conn, paired, at(7)).orders) == 1
        # Found alive all the same, it counts again.
        service.note_answered(conn, order.attempt_id, at(8))
        assert carried(conn) == {"fxo": 2}
        again = service.doubt(conn, order.attempt_id, RUN, at(9))
        assert again is not None
        assert again.absent_at is None
        assert carried(conn) == {"fxo": 2}

    await database.write(work)


async def test_d4_d9_a_customer_who_rings_holds_a_line_of_his_trunk(database: Database) -> None:
    """From his ringing to the end of his talk, and once, however it goes on with him."""
    paired = with_trunks({"name": "gateway", "channels": 2})

    def work(conn: Connection) -> None:
        prepare(conn, 4)
        waits, leaves = (rings(conn, "", call_id, "gateway").id for call_id in ("1.1", "1.2"))
        rings(conn, "", "1.3")
        assert carried(conn) == {"gateway": 2, None: 1}
        assert reserve(conn, paired, at(1)).orders == []
        inbound.miss(conn, paired, leaves, Missed.LEFT, at(2))
        order = inbound.put_through(conn, paired, waits, at(3))
        assert order is not None
        assert carried(conn)["gateway"] == 1
        assert service.grant_go(conn, order.attempt_id, RUN, at(4))
        service.note_answered(conn, order.attempt_id, at(5))
        assert carried(conn)["gateway"] == 1
        assert len(reserve(conn, paired, at(6)).orders) == 1
        service.end(conn, order.attempt_id, ANSWERED, LIBRARY, at(60))
        assert carried(conn)["gateway"] == 1, "the one that was placed"

    await database.write(work)
