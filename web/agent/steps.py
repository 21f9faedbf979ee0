"""The agent's steps in a call in progress: hold, mute, transfer, third party, hang up (D6)."""

from aiohttp import web

from dialer.calling.incall.rules import Actor
from web.agent.calls import agent_id_of
from web.auth.guard import requires
from web.steps import take_step


def routes() -> list[web.RouteDef]:
    """The route of the steps."""
    return [web.post("/agent/calls/{attempt}/steps", step)]


@requires("agent")
async def step(request: web.Request) -> web.StreamResponse:
    """One step in the call in progress."""
    agent_id = agent_id_of(request)
    return await take_step(request, Actor(agent_id, agent_id))
