"""What a customer rang for, as the agent chooses it during the talk or after it (D9, K0)."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from dialer.calling.inbound import service
from dialer.calling.inbound.queries import ticket_of_attempt
from dialer.calling.inbound.states import TicketKind
from dialer.cases.service import Bearing, complain
from dialer.followups.queries import follow_up
from web.agent.calls import agent_id_of, read_body
from web.auth.guard import requires
from web.panel import PANEL

# The source of a complaint stays on its case.
_SOURCE = "ring_back"


class TicketBody(BaseModel):
    """What the customer rang for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str
    reason: TicketKind


def routes() -> list[web.RouteDef]:
    """The routes of tickets."""
    return [web.post("/agent/calls/{attempt}/ticket", file_ticket)]


@requires("agent")
async def file_ticket(request: web.Request) -> web.StreamResponse:
    """Say what a customer rang for; a complaint is at once a case, which the manager sees."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    attempt_id, body = request.match_info["attempt"], await read_body(request, TicketBody)

    def work(conn: Connection) -> None:
        ticket = ticket_of_attempt(conn, attempt_id)
        if ticket is None:
            raise web.HTTPNotFound
        service.file_ticket(conn, agent_id, ticket.id, body.reason, ticket.words, now)
        owed = follow_up(conn, ticket.follow_up_id) if ticket.follow_up_id else None
        if body.reason is TicketKind.COMPLAINT and owed is not None:
            bearing = Bearing(owed, attempt_id, agent_id, panel.settings.zone)
            complain(conn, bearing, ticket.words, now, source=_SOURCE)

    await panel.database.write(work)
    return web.Response(status=204)
