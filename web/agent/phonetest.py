"""Before the shift: the agent's phone is rung, and he hears himself (V3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from dialer.agents.states import AgentState
from dialer.phonetests import service
from dialer.phonetests.rules import Outcome, Refusal, may_say, outcome
from web.agent.calls import agent_id_of, read_body
from web.agent.view import View
from web.auth.guard import requires
from web.i18n import N_
from web.panel import PANEL
from web.render import translator_of

# What came of it, and what to do, by outcome; None: nothing was tested today.
WORDS: Mapping[Outcome | None, tuple[str, str]] = {
    None: (
        N_("Test my phone and headset"),
        N_("Your phone rings; answer it and say something. You hear yourself, as a customer would hear you."),
    ),
    Outcome.RUNNING: (
        N_("Your phone rings: answer it and say something."),
        N_("Do you hear yourself? The test ends with your answer, or by itself after half a minute."),
    ),
    Outcome.CONFIRMED: (N_("Phone and headset work."), N_("You heard yourself. Press Ready for calls.")),
    Outcome.NOT_HEARD: (
        N_("You did not hear yourself."),
        N_(
            "Check that the headset is plugged in at the right socket and switched on, that it is not muted, "
            "and the volume. Then test again; if it stays so, tell your supervisor."
        ),
    ),
    Outcome.NO_AUDIO: (
        N_("No sound came from your phone."),
        N_(
            "The phone was answered, but sent nothing. Restart it and test again; if it stays so, tell the "
            "administrator: a firewall or the phone's address may keep the sound back."
        ),
    ),
    Outcome.ANSWERED: (
        N_("The phone was answered. Did you hear yourself?"),
        N_("Say it here; without that it is not known whether the headset works."),
    ),
    Outcome.NO_ANSWER: (
        N_("The phone was not answered."),
        N_(
            "It did not ring, was busy, or nobody took it. Check that it is no other phone than extension "
            "{extension}, that it is hung up, and that do-not-disturb is off. Then test again."
        ),
    ),
    Outcome.NOT_REGISTERED: (
        N_("Your phone cannot be rung: extension {extension} is not registered."),
        N_("Check that it is on and its network cable is in; wait a minute, then test again."),
    ),
    Outcome.INTERRUPTED: (
        N_("The test was interrupted."),
        N_("The link to the telephone system or the service was away. Test again."),
    ),
}
REFUSED: Mapping[Refusal, str] = {
    Refusal.NOT_PAUSED: N_("Only who is paused can test: pause first, so that no call comes meanwhile."),
    Refusal.NO_PHONE: N_("You sit at no phone: start work and choose one."),
    Refusal.RUNNING: N_("This phone is being tested already: answer it, or wait half a minute."),
    Refusal.NO_LINK: N_("There is no link to the telephone system. Try again when it is back."),
    Refusal.NO_TEST: N_("There is no test of which it can be said: test again."),
}


class TestBody(BaseModel):
    """What the agent does: begins a test, or says what he heard."""

    __test__ = False
    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["begin", "heard", "not_heard"]
    reason: None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The test as the agent's page shows it. `title` and `advice` are message ids."""

    outcome: str
    title: str
    advice: str
    asks: bool
    at: datetime | None


def routes() -> list[web.RouteDef]:
    """The routes of the test."""
    return [web.post("/agent/phone-test", act)]


@requires("agent")
async def act(request: web.Request) -> web.StreamResponse:
    """Begin a test, or say whether he heard himself."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    body, status = await read_body(request, TestBody), panel.engine_status()

    def change(conn: Connection) -> None:
        if body.action == "begin":
            service.ask(conn, agent_id, now, linked=lambda phone: status.at(phone).link_up)
        else:
            service.say(conn, agent_id, body.action == "heard", now)

    try:
        await panel.database.write(change, urgent=True)
    except service.TestRefused as refused:
        return web.json_response({"error": translator_of(request)(REFUSED[refused.why])}, status=422)
    return web.Response(status=204)


def shown_test(view: View, now: datetime) -> Shown | None:
    """What the page shows of a test; None where the agent can have none now."""
    if view.state is not AgentState.PAUSED:
        return None
    test = view.test
    proves = outcome(test, now) if test else None
    title, advice = WORDS[proves]
    asks = proves in (Outcome.RUNNING, Outcome.ANSWERED) and may_say(test, now)
    return Shown(proves or "none", title, advice, asks, test.asked_at if test else None)
