"""No telephone is rung by two agents at once, whatever door the call came through (D7, D9, D2, D6)."""

import pytest
from sqlalchemy import Connection, func, select, update

from dialer.agents import service as agents
from dialer.agents.queries import agent as agent_row
from dialer.agents.states import AgentState, PauseReason
from dialer.calling import queries
from dialer.calling import service as calling
from dialer.calling.committing import commit_to
from dialer.calling.crossing import give_way
from dialer.calling.engaged import BEING_CALLED, IN_DOUBT, Engaged, engaged
from dialer.calling.inbound import service as inbound
from dialer.calling.incall import outside
from dialer.calling.incall import service as in_call
from dialer.calling.incall.rules import Actor, Refusal
from dialer.calling.incall.states import Step
from dialer.calling.modes import manual
from dialer.calling.modes.manual import NotNow
from dialer.calling.modes.queries import offer_of
from dialer.calling.reserving import reserve
from dialer.calling.service import EndRules
from dialer.calling.settings import Outside
from dialer.calling.states import CallMode
from dialer.calling.tables import attempts
from dialer.customers.contacts import ContactKind
from dialer.customers.tables import contacts
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.support.core import (
    ANSWERED,
    BRANCH,
    BUSY,
    LIBRARY,
    NOW,
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

NUMBER, OTHER = "13800000001", "13800000002"


def refusal(conn: Connection, agent_id: str, number: str, zone: str = "Asia/Shanghai") -> str:
    with pytest.raises(NotNow) as refused:
        manual.call_number(conn, pairing(time_zone=zone), agent_id, number, at(30), branch=BRANCH)
    return refused.value.reason


async def test_two_customers_with_one_number_are_called_one_after_the_other(database: Database) -> None:
    """D7: the second is put off while the first talk goes on, and called after it."""

    def work(conn: Connection) -> None:
        for extension, name in (("8001", "李一"), ("8002", "王二")):
            add_ready_agent(conn, extension)
            add_follow_up(conn, NUMBER, name=name)
        (order,) = reserve(conn, pairing(), NOW).orders
        assert reserve(conn, pairing(), at(1)).orders == []
        (second,) = conn.execute(
            select(follow_ups.c.id).where(follow_ups.c.state == FollowUpState.WAITING)
        ).scalars()
        told = [dict(row.data) for row in of_subject(conn, second) if row.kind == "follow_up.put_off"]
        assert [one["why"] for one in told] == [BEING_CALLED]
        assert reserve(conn, pairing(), at(70)).orders == [], "still on the line"
        calling.end(conn, order.attempt_id, BUSY, LIBRARY, at(75))
        (again,) = reserve(conn, pairing(), at(131)).orders
        assert attempt_of(conn, again.attempt_id).follow_up_id == second

    await database.write(work)


async def test_a_number_on_the_line_is_not_called_by_hand(database: Database) -> None:
    """D2: nor the customer at another of his numbers, nor while an earlier call is in doubt."""

    def work(conn: Connection) -> None:
        call = talking(conn, NUMBER)
        own = follow_up_of(conn, call.follow_up_id).customer_id
        conn.execute(update(follow_ups).where(follow_ups.c.customer_id == own).values(number=OTHER))
        another = add_ready_agent(conn, "8002")
        assert refusal(conn, another, NUMBER) == BEING_CALLED
        # At night, where no hours are kept, these are no reason.
        assert refusal(conn, another, NUMBER, "Europe/London") == BEING_CALLED
        calling.doubt(conn, call.id, RUN, at(25))
        assert refusal(conn, another, NUMBER) == IN_DOUBT
        add_follow_up(conn, OTHER, name="李0001", numbers=(NUMBER, OTHER))
        with pytest.raises(NotNow, match=IN_DOUBT):
            manual.call_number(conn, pairing(), another, OTHER, at(30), branch=BRANCH)
        assert session_of(conn, another).state is AgentState.READY

    await database.write(work)


async def test_who_is_called_meanwhile_is_not_called_from_the_page(database: Database) -> None:
    """D2: the offer lay there before; its agent is told, and is free again."""

    def work(conn: Connection) -> None:
        slow = add_ready_agent(conn, "8002")
        offer_id = manual.call_number(conn, pairing(), slow, NUMBER, NOW, branch=BRANCH)
        placed(conn, NUMBER, "8001")
        assert taken(conn, 1) == []
        offer = offer_of(conn, offer_id)
        assert offer is not None and (offer.state, offer.reason) == ("refused", BEING_CALLED)
        assert session_of(conn, slow).state is AgentState.READY

    await database.write(work)


@pytest.mark.parametrize("shared", ["number", "customer_id"])
async def test_the_statement_that_commits_decides(database: Database, shared: str) -> None:
    """D7: whoever did not ask before is refused there, and has changed nothing."""

    def work(conn: Connection) -> None:
        call = placed(conn)
        agent_id, owed = add_ready_agent(conn, "8002"), add_follow_up(conn, OTHER)
        first = follow_up_of(conn, call.follow_up_id)
        same = {shared: getattr(first, shared)}
        conn.execute(update(follow_ups).where(follow_ups.c.id == owed).values(**same))
        who = agent_row(conn, agent_id)
        assert who is not None
        with pytest.raises(Engaged):
            commit_to(conn, pairing(), who, follow_up_of(conn, owed), at(1))
        assert conn.execute(select(func.count()).select_from(attempts)).scalar() == 1
        assert follow_up_of(conn, owed).state is FollowUpState.WAITING
        calling.end(conn, call.id, BUSY, LIBRARY, at(20))
        assert commit_to(conn, pairing(), who, follow_up_of(conn, owed), at(21))

    await database.write(work)


async def test_a_phone_outside_that_was_asked_in_is_not_called(database: Database) -> None:
    """D6: and a customer who is being called is not asked into another call."""

    def work(conn: Connection) -> None:
        call = talking(conn, NUMBER)
        by = Actor(call.agent_id, call.agent_id)
        how = pairing(outside_parties=Outside.AGENTS)
        asked = in_call.invite(conn, call.id, Step.THIRD, by, "", at(30), number=OTHER, trunk=None)
        another = add_ready_agent(conn, "8002")
        assert refusal(conn, another, OTHER) == BEING_CALLED
        in_call.party_ended(conn, asked.id, at(40))
        assert outside.refusal_of(conn, how, call, OTHER, by) is None
        agents.pause(conn, another, PauseReason.MEETING, at(40))
        placed(conn, OTHER, "8003")
        assert outside.refusal_of(conn, how, call, OTHER, by) is Refusal.ENGAGED
        with pytest.raises(Engaged):
            outside.take_line(conn, how, call.id, OTHER, at(41))

    await database.write(work)


async def test_d9_our_call_gives_way_to_the_customer_who_rings(database: Database) -> None:
    """Its agent, who has his page open, talks to him about it: nobody else, and no try is counted."""

    def work(conn: Connection) -> None:
        call = placed(conn)
        add_ready_agent(conn, "8002", since=at(-500))
        calling.note_agent_ringing(conn, call.id, at(1))
        ticket = rings(conn)
        ours = give_way(conn, pairing(), ticket.id, at(2), site=EndRules())
        assert ours is not None and ours.id == call.id
        order = inbound.put_through(conn, pairing(), ticket.id, at(2), wanted=ours.agent_id)
        assert order is not None
        new, old = attempt_of(conn, order.attempt_id), attempt_of(conn, call.id)
        assert (new.agent_id, new.follow_up_id) == (call.agent_id, call.follow_up_id)
        assert not calling.grant_go(conn, old.id, RUN, at(3)), "he is not dialled"
        assert not old.counted and follow_up_of(conn, old.follow_up_id).tries == {}
        assert calling.grant_go(conn, new.id, RUN, at(4))
        calling.note_answered(conn, new.id, at(4))
        calling.end(conn, new.id, ANSWERED, LIBRARY, at(60))
        kinds = conn.execute(select(contacts.c.kind)).scalars().all()
        assert kinds == [ContactKind.TALK]

    await database.write(work)


async def test_d9_whose_phone_is_being_dialled_waits_until_that_is_over(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = placed(conn)
        assert calling.grant_go(conn, call.id, RUN, at(3))
        ticket = rings(conn)
        ours = give_way(conn, pairing(), ticket.id, at(4), site=EndRules())
        assert ours is not None and ours.go_at is not None
        assert attempt_of(conn, call.id).ended_at is None
        calling.note_answered(conn, call.id, at(9))
        # Somebody else rings from the switchboard where we talk with one: he is put through.
        assert give_way(conn, pairing(), ticket.id, at(10), site=EndRules()) is None

    await database.write(work)


async def test_d9_who_is_on_the_line_is_not_dialled_by_a_call_that_did_not_give_way(
    database: Database,
) -> None:
    """D8: of another node, which learns of it at its go."""

    def work(conn: Connection) -> None:
        call = placed(conn)
        add_ready_agent(conn, "8002")
        assert inbound.put_through(conn, pairing(), rings(conn).id, at(2))
        with pytest.raises(Engaged):
            calling.grant_go(conn, call.id, RUN, at(3))
        assert attempt_of(conn, call.id).go_at is None

    await database.write(work)


async def test_d9_several_may_ring_from_one_number_and_none_of_them_is_dialled(database: Database) -> None:
    """A company's switchboard shows one number for all."""

    def work(conn: Connection) -> None:
        for number in range(3):
            add_ready_agent(conn, f"800{number}")
        for number in range(2):
            assert inbound.put_through(conn, pairing(), rings(conn, call_id=f"1763.{number}").id, at(1))
        assert len(queries.in_flight(conn)) == 2
        add_follow_up(conn, NUMBER, name="另一位")
        assert reserve(conn, pairing(), at(2)).orders == []
        assert engaged(conn, [NUMBER, OTHER]) == {NUMBER: BEING_CALLED}
        modes = conn.execute(select(attempts.c.mode).distinct()).scalars().all()
        assert modes == [CallMode.INBOUND]

    await database.write(work)
