"""All SQL that reads what calls in progress are in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, union

from dialer.calling.incall.states import OPEN, Party, PartyState
from dialer.calling.incall.tables import in_calls, speaker_turns
from dialer.calling.states import IN_FLIGHT
from dialer.calling.tables import attempts, call_parties
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one

_IN_CALL = Prepared(select(in_calls).where(in_calls.c.attempt_id == bindparam("key")))


@dataclass(frozen=True, slots=True)
class InCallRow:
    """What a call is in besides a talk of two; `left_at`: when its own agent left it to others."""

    attempt_id: str
    held: bool = False
    muted: bool = False
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody was with the customer; `party_id` None: the call's own agent.

    `private`: not with the customer, but with the one of ours who was, while he had music.
    """

    id: int
    attempt_id: str
    party_id: str | None
    agent_id: str | None
    began_at: datetime
    ended_at: datetime | None
    private: bool = False


def in_call(conn: Connection, attempt_id: str) -> InCallRow | None:
    """What a call is in; None where no step was taken in it."""
    return fetch_one(conn, _IN_CALL, InCallRow, key=attempt_id)


def party(conn: Connection, party_id: str) -> Party | None:
    """The party with this id."""
    return fetch_one(conn, select(call_parties).where(call_parties.c.id == party_id), Party)


def parties(conn: Connection, attempt_id: str) -> list[Party]:
    """The parties of a call that have not ended, in the order of their coming."""
    query = select(call_parties).where(
        call_parties.c.attempt_id == attempt_id, call_parties.c.state != PartyState.ENDED
    )
    return fetch(conn, query.order_by(call_parties.c.asked_at, call_parties.c.id), Party)


def last_party(conn: Connection, attempt_id: str, asked_by: str) -> Party | None:
    """The one whom this person asked into the call last."""
    asked = call_parties.c.attempt_id == attempt_id, call_parties.c.asked_by == asked_by
    query = (
        select(call_parties).where(*asked).order_by(call_parties.c.asked_at.desc(), call_parties.c.id.desc())
    )
    return fetch_one(conn, query.limit(1), Party)


def open_parties(conn: Connection) -> list[Party]:
    """Every party that has not ended, of all calls."""
    query = select(call_parties).where(call_parties.c.state.in_(OPEN))
    return fetch(conn, query.order_by(call_parties.c.id), Party)


def attended(conn: Connection) -> set[str]:
    """The calls in flight in which somebody has taken a step, or a further phone is."""
    stepped = select(in_calls.c.attempt_id).join(attempts, attempts.c.id == in_calls.c.attempt_id)
    joined = select(call_parties.c.attempt_id).where(call_parties.c.state.in_(OPEN))
    return set(conn.scalars(union(stepped.where(attempts.c.state.in_(IN_FLIGHT)), joined)))


def turns(conn: Connection, attempt_id: str) -> list[Turn]:
    """Who of ours was with the customer when, in order; empty: the call's own agent all along."""
    query = select(speaker_turns).where(speaker_turns.c.attempt_id == attempt_id)
    return fetch(conn, query.order_by(speaker_turns.c.id), Turn)
