"""Leave, stand-ins, hand-over notes and owners on a real database (R9, R12)."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from dialer.agents.queries import all_agents
from dialer.assigning import queries
from dialer.assigning.service import (
    CannotAssign,
    add_leave,
    end_leave,
    present,
)
from dialer.cases.service import Bearing, make_task, open_case
from dialer.cases.states import TaskKind
from dialer.cases.tables import tasks
from dialer.customers.tables import customers
from dialer.daily.queries import hand_overs_of, open_items
from dialer.daily.service import BadHandOver, make_hand_over, sign
from dialer.storage.database import Database
from tests.support.assigned import DAY, agent_named, assign, owed, owner
from tests.support.core import (
    NOW,
    SHANGHAI,
    at,
    follow_up_of,
    talked,
)


async def test_r9_on_leave_the_stand_in_takes_the_list_over(database: Database) -> None:
    def work(conn: Connection) -> None:
        one, two, three = (agent_named(conn, code) for code in ("8001", "8002", "8003"))
        ids = [owed(conn, number, owner_id=one) for number in range(5)]
        required = owed(conn, 6, owner_id=one, bound=True)
        leave = add_leave(
            conn,
            agent_id=one,
            first_day=DAY,
            last_day=DAY + timedelta(days=2),
            stand_in_id=two,
            reason="annual",
            by="chen",
            now=NOW,
        )
        assign(conn)
        assert {owner(conn, each) for each in (*ids, required)} == {two}
        assert {queries.moves_of(conn, each)[-1].why for each in ids} == {"leave"}
        assert assign(conn).batch is None
        end_leave(conn, leave, "chen", NOW)
        assert {person.id for person in present(conn, DAY)} == {one, two, three}

    await database.write(work)


async def test_r9_a_hand_over_note_lists_all_and_moves_it_once_both_signed(database: Database) -> None:
    def work(conn: Connection) -> None:
        current = talked(conn, "13800000001", "8001")
        giver, taker = current.agent_id, agent_named(conn, "8002")
        later = owed(conn, 2, owner_id=giver)
        promised = owed(conn, 3, owner_id=giver, appointment_at=at(3600))
        bearing = Bearing(follow_up_of(conn, current.follow_up_id), current.id, giver, SHANGHAI)
        task = make_task(
            conn, bearing, kind=TaskKind.PROMISE, title="回电", owner=giver, effect="t", due_at=None, now=NOW
        )
        case = open_case(
            conn,
            bearing,
            title="投诉",
            level="ordinary",
            department="",
            said={},
            effect="c",
            due_at=None,
            now=NOW,
        )
        agent = {each.id: each for each in all_agents(conn)}
        assert {item.kind for item in open_items(conn, agent[giver])} == {
            "follow_up",
            "appointment",
            "task",
            "case",
        }
        note = make_hand_over(conn, from_id=giver, to_id=taker, note="钥匙在前台", by="chen", now=NOW)
        with pytest.raises(BadHandOver):
            sign(conn, note, taker, NOW)
        assert sign(conn, note, giver, at(1)).given_at == at(1)
        assert owner(conn, later) == giver, "not before both signed"
        signed = sign(conn, note, taker, at(2))
        assert signed.taken_at == at(2)
        assert {str(item["id"]) for item in signed.items} == {later, promised, task, case}
        assert {owner(conn, each) for each in (later, promised)} == {taker}
        assert conn.execute(select(tasks.c.owner)).scalars().all() == [taker]
        assert [item.id for item in open_items(conn, agent[taker]) if item.kind == "case"] == [case]
        assert open_items(conn, agent[giver]) == []
        assert [each.id for each in hand_overs_of(conn, taker)] == [note]

    await database.write(work)


async def test_r9_only_its_two_people_sign_a_note(database: Database) -> None:
    def work(conn: Connection) -> None:
        one, two, three = (agent_named(conn, code) for code in ("8001", "8002", "8003"))
        note = make_hand_over(conn, from_id=one, to_id=two, note="", by="chen", now=NOW)
        with pytest.raises(BadHandOver):
            sign(conn, note, three, NOW)
        with pytest.raises(BadHandOver):
            make_hand_over(conn, from_id=one, to_id=one, note="", by="chen", now=NOW)

    await database.write(work)


async def test_r12_the_customers_owner_calls_and_else_the_deputy(database: Database) -> None:
    def work(conn: Connection) -> None:
        keeper, deputy = agent_named(conn, "8001"), agent_named(conn, "8002")
        ids = [owed(conn, number) for number in range(3)]
        for each in ids:
            customer = follow_up_of(conn, each).customer_id
            values = {"owner": "8001", "deputy": "坐席8002"}
            conn.execute(update(customers).where(customers.c.id == customer).values(**values))
        assign(conn)
        assert {owner(conn, each) for each in ids} == {keeper}
        away = partial(add_leave, conn, agent_id=keeper, stand_in_id=None, reason="", by="chen", now=NOW)
        away(first_day=DAY, last_day=DAY)
        assign(conn)
        assert {owner(conn, each) for each in ids} == {deputy}

    await database.write(work)


async def test_r9_a_leave_cannot_end_before_it_begins(database: Database) -> None:
    def work(conn: Connection) -> None:
        one = agent_named(conn, "8001")
        enter = partial(add_leave, conn, agent_id=one, reason="", by="chen", now=NOW)
        with pytest.raises(CannotAssign):
            enter(first_day=DAY, last_day=date(2020, 1, 1), stand_in_id=None)
        with pytest.raises(CannotAssign):
            enter(first_day=DAY, last_day=DAY, stand_in_id=one)

    await database.write(work)
