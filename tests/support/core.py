"""Sample rows of the core, and the steps a call goes through, for tests."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from dialer.agents.queries import AgentSession, session
from dialer.agents.service import add_agent, ready, sign_in
from dialer.calling import service
from dialer.calling.inbound.queries import Ticket
from dialer.calling.inbound.service import open_ticket
from dialer.calling.progress import Ending
from dialer.calling.queries import Attempt, attempt, of_follow_up
from dialer.calling.reserving import Pairing, reserve
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState
from dialer.customers.service import Occasion, take_in
from dialer.followups import queries as follow_up_queries
from dialer.followups.queries import FollowUp
from dialer.followups.service import plan
from dialer.followups.tables import follow_ups
from dialer.forms.rules import Disposition
from dialer.forms.service import save_answer, save_form
from dialer.ids import new_id
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from dialer.telephony.events import CustomerCalls
from dialer.telephony.outcomes import DialOutcome, Leg

SHANGHAI = ZoneInfo("Asia/Shanghai")
LIBRARY = shipped_library()
PLAYBOOK = LIBRARY.get("after-sales-satisfaction")
BRANCH = "郑州东店"
RUN = new_id()

# A Sunday, 10:00 in Shanghai; what happened the day before is due.
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)

ANSWERED = Ending(DialOutcome.ANSWERED, dialled=True, cause=16, hung_up_by=Leg.CUSTOMER)
BUSY = Ending(DialOutcome.BUSY, dialled=True, cause=17)


def occasion(number: str = "13800000001", **more: object) -> Occasion:
    """A settlement order of yesterday; a customer of its own for each number."""
    values: dict[str, object] = {
        "kind": PLAYBOOK.occasions.kinds[0],
        "source": "test",
        "external_id": new_id(),
        "happened_at": YESTERDAY,
        "branch": BRANCH,
        "name": f"李{number[-4:]}",
        "salutation": "女士",
        "numbers": (number,),
    }
    return Occasion(**(values | more))  # type: ignore[arg-type]


def add_follow_up(conn: Connection, number: str = "13800000001", **more: object) -> str:
    """A follow-up that is due at NOW; its id."""
    happened = occasion(number, **more)
    taken = take_in(conn, happened, NOW)
    plan(
        conn,
        PLAYBOOK,
        occasion_id=taken.occasion_id,
        customer_id=taken.customer_id,
        branch=happened.branch,
        plate=happened.plate,
        number=number,
        happened_at=happened.happened_at,
        zone=SHANGHAI,
        now=NOW,
    )
    query = select(follow_ups.c.id).where(follow_ups.c.occasion_id == taken.occasion_id)
    return str(conn.execute(query).scalar_one())


def add_ready_agent(conn: Connection, extension: str = "8001", *, since: datetime = NOW) -> str:
    """An agent who waits for a call since `since`; the id."""
    agent_id = add_agent(conn, code=f"A{extension}", name="王", extension=extension, branch=BRANCH)
    sign_in(conn, agent_id, since)
    ready(conn, agent_id, since)
    return agent_id


def pairing(
    *, trial: frozenset[str] | None = None, reachable: frozenset[str] | None = None, **settings: object
) -> Pairing:
    """How to pair: live unless `trial` names the white list, at all hours unless told otherwise."""
    values: dict[str, object] = {
        "mode": Mode.LIVE if trial is None else Mode.TRIAL,
        "trial_numbers": trial or frozenset(),
        "keep_hours": False,
    }
    return Pairing(CallingSettings.model_validate(values | settings), LIBRARY, RUN, reachable)


def placed(conn: Connection, number: str = "13800000001", extension: str = "8001") -> Attempt:
    """A call to a new customer by a new agent: the agent's phone is about to ring."""
    add_follow_up(conn, number)
    agent_id = add_ready_agent(conn, extension)
    (order,) = reserve(conn, pairing(), NOW).orders
    current = attempt_of(conn, order.attempt_id)
    assert current.agent_id == agent_id
    return current


def talking(conn: Connection, number: str = "13800000001", extension: str = "8001") -> Attempt:
    """A call whose customer answered 20 s after NOW."""
    current = placed(conn, number, extension)
    service.note_agent_ringing(conn, current.id, at(1))
    assert service.grant_go(conn, current.id, RUN, at(5))
    service.note_customer_ringing(conn, current.id, at(7))
    service.note_answered(conn, current.id, at(20))
    return attempt_of(conn, current.id)


def talked(conn: Connection, number: str = "13800000001", extension: str = "8001") -> Attempt:
    """A call that was answered 20 s after NOW and ended 80 s after it: its agent wraps up."""
    current = talking(conn, number, extension)
    service.end(conn, current.id, ANSWERED, LIBRARY, at(80))
    return attempt_of(conn, current.id)


def rings(conn: Connection, number: str = "13800000001", call_id: str = "1763.1", trunk: str = "") -> Ticket:
    """A customer rings us at NOW; his ticket."""
    call = CustomerCalls(call_id=call_id, number=number, called="4008", at=NOW, trunk=trunk)
    return open_ticket(conn, call, NOW)


def answer_all(conn: Connection, current: Attempt, now: datetime) -> None:
    """The first good choice of every question, so that no branch is asked."""
    for item in PLAYBOOK.questionnaire:
        if item.when is not None:
            continue
        save_answer(
            conn,
            LIBRARY,
            agent_id=current.agent_id,
            attempt_id=current.id,
            question_id=item.id,
            value=next(choice.value for choice in item.choices if not choice.bad),
            now=now,
        )


def at(seconds: float) -> datetime:
    """So many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def attempt_of(conn: Connection, attempt_id: str) -> Attempt:
    """The attempt, which must be there."""
    current = attempt(conn, attempt_id)
    assert current is not None
    return current


def follow_up_of(conn: Connection, follow_up_id: str) -> FollowUp:
    """The follow-up, which must be there."""
    owed = follow_up_queries.follow_up(conn, follow_up_id)
    assert owed is not None
    return owed


def session_of(conn: Connection, agent_id: str) -> AgentSession:
    """The agent's session, which must be there."""
    current = session(conn, agent_id)
    assert current is not None
    return current


def tries(**counted: int) -> Mapping[str, int]:
    """Tries that counted, by outcome."""
    return counted


def save_result(conn: Connection, agent_id: str, attempt_id: str) -> None:
    """The agent saves the form of his call, 100 s after NOW."""
    save_form(
        conn,
        LIBRARY,
        agent_id=agent_id,
        attempt_id=attempt_id,
        disposition=Disposition.REFUSED,
        wishes="",
        call_again_at=None,
        now=at(100),
    )


async def reaches(database: Database, follow_up_id: str, state: AttemptState) -> Attempt:
    """The latest attempt of a follow-up, as soon as it is in this state."""
    async with asyncio.timeout(20):
        while True:
            tried = await database.read(lambda conn: of_follow_up(conn, follow_up_id))
            if tried and tried[-1].state is state:
                return tried[-1]
            await asyncio.sleep(0.02)
