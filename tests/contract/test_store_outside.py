"""Phones outside in a call, and private talks, from the step to the rows (D6, D4, D7, D10, X3)."""

import asyncio

import pytest
from sqlalchemy import Connection

from dialer.agents.states import AgentState
from dialer.calling.incall import queries as in_call
from dialer.calling.incall.rules import Refusal
from dialer.calling.incall.states import PartyState, Step
from dialer.calling.incall.steps import StepRefused
from dialer.calling.lines import carried
from dialer.calling.settings import CallingSettings, Mode, Outside
from dialer.customers.blocks import block
from dialer.followups.queries import follow_up
from dialer.storage.database import Database
from dialer.telephony.fates import AgentFate, CustomerDoes, CustomerFate
from dialer.telephony.incall import PartyMode
from dialer.trunks.settings import NumberFormat, TrunkSettings
from qa.checks.queries import speakers_of
from tests.contract.test_store_incall import (
    CHIEF,
    CHIEF_PHONE,
    HELPER_PHONE,
    NUMBER,
    SETTINGS,
    Site,
    running,
)
from tests.support.core import add_follow_up

TYPED, WORKSHOP = "0371-6666 8888", "037166668888"
ONE_TRUNK = TrunkSettings(name="city", channels=2, format=NumberFormat.E164, prefix="9", caller_id="4008")


def with_trunk(**values: object) -> CallingSettings:
    trunk = ONE_TRUNK.model_copy(update=values)
    return SETTINGS.model_copy(update={"trunks": (trunk,)})


async def private(site: Site, *, extension: str = HELPER_PHONE) -> str:
    """The agent talks in private with a colleague; the party's id."""
    await site.act(Step.CONSULT, site.own, extension=extension)
    asked = await site.party(state=PartyState.UP, mode=PartyMode.CONSULT)
    await site.until(lambda conn: in_call.turns(conn, site.attempt)[0].ended_at is not None)
    return asked.id


async def held(site: Site) -> bool:
    row = await site.database.read(lambda conn: in_call.in_call(conn, site.attempt))
    return row is not None and row.held


async def back(site: Site) -> None:
    """The agent is with the customer again, who hears him."""
    await site.until(
        lambda conn: (
            (row := in_call.in_call(conn, site.attempt)) is not None
            and not row.held
            and [one.party_id for one in in_call.turns(conn, site.attempt) if one.ended_at is None] == [None]
        )
    )


async def test_a_phone_outside_comes_goes_and_is_hung_up_with_the_customer(database: Database) -> None:
    """D6: dialled as the trunk wants it; its leaving ends nothing; with the customer all are gone."""
    async with running(database, with_trunk()) as site:
        site.fake.customers["9+8637166668888"] = CustomerFate(after=0.0)
        await site.act(Step.THIRD, site.own, number=TYPED)
        third = await site.party(state=PartyState.UP)
        assert (third.number, third.trunk, third.extension, third.agent_id) == (WORKSHOP, "city", "", None)
        (order,) = [one.order for one in site.fake._party.values()]
        assert (order.number, order.caller_id, order.ring_seconds) == ("9+8637166668888", "4008", 45)
        await site.until(lambda conn: len(in_call.turns(conn, site.attempt)) == 2)
        assert await database.read(carried) == {"city": 2}
        with pytest.raises(StepRefused) as caught:
            await site.act(Step.THIRD, site.own, number="10086")
        assert (caught.value.why, caught.value.detail) == (Refusal.NO_LINE, "full")
        site.fake.party_hangs_up(third.id)
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        await site.state(site.agent, AgentState.TALKING)
        assert await database.read(carried) == {"city": 1}
        await site.act(Step.THIRD, site.own, number=TYPED)
        await site.party(state=PartyState.UP)
        site.fake.customer_hangs_up(site.attempt)
        await site.ended()
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        assert await site.fake.live_parties() == () and await site.fake.live_calls() == ()
        assert not any(WORKSHOP in str(data) for _, data in await site.events())
        steps = [kind for kind, data in await site.events() if data.get("by") == site.agent]
        assert steps == ["call.third", "call.refused", "call.third"]


