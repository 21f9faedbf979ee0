"""What a supervisor does in a call in progress: listen, whisper, join, take over, hang up (V2)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
from dialer.calling.incall.queries import in_call as in_call_of
from dialer.calling.incall.queries import open_parties
from dialer.calling.incall.rules import Actor
from dialer.calling.incall.states import SUPERVISING, Party, PartyState
from dialer.customers.blocks import shown_number
from web.agent.incall import HOW
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.steps import take_step


@dataclass(frozen=True, slots=True)
class InProgress:
    """A call as the live page shows it: `who` are (name or extension, message id); `mine` how I take part."""

    held: bool
    agent_gone: bool
    who: tuple[tuple[str, str], ...]
    mine: str


NOTHING = InProgress(held=False, agent_gone=False, who=(), mine="")


def routes() -> list[web.RouteDef]:
    """The route of the steps."""
    return [web.post("/supervisor/calls/{attempt}/steps", step)]


@requires(Role.SUPERVISOR)
async def step(request: web.Request) -> web.StreamResponse:
    """One step in somebody's call."""
    user = current_user(request)
    return await take_step(request, Actor(user.login, user.agent_id, supervises=True))


def in_progress(conn: Connection, attempt_ids: Collection[str], login: str) -> Mapping[str, InProgress]:
    """What these calls are in, by attempt."""
    parties = open_parties(conn)
    names = {one.id: one.name for one in all_agents(conn)} if parties else {}
    return {
        one: _of(conn, one, [p for p in parties if p.attempt_id == one], login, names) for one in attempt_ids
    }


def _of(
    conn: Connection, attempt_id: str, parties: list[Party], login: str, names: Mapping[str, str]
) -> InProgress:
    row = in_call_of(conn, attempt_id)
    if row is None:
        return NOTHING
    mine = [one for one in parties if one.asked_by == login and one.purpose in SUPERVISING]
    return InProgress(
        held=row.held,
        agent_gone=row.left_at is not None,
        who=tuple((_name(one, names), how_of(one)) for one in parties),
        mine=("ringing" if mine[0].state is PartyState.RINGING else mine[0].mode.value) if mine else "",
    )


def _name(party: Party, names: Mapping[str, str]) -> str:
    outside = shown_number(party.number) if party.number else party.extension
    return names.get(party.agent_id or "", outside)


def how_of(party: Party) -> str:
    """How a party takes part, as a message id."""
    return HOW[PartyState.RINGING] if party.state is PartyState.RINGING else HOW[party.mode]
