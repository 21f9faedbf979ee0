"""Steps in a call in progress, asked for by a page (D6, V2), and a sentence for each refusal."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dialer.calling.incall.rules import Actor, Refusal
from dialer.calling.incall.states import Step
from dialer.calling.incall.steps import StepRefused
from web.i18n import N_
from web.panel import PANEL
from web.render import translator_of

REFUSED: Mapping[str, str] = {
    Refusal.NO_RIGHT: N_("Only a supervisor may do this."),
    Refusal.NOT_YOURS: N_("This call is not yours now: only who talks with the customer may do this."),
    Refusal.NO_TALK: N_("The customer is not there: this can be done only while you talk."),
    Refusal.ALONE: N_("Nobody else of ours is with the customer. Hang up, or ask somebody in first."),
    Refusal.BUSY: N_("Extension {extension} is in a call. Choose another one."),
    Refusal.OWN_PHONE: N_("Extension {extension} is in this call already. Choose another one."),
    Refusal.UNREACHABLE: N_(
        "The phone at extension {extension} is not registered: it cannot ring. Choose another one."
    ),
    Refusal.ALREADY: N_("That is under way already. Wait for the phone, or cancel it first."),
    Refusal.NOT_IN: N_("Nobody is being asked in: there is nothing to cancel."),
    Refusal.BAD_DIGITS: N_("Only 0-9, * and # can be sent as tones, 32 at most."),
    Refusal.SEVERAL: N_("Several of you are with the customer. For a private talk the others leave first."),
    Refusal.PRIVATE: N_("You talk in private. Go back to the customer first."),
    Refusal.NOT_OUTSIDE: N_("Your site lets you ask no phone outside into a call. Ask your supervisor."),
    Refusal.BAD_NUMBER: N_("{number} is no telephone number. Type digits, as 0371 6666 8888."),
    Refusal.OWN_NUMBER: N_("{number} is the customer's own number: he is in this call already."),
    Refusal.ENGAGED: N_("Somebody here has {number} on the line already. Try again when that call is over."),
    Refusal.TRIAL: N_("Trial mode: {number} is not on the trial list. Ask the administrator to add it."),
    Refusal.DO_NOT_CALL: N_("{number} is on the do-not-call list: it is not dialled."),
    Refusal.NO_LINE: N_("No line outside is free now. Go on with the customer and try again in a moment."),
    Refusal.NO_LINK: N_("No link to the telephone system. Use your phone's own keys; try again soon."),
    Refusal.ELSEWHERE: N_("This call's server does not answer. Use your phone's own keys; try again soon."),
    Refusal.UNSURE: N_("It is not known whether that was done. Look at the call before you try again."),
    Refusal.REFUSED: N_("The telephone system did not do it: {detail}"),
}


class StepBody(BaseModel):
    """What is sent: a step, and what it needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: Step
    extension: str = Field(default="", pattern=r"^[0-9A-Za-z_-]{0,20}$")
    digits: str = Field(default="", max_length=64)
    number: str = Field(default="", max_length=40)


async def take_step(request: web.Request, by: Actor) -> web.StreamResponse:
    """Take the step that was sent, and answer with a sentence where it was refused.

    Raises:
        HTTPBadRequest: it is no step.
    """
    panel, attempt_id = request.app[PANEL], request.match_info["attempt"]
    try:
        body = StepBody.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest from error
    try:
        if panel.act is None:
            raise StepRefused(Refusal.NO_LINK)
        await panel.act(attempt_id, body.step, by, body.extension, body.digits, body.number)
    except StepRefused as refused:
        said = translator_of(request)(REFUSED[refused.why], **_filled(refused, body))
        return web.json_response({"error": said, "why": refused.why}, status=422)
    return web.Response(status=204)


def _filled(refused: StepRefused, body: StepBody) -> dict[str, str]:
    known = {"extension": body.extension or "–", "number": body.number, "detail": refused.detail}
    return {name: value for name, value in known.items() if f"{{{name}}}" in REFUSED[refused.why]}
