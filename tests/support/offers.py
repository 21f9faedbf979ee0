"""What lies before an agent, in tests on rows."""

from dataclasses import replace

from sqlalchemy import Connection

from dialer.calling.committing import Pairing
from dialer.calling.modes import service
from dialer.calling.modes.queries import Offer, held_for, offer_of
from dialer.calling.modes.service import Taken
from dialer.calling.modes.states import OfferState
from dialer.calling.reserving import reserve
from tests.support.core import LIBRARY, NOW, PLAYBOOK, add_follow_up, add_ready_agent, at, pairing


def taken(conn: Connection, seconds: float, how: Pairing | None = None) -> list[Taken]:
    """What the engine commits to, so many seconds after NOW."""
    service.end_times(conn, at(seconds))
    return service.take_pressed(conn, how or pairing(), at(seconds))


def previewing(**more: object) -> Pairing:
    """The shipped playbook with a look before the call."""
    playbook = PLAYBOOK.model_copy(update={"mode": "preview", **more})
    return replace(pairing(), library=LIBRARY.having(playbook))


def shown(conn: Connection, how: Pairing | None = None) -> tuple[str, Offer]:
    """A follow-up that lies before a new agent; the agent's id and the offer."""
    add_follow_up(conn)
    agent_id = add_ready_agent(conn)
    assert reserve(conn, how or previewing(), NOW).orders == []
    offer = held_for(conn, agent_id)
    assert offer is not None
    return agent_id, offer


def state_of(conn: Connection, offer: Offer) -> OfferState:
    """The state of the offer now."""
    current = offer_of(conn, offer.id)
    assert current is not None
    return current.state
