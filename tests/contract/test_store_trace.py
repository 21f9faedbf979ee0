"""The story of calls that were more than one dial and one talk (O1)."""

from dataclasses import replace

from sqlalchemy import Connection, update

from dialer.agents.states import AgentState
from dialer.agents.tables import agents
from dialer.app.trace.queries import Facts, gather
from dialer.app.trace.story import Step, tell
from dialer.calling import service as calling
from dialer.calling.inbound import service as inbound
from dialer.calling.incall import queries as in_call
from dialer.calling.incall.states import Step as Taken
from dialer.calling.modes import service
from dialer.calling.modes.queries import held_for
from dialer.calling.reserving import reserve
from dialer.storage.database import Database
from dialer.telephony.outcomes import DialOutcome
from tests.contract.test_store_incall import HELPER_PHONE, running
from tests.support.core import ANSWERED, LIBRARY, NOW, RUN, add_follow_up, add_ready_agent, at, pairing, rings
from tests.support.offers import taken


async def story_of(database: Database, attempt_id: str) -> tuple[Facts, list[Step]]:
    facts = await database.read(lambda conn: gather(conn, attempt_id))
    steps = list(tell(facts, []).steps)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    return facts, steps


def texts(steps: list[Step], source: str) -> list[str]:
    return [step.text for step in steps if step.source == source]


async def test_o1_who_was_asked_in_and_who_talked_when(database: Database) -> None:
    """D6: the phones that were asked in, the turns at the customer, and what became of the helper."""
    async with running(database) as site:
        await site.act(Taken.TRANSFER, site.own, extension=HELPER_PHONE)
        await site.state(site.agent, AgentState.WRAP_UP)
        site.fake.customer_hangs_up(site.attempt)
        await site.ended()
        await site.state(site.helper, AgentState.PAUSED)
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        facts, steps = await story_of(database, site.attempt)
    assert texts(steps, "party") == [
        "A further phone was asked into the call.",
        "The further phone answered.",
        "The further phone is out of the call.",
    ]
    (asked,) = [step for step in steps if step.text.startswith("A further phone was asked")]
    assert (asked.more["extension"], asked.more["purpose"]) == (HELPER_PHONE, "transfer")
    turns = texts(steps, "speaker")
    assert turns.count("{who} talks with the customer from here on.") == 2
    assert turns.count("{who} talked with the customer until here.") == 2
    helpers = [step for step in steps if step.source == "agent" and step.more["extension"] == HELPER_PHONE]
    states = {step.more["state"] for step in helpers}
    assert {AgentState.RESERVED, AgentState.TALKING} <= states
    assert facts.channels == {one["id"] for one in facts.parties}


async def test_o1_what_was_looked_at_before_the_call(database: Database) -> None:
    """D2: when it was laid before the agent, and when he wanted the call."""

    def work(conn: Connection) -> str:
        add_follow_up(conn)
        agent_id = add_ready_agent(conn)
        conn.execute(update(agents).values(preview=True))
        reserve(conn, pairing(), NOW)
        offer = held_for(conn, agent_id)
        assert offer is not None
        service.press(conn, agent_id, offer.id, at(6))
        ((order, _),) = taken(conn, 6)
        return order.attempt_id

    facts, steps = await story_of(database, await database.write(work))
    assert [one["mode"] for one in facts.offers] == ["preview"]
    told = [step.text for step in steps]
    laid = told.index("It was laid before the agent.")
    assert laid < told.index("The agent pressed Call, or its time had come.")
    assert laid < told.index("The attempt was committed: the agent's phone may ring.")


async def test_o1_the_customer_rang_himself(database: Database) -> None:
    """D9, X1: from his ringing to what he wanted; his number is masked wherever it stands."""
    number = "13700000001"

    def work(conn: Connection) -> tuple[str, str]:
        first, _ = add_ready_agent(conn), add_ready_agent(conn, "8002")
        ticket = rings(conn, number, "huifang-17.4")
        orders = []
        for second in (1, 9):
            order = inbound.put_through(conn, pairing(), ticket.id, at(second))
            assert order is not None
            orders.append(order.attempt_id)
            if second == 1:  # his phone rings in vain
                ending = replace(ANSWERED, outcome=DialOutcome.AGENT_UNAVAILABLE, dialled=False)
                calling.end(conn, order.attempt_id, ending, LIBRARY, at(8))
        assert calling.grant_go(conn, orders[1], RUN, at(10))
        calling.note_answered(conn, orders[1], at(11))
        calling.end(conn, orders[1], ANSWERED, LIBRARY, at(60))
        assert first
        return orders[0], orders[1]

    missed, talked = await database.write(work)
    facts, steps = await story_of(database, talked)
    told = [step.text for step in steps]
    assert told.index("The customer rang.") < told.index("The customer who rang was put through.")
    assert facts.channels == {"huifang-17.4"}
    assert number not in str(steps)
    facts, steps = await story_of(database, missed)
    assert "The customer rang." in [step.text for step in steps], "by which attempt he was put through or not"
