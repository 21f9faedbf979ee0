"""Nothing leaves an agent stuck: the watchdog on a real database (D5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection, update

from dialer.agents import queries as agent_queries
from dialer.agents.service import pause, ready, sign_in
from dialer.agents.settings import AgentSettings
from dialer.agents.states import AgentState, PauseReason
from dialer.agents.tables import agent_sessions
from dialer.assigning.service import set_shift
from dialer.calling import service
from dialer.calling.settings import CallingSettings
from dialer.calling.settling import Decision, Settlement
from dialer.calling.states import AttemptState
from dialer.calling.status import EngineStatus
from dialer.calling.tables import attempts
from dialer.calling.watching import Watchdog
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.support.core import (
    ANSWERED,
    LIBRARY,
    NOW,
    RUN,
    add_ready_agent,
    at,
    pairing,
    placed,
    session_of,
    talked,
    talking,
)

# NOW is a Sunday, 10:00 in Shanghai.
TODAY = date(2026, 11, 22)


@dataclass
class Watch:
    """A watchdog with a clock, phones and a link that a test sets."""

    database: Database
    seconds: float = 0.0
    reachable: frozenset[str] | None = None
    link_up: bool = True
    settled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dog = Watchdog(
            self.database,
            CallingSettings(),
            AgentSettings(),
            status=lambda: EngineStatus(pairing(reachable=self.reachable), link_up=self.link_up),
            settle=self._settle,
            seconds=lambda: self.seconds,
        )

    async def _settle(self, ids: Sequence[str]) -> None:
        self.settled += ids

    async def after(self, seconds: float) -> None:
        """The watchdog looks, time goes by, and it looks again."""
        await self._dog.look(at(self.seconds))
        self.seconds += seconds
        await self._dog.look(at(self.seconds))


async def test_d5_an_attempt_that_takes_too_long_is_settled_first_and_then_its_agent_is_let_go(
    database: Database,
) -> None:
    """D5, D7: the attempt itself is ended by settling alone."""
    call = await database.write(placed)
    dog = Watch(database)
    await dog.after(10)
    assert dog.settled == []
    await dog.after(20)
    assert dog.settled == [call.id]
    assert (await database.read(lambda c: session_of(c, call.agent_id))).state is AgentState.RESERVED
    dog.link_up = False
    await dog.after(60)
    now = await database.read(lambda c: session_of(c, call.agent_id))
    assert (now.state, now.attempt_id) == (AgentState.READY, None)
    (kept,) = [
        row for row in await database.read(lambda c: agent_queries.history(c, NOW, at(9999))) if row.why
    ]
    assert (kept.state, kept.event, kept.why) == (AgentState.RESERVED, "released", "not_rung")
    assert (kept.attempt_id, kept.began_at, kept.ended_at) == (call.id, NOW, at(90))
    told = await database.read(lambda c: of_subject(c, call.agent_id))
    assert (told[-1].kind, told[-1].data["why"]) == ("agent_session.ready", "not_rung")


async def test_d5_a_session_whose_attempt_is_not_there_is_let_go(database: Database) -> None:
    """D5: as after a database that was put back."""

    def work(conn: Connection) -> str:
        agent_id = add_ready_agent(conn)
        lost = update(agent_sessions).where(agent_sessions.c.agent_id == agent_id)
        conn.execute(lost.values(state="reserved", attempt_id="nowhere", next_pause="meal"))
        return agent_id

    agent_id = await database.write(work)
    await Watch(database).after(0)
    now = await database.read(lambda c: session_of(c, agent_id))
    assert (now.state, now.reason, now.next_pause) == (AgentState.PAUSED, PauseReason.MEAL, None)


async def test_d5_a_talk_that_has_ended_without_its_agent_brings_the_form(database: Database) -> None:
    """D5, T2: never a call over an unsaved form."""

    def work(conn: Connection) -> str:
        call = talking(conn)
        conn.execute(update(attempts).values(state=AttemptState.ENDED, outcome="answered", ended_at=at(80)))
        return call.agent_id

    agent_id = await database.write(work)
    await Watch(database).after(0)
    now = await database.read(lambda c: session_of(c, agent_id))
    assert now.state is AgentState.WRAP_UP
    assert now.wrap_until is not None


async def test_d5_an_agent_let_go_in_doubt_has_the_call_back_when_it_goes_on(database: Database) -> None:
    """D5, D7: the link was gone for very long, and the two still talk."""

    def work(conn: Connection) -> str:
        call = talking(conn)
        service.doubt(conn, call.id, RUN, at(30))
        return call.id

    attempt_id = await database.write(work)
    dog = Watch(database, link_up=False)
    await dog.after(3601)
    (agent_id,) = [row.agent_id for row in await database.read(agent_queries.sessions)]
    now = await database.read(lambda c: session_of(c, agent_id))
    assert (now.state, now.reason, now.attempt_id) == (AgentState.PAUSED, PauseReason.CALL_IN_DOUBT, None)

    def adopt(conn: Connection) -> None:
        doubted = service.doubt(conn, attempt_id, RUN, at(3700))
        assert doubted is not None
        service.adopt_talking(
            conn, doubted, Decision(Settlement.ADOPT_TALKING, "both parties are connected"), {}, at(3700)
        )

    await database.write(adopt)
    now = await database.read(lambda c: session_of(c, agent_id))
    assert (now.state, now.attempt_id) == (AgentState.TALKING, attempt_id)
    await database.write(lambda c: service.end(c, attempt_id, ANSWERED, LIBRARY, at(3800)))
    now = await database.read(lambda c: session_of(c, agent_id))
    assert (now.state, now.attempt_id) == (AgentState.WRAP_UP, attempt_id)


async def test_d5_a_talk_proven_after_its_agent_was_let_go_has_its_form_filled_in(database: Database) -> None:
    """D5, D7, T3: else its customer would be called never again."""

    def work(conn: Connection) -> tuple[str, str]:
        call = talking(conn)
        doubted = service.doubt(conn, call.id, RUN, at(30))
        assert doubted is not None
        service.keep_unknown(conn, doubted, Decision(Settlement.KEEP_UNKNOWN, "unreadable"), at(31))
        assert session_of(conn, call.agent_id).state is AgentState.READY
        service.end(conn, call.id, ANSWERED, LIBRARY, at(40))
        return call.agent_id, call.id

    agent_id, attempt_id = await database.write(work)
    await Watch(database).after(0)
    now = await database.read(lambda c: session_of(c, agent_id))
    assert (now.state, now.attempt_id) == (AgentState.WRAP_UP, attempt_id)


async def test_d6_who_was_asked_into_a_call_that_has_ended_owes_no_form_of_it(database: Database) -> None:
    """D5, D6: a helper's session stands on somebody else's attempt."""

    def work(conn: Connection) -> str:
        call, helper = talked(conn), add_ready_agent(conn, "8002")
        on_it = update(agent_sessions).where(agent_sessions.c.agent_id == helper)
        conn.execute(on_it.values(state="talking", attempt_id=call.id))
        return helper

    helper = await database.write(work)
    await Watch(database, seconds=90).after(0)
    now = await database.read(lambda c: session_of(c, helper))
    assert (now.state, now.attempt_id) == (AgentState.READY, None)


async def test_d5_an_ordinary_wrap_up_is_left_alone(database: Database) -> None:
    call = await database.write(talked)
    await Watch(database, seconds=90).after(9999)
    now = await database.read(lambda c: session_of(c, call.agent_id))
    assert (now.state, now.attempt_id, now.since) == (AgentState.WRAP_UP, call.id, at(80))


async def test_d5_a_phone_that_is_gone_pauses_its_agent_and_brings_him_back(database: Database) -> None:
    """D5: after a grace, with the reason; who has paused himself stays paused."""

    def work(conn: Connection) -> tuple[str, str]:
        one, other = add_ready_agent(conn, "8001"), add_ready_agent(conn, "8002")
        pause(conn, other, PauseReason.MEAL, NOW)
        return one, other

    one, other = await database.write(work)
    dog = Watch(database, reachable=frozenset({"8001", "8002"}))
    await dog.after(60)
    dog.reachable = frozenset()
    await dog.after(9)
    assert (await database.read(lambda c: session_of(c, one))).state is AgentState.READY
    await dog.after(1)
    now = await database.read(lambda c: session_of(c, one))
    assert (now.state, now.reason) == (AgentState.PAUSED, PauseReason.PHONE_UNREACHABLE)
    dog.reachable = frozenset({"8001", "8002"})
    await dog.after(1)
    assert (await database.read(lambda c: session_of(c, one))).state is AgentState.READY
    assert (await database.read(lambda c: session_of(c, other))).reason == PauseReason.MEAL
    why = [row.why for row in await database.read(lambda c: agent_queries.history(c, NOW, at(999), one))]
    assert why[-2:] == ["phone_gone", "phone_back"]


async def test_d5_a_lost_link_pauses_nobody(database: Database) -> None:
    agent_id = await database.write(add_ready_agent)
    dog = Watch(database, reachable=None, link_up=False)
    await dog.after(9999)
    assert (await database.read(lambda c: session_of(c, agent_id))).state is AgentState.READY


async def test_l10_after_the_shift_the_call_is_finished_and_no_other_comes(database: Database) -> None:
    """D5, L10: 10:00 to 10:01; the other agent has no shift and works on."""

    def work(conn: Connection) -> tuple[str, str, str]:
        call = talking(conn, "13800000001", "8001")
        waiting, free = add_ready_agent(conn, "8002"), add_ready_agent(conn, "8003")
        for agent_id in (call.agent_id, waiting):
            set_shift(conn, agent_id, TODAY, ("09:00", "10:01"), by="chen", now=NOW)
        return call.agent_id, waiting, free

    busy, waiting, free = await database.write(work)
    dog = Watch(database)
    await dog.after(59)
    assert (await database.read(lambda c: session_of(c, waiting))).state is AgentState.READY
    await dog.after(1)
    now = await database.read(lambda c: session_of(c, waiting))
    assert (now.state, now.reason) == (AgentState.PAUSED, PauseReason.SHIFT_OVER)
    now = await database.read(lambda c: session_of(c, busy))
    assert (now.state, now.next_pause) == (AgentState.TALKING, PauseReason.SHIFT_OVER)
    assert (await database.read(lambda c: session_of(c, free))).state is AgentState.READY

    # Who wants to go on goes on; who does not is signed out.
    await database.write(lambda c: ready(c, busy, at(70)))
    await dog.after(15 * 60)
    assert (await database.read(lambda c: session_of(c, busy))).next_pause is None
    assert (await database.read(lambda c: session_of(c, waiting))).state is AgentState.OFFLINE
    (last, *_) = reversed(await database.read(lambda c: agent_queries.history(c, NOW, at(9999), waiting)))
    assert (last.reason, last.event, last.why) == ("shift_over", "sign_out", "shift_over")


async def test_l10_who_begins_after_the_shift_is_left_alone(database: Database) -> None:
    """L10: overtime."""

    def work(conn: Connection) -> str:
        agent_id = add_ready_agent(conn, since=NOW - timedelta(hours=2))
        set_shift(conn, agent_id, TODAY, ("08:00", "09:00"), by="chen", now=NOW)
        pause(conn, agent_id, PauseReason.MEAL, NOW - timedelta(minutes=90))
        return agent_id

    agent_id = await database.write(work)
    dog = Watch(database)
    await dog.after(1)
    assert (await database.read(lambda c: session_of(c, agent_id))).state is AgentState.OFFLINE
    await database.write(lambda c: sign_in(c, agent_id, at(5)))
    await database.write(lambda c: ready(c, agent_id, at(6)))
    await dog.after(9999)
    assert (await database.read(lambda c: session_of(c, agent_id))).state is AgentState.READY
