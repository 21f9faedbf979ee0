"""The plan of a day is given to the people who are here, by itself (L6)."""

from sqlalchemy import Connection

from dialer.daily.worker import assign_news
from dialer.storage.database import Database
from dialer.storage.feed import emit
from tests.support.core import LIBRARY, NOW, SHANGHAI, add_follow_up, add_ready_agent, follow_up_of


async def test_l6_a_plan_that_was_made_is_assigned_once(database: Database) -> None:
    def plan(conn: Connection) -> tuple[list[str], set[str]]:
        agents = {add_ready_agent(conn, "8001"), add_ready_agent(conn, "8002")}
        owed = [add_follow_up(conn, f"1380000000{number}") for number in range(4)]
        emit(conn, "plan.made", "2026-11-22", NOW)
        return owed, agents

    owed, agents = await database.write(plan)
    assert await database.write(lambda conn: assign_news(conn, LIBRARY, SHANGHAI, NOW))
    owners = await database.read(lambda conn: [follow_up_of(conn, one).owner_id for one in owed])
    assert set(owners) == agents
    assert owners.count(owners[0]) == 2
    assert not await database.write(lambda conn: assign_news(conn, LIBRARY, SHANGHAI, NOW))