async def test_the_gates_of_every_outgoing_call_hold(database: Database) -> None:
    """D6, D10, X3: each refusal is a row that says why, and nobody is rung."""
    async with running(database) as site:

        async def asks(number: str, why: Refusal) -> None:
            await site.refused(Step.THIRD, site.own, why, number=number)

        await asks("extension 12", Refusal.BAD_NUMBER)
        await asks(NUMBER, Refusal.OWN_NUMBER)

        def bar(conn: Connection) -> None:
            owed = follow_up(conn, add_follow_up(conn, "13900000009"))
            assert owed is not None
            block(conn, owed.customer_id, "chief", "asked", site.clock())

        await database.write(bar)
        await asks("139 0000 0009", Refusal.DO_NOT_CALL)
        for outside_parties, by, why in (
            (Outside.NOBODY, site.own, Refusal.NOT_OUTSIDE),
            (Outside.SUPERVISORS, site.own, Refusal.NOT_OUTSIDE),
        ):
            site.engine._settings = SETTINGS.model_copy(update={"outside_parties": outside_parties})
            await site.refused(Step.CONSULT, by, why, number=WORKSHOP)
        trial = {"mode": Mode.TRIAL, "trial_numbers": frozenset({NUMBER})}
        site.engine._settings = SETTINGS.model_copy(update=trial)
        await asks(WORKSHOP, Refusal.TRIAL)
        assert await site.fake.live_parties() == ()
        assert await database.read(in_call.open_parties) == []


@pytest.mark.parametrize(("does", "cause"), [(CustomerDoes.BUSY, 17), (CustomerDoes.UNKNOWN_NUMBER, 1)])
@pytest.mark.parametrize("step", [Step.THIRD, Step.CONSULT])
async def test_a_phone_outside_that_is_not_to_be_had(
    database: Database, step: Step, does: CustomerDoes, cause: int
) -> None:
    """D6: why is kept, and the call is as it was."""
    async with running(database) as site:
        site.fake.customers[WORKSHOP] = CustomerFate(does=does, after=0.0)
        await site.act(step, site.own, number=TYPED)
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        last = await database.read(lambda conn: in_call.last_party(conn, site.attempt, site.agent))
        assert last is not None and (last.cause, last.up_at) == (cause, None)
        assert not await held(site)
        await site.state(site.agent, AgentState.TALKING)
        assert await database.read(lambda conn: len(in_call.turns(conn, site.attempt))) == 1


async def test_a_private_talk_and_back_to_the_customer(database: Database) -> None:
    """D6: rows tell who talked with whom; nothing is done with the customer meanwhile."""
    async with running(database) as site:
        asked = await private(site)
        await site.state(site.helper, AgentState.TALKING)
        assert await held(site)
        for step in (Step.RESUME, Step.MUTE, Step.CONSULT):
            await site.refused(step, site.own, Refusal.PRIVATE, extension=CHIEF_PHONE)
        await site.refused(Step.LISTEN, CHIEF, Refusal.PRIVATE, extension=CHIEF_PHONE)
        await site.refused(Step.HOLD, site.colleague, Refusal.NOT_YOURS)
        await site.act(Step.BACK, site.own)
        await back(site)
        await site.state(site.helper, AgentState.PAUSED)
        await site.refused(Step.BACK, site.own, Refusal.NOT_IN)
        turns = await database.read(lambda conn: in_call.turns(conn, site.attempt))
        assert [(turn.party_id, turn.private) for turn in turns] == [
            (None, False),
            (asked, True),
            (None, False),
        ]
        first, apart, again = turns
        assert first.ended_at is not None and apart.ended_at is not None
        assert first.ended_at <= apart.ended_at and first.ended_at <= again.began_at
        kinds = [kind for kind, _ in await site.events() if kind.startswith("call.")]
        steps = [kind for kind in kinds if kind not in ("call.refused", "call.entered", "call.left")]
        assert steps == ["call.consult", "call.hold", "call.private", "call.back", "call.resume"]


async def test_who_was_consulted_hangs_up_and_the_customer_is_taken_back(database: Database) -> None:
    """D6: nobody has to press anything."""
    async with running(database) as site:
        site.fake.party_hangs_up(await private(site))
        await back(site)
        assert (await site.fake.live_calls())[0].held is False


