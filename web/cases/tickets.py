"""`/tickets`: the customers who rang, what for, and who was not put through (D9, K0)."""

from collections.abc import Mapping

from aiohttp import web
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
from dialer.calling.inbound.queries import TicketRow, latest
from dialer.calling.inbound.states import Missed, TicketState
from web.agent.dial_words import TICKET
from web.auth.guard import requires
from web.auth.rules import Role
from web.i18n import N_
from web.panel import PANEL
from web.render import render

STATE: Mapping[str, str] = {
    TicketState.RINGING: N_("Waits on the line"),
    TicketState.TALKING: N_("Is being talked to"),
    TicketState.OPEN: N_("Talk over, not filed"),
    TicketState.MISSED: N_("Not put through"),
    TicketState.CLOSED: N_("Filed by the agent"),
}
MISSED: Mapping[str, str] = {
    Missed.LEFT: N_("hung up before"),
    Missed.NOBODY_FREE: N_("nobody was free"),
    Missed.CLOSED: N_("outside the hours"),
    Missed.LOST: N_("while the service was away"),
}


def routes() -> list[web.RouteDef]:
    """The routes of tickets."""
    return [web.get("/tickets", page)]


@requires(Role.SUPERVISOR, Role.ADMIN)
async def page(request: web.Request) -> web.StreamResponse:
    """The latest calls of customers, newest first."""

    def read(conn: Connection) -> tuple[list[TicketRow], dict[str, str]]:
        return latest(conn), {one.id: one.name for one in all_agents(conn)}

    rows, people = await request.app[PANEL].database.read(read)
    return render(
        request,
        "cases/tickets.html",
        tickets=rows,
        people=people,
        states=STATE,
        kinds=TICKET,
        missed=MISSED,
        missing=TicketState.MISSED,
    )
