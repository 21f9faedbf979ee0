"""Pairing keeps to assignments, caller rules and appointments, on both databases (L6, L7)."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, update

from dialer.agents import service as agents
from dialer.agents.states import PauseReason
from dialer.calling.reserving import reserve
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from tests.support.core import LIBRARY, NOW, PLAYBOOK, add_follow_up, add_ready_agent, pairing


def give(conn: Connection, follow_up_id: str, **values: object) -> None:
    conn.execute(update(follow_ups).where(follow_ups.c.id == follow_up_id).values(**values))


async def paired(database: Database) -> list[tuple[str, str]]:
    orders = await database.write(lambda conn: reserve(conn, pairing(), NOW).orders)
    return sorted((order.agent_extension, order.customer_number[-1]) for order in orders)


async def test_l6_many_that_wait_for_another_agent_are_not_in_the_way(database: Database) -> None:
    """Ten urgent ones of an agent who talks; the ready one still gets his own."""

    def work(conn: Connection) -> None:
        add_ready_agent(conn, "8001")
        busy = add_ready_agent(conn, "8002")
        agents.pause(conn, busy, PauseReason.OTHER, NOW)
        for number in range(10):
            give(conn, add_follow_up(conn, f"1380000010{number}"), owner_id=busy)
        late = add_follow_up(conn, "13800000007")
        give(conn, late, limit_at=NOW + timedelta(days=9))

    await database.write(work)
    assert await paired(database) == [("8001", "7")]


async def test_l6_the_list_of_who_went_home_is_called_by_others(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_ready_agent(conn, "8001")
        gone = add_ready_agent(conn, "8002")
        give(conn, add_follow_up(conn, "13800000003"), owner_id=gone)
        agents.sign_out(conn, gone, NOW)

    await database.write(work)
    assert await paired(database) == [("8001", "3")]


async def test_l6_a_required_caller_is_waited_for(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_ready_agent(conn, "8001")
        gone = add_ready_agent(conn, "8002")
        give(conn, add_follow_up(conn, "13800000003"), owner_id=gone, bound=True)
        agents.sign_out(conn, gone, NOW)

    await database.write(work)
    assert await paired(database) == []


async def test_l7_an_appointment_is_kept_by_the_same_agent_then_by_a_stand_in(database: Database) -> None:
    def work(conn: Connection) -> str:
        add_ready_agent(conn, "8001")
        busy = add_ready_agent(conn, "8002")
        agents.pause(conn, busy, PauseReason.OTHER, NOW)
        owed = add_follow_up(conn, "13800000003")
        give(conn, owed, owner_id=busy, appointment_at=NOW - timedelta(minutes=4))
        return owed

    owed = await database.write(work)
    assert await paired(database) == []
    await database.write(lambda conn: give(conn, owed, appointment_at=NOW - timedelta(minutes=5)))
    assert await paired(database) == [("8001", "3")]


async def test_l6_who_served_the_customer_is_passed_over(database: Database) -> None:
    def work(conn: Connection) -> None:
        served = add_ready_agent(conn, "8001", since=NOW - timedelta(minutes=1))
        add_ready_agent(conn, "8002")
        give(conn, add_follow_up(conn, "13800000003"), barred=[served])

    await database.write(work)
    assert await paired(database) == [("8002", "3")]


async def test_r12_a_playbook_calls_through_its_named_callers_only(database: Database) -> None:
    """R12: those who are not named get other calls, however many of the named ones' are more urgent."""
    named = PLAYBOOK.model_copy(update={"callers": ("A8002",)})
    how = replace(pairing(), library=LIBRARY.having(named))
    other = LIBRARY.get("maintenance-reminder")

    def work(conn: Connection) -> None:
        add_ready_agent(conn, "8001")
        for number in range(10):
            # Looked at whatever the playbook's hours are: a customer's own time.
            give(conn, add_follow_up(conn, f"1380000010{number}"), appointment_at=NOW)
        late = add_follow_up(conn, "13800000007")
        give(conn, late, playbook=other.id, hours=other.id, limit_at=NOW + timedelta(days=9))

    await database.write(work)
    (order,) = await database.write(lambda conn: reserve(conn, how, NOW).orders)
    assert (order.agent_extension, order.customer_number[-1]) == ("8001", "7")
    await database.write(lambda conn: add_ready_agent(conn, "8002"))
    (order,) = await database.write(lambda conn: reserve(conn, how, NOW).orders)
    assert (order.agent_extension, order.customer_number[:10]) == ("8002", "1380000010")