@pytest.mark.parametrize("step", [Step.THIRD, Step.TRANSFER])
async def test_after_a_private_talk(database: Database, step: Step) -> None:
    """D6: three talk, or the one who was asked alone; the customer waits no more."""
    async with running(database) as site:
        asked = await private(site)
        await site.act(step, site.own)
        third = await site.party(id=asked, mode=PartyMode.JOIN)
        assert third.purpose == step
        await site.until(lambda c: (row := in_call.in_call(c, site.attempt)) is not None and not row.held)
        if step is Step.TRANSFER:
            await site.state(site.agent, AgentState.WRAP_UP)
            await site.act(Step.HOLD, site.colleague)
        else:
            await site.until(
                lambda conn: sum(turn.ended_at is None for turn in in_call.turns(conn, site.attempt)) == 2
            )
            await site.refused(Step.CONSULT, site.own, Refusal.SEVERAL, extension=CHIEF_PHONE)
        site.fake.customer_hangs_up(site.attempt)
        await site.ended()
        assert await site.fake.live_calls() == ()


@pytest.mark.parametrize("who", ["agent", "customer"])
async def test_a_private_talk_ends_with_the_agent_or_the_customer(database: Database, who: str) -> None:
    """D6: nobody is left on hold, and no phone of ours."""
    async with running(database) as site:
        await private(site)
        (site.fake.agent_hangs_up if who == "agent" else site.fake.customer_hangs_up)(site.attempt)
        await site.ended()
        await site.state(site.agent, AgentState.WRAP_UP)
        await site.state(site.helper, AgentState.PAUSED)
        async with asyncio.timeout(10):
            while await site.fake.live_parties() or await site.fake.live_calls():  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_a_colleague_who_leaves_a_private_talk(database: Database) -> None:
    """D6: he was asked, and goes; the call is not his to do more."""
    async with running(database) as site:
        await private(site)
        await site.act(Step.LEAVE, site.colleague)
        await back(site)


async def test_a_private_talk_over_a_restart(database: Database) -> None:
    """D7: it goes on; where it ended unseen, the customer is taken back."""
    async with running(database) as site:
        asked = await private(site)
        await site.restart()
        assert await held(site)
        (turn,) = [
            one
            for one in await database.read(lambda conn: in_call.turns(conn, site.attempt))
            if one.ended_at is None
        ]
        assert (turn.party_id, turn.private) == (asked, True)
        await site.stop()
        site.fake.party_hangs_up(asked)
        site.engine = site.new_engine()
        site.run = asyncio.create_task(site.engine.run())
        await back(site)
        await site.state(site.helper, AgentState.PAUSED)


async def test_a_phone_outside_over_a_restart(database: Database) -> None:
    """D7: it is in the call, is counted on its trunk, and is hung up with the customer."""
    async with running(database, with_trunk()) as site:
        await site.act(Step.THIRD, site.own, number=WORKSHOP)
        third = await site.party(state=PartyState.UP)
        await site.restart()
        assert await database.read(carried) == {"city": 2}
        now = await database.read(lambda conn: in_call.parties(conn, site.attempt))
        assert [(one.id, one.talks) for one in now] == [(third.id, True)]
        site.fake.customer_hangs_up(site.attempt)
        await site.ended()
        async with asyncio.timeout(10):
            while await site.fake.live_parties():  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_nobody_answers_a_private_talk(database: Database) -> None:
    """D6: while it rings the agent goes on with the customer, and can take it back."""
    async with running(database) as site:
        site.fake.agents[HELPER_PHONE] = AgentFate(after=None)
        await site.act(Step.CONSULT, site.own, extension=HELPER_PHONE)
        await site.state(site.helper, AgentState.RINGING)
        await site.act(Step.HOLD, site.own)
        await site.act(Step.RESUME, site.own)
        await site.act(Step.CANCEL, site.own)
        await site.state(site.helper, AgentState.PAUSED)
        assert not await held(site)


async def test_who_is_named_in_the_transcript(database: Database) -> None:
    """A1, X1: nobody speaks in the recording while two talk in private; a number outside is masked."""
    async with running(database) as site:
        await private(site)
        await site.act(Step.BACK, site.own)
        await back(site)
        await site.act(Step.THIRD, site.own, number=WORKSHOP)
        await site.until(lambda conn: len(in_call.turns(conn, site.attempt)) == 4)
        speakers = await database.read(lambda conn: speakers_of(conn, site.attempt))
        assert [spell.who.name for spell in speakers.spells] == ["王", "王", "037****8888"]
        first, again, _third = speakers.spells
        (apart,) = speakers.apart
        assert apart.who.code == f"A{HELPER_PHONE}"
        assert first.ends is not None and first.ends <= again.begins and apart.begins <= again.begins
