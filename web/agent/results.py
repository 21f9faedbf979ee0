"""Closing the form of a call: refused with a sentence in the agent's language (T3)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from dialer.calling.queries import attempt
from dialer.followups.queries import follow_up
from dialer.forms.queries import answers_of
from dialer.forms.rules import MEANING, BadAnswer, Disposition, missing_answers
from dialer.forms.service import finish_wrap_up, save_form
from web.agent.view import item_number
from web.i18n import N_
from web.panel import Panel


class NotTaken(Exception):
    """What was sent was not stored: `text` is a message id that says why, `values` fill it in."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values = values

    @classmethod
    def of(cls, error: BadAnswer) -> "NotTaken":
        """A refusal of the core, with its own words as the detail."""
        return cls(
            N_("This was not stored: the form of this call is closed, or the call is not yours. ({detail})"),
            detail=error,
        )


class Result(BaseModel):
    """The form as it is sent. `call_again_at` is the site's local time, empty where there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    disposition: str
    wishes: str
    call_again_at: str
    finish: bool


def choices() -> list[tuple[Disposition, str]]:
    """The dispositions to choose from, each with whether it takes a time: needed, allowed or none."""
    taken = {Disposition.CUT_OFF: "allowed"}
    return [
        (known, "needed" if MEANING[known].needs_time else taken.get(known, "")) for known in Disposition
    ]


def save(
    conn: Connection, panel: Panel, agent_id: str, attempt_id: str, result: Result, now: datetime
) -> None:
    """Close the form, and end the wrap-up where that was asked for.

    Raises:
        NotTaken: the form is not complete, or the call is not this agent's to close.
    """
    if result.disposition not in set(Disposition):
        raise NotTaken(N_("Choose what came of the call."))
    disposition = Disposition(result.disposition)
    if disposition is Disposition.COMPLETED:
        _demand_answers(conn, panel, attempt_id)
    again_at = None
    if disposition in (Disposition.CALL_AGAIN, Disposition.CUT_OFF):
        again_at = _later(result.call_again_at, panel.settings.zone, now)
    if MEANING[disposition].needs_time and again_at is None:
        raise NotTaken(N_("Say when the customer is to be called again."))
    try:
        save_form(
            conn,
            panel.library,
            agent_id=agent_id,
            attempt_id=attempt_id,
            disposition=disposition,
            wishes=result.wishes,
            call_again_at=again_at,
            now=now,
        )
        if result.finish:
            finish_wrap_up(conn, agent_id, now)
    except BadAnswer as error:
        raise NotTaken.of(error) from error


def _demand_answers(conn: Connection, panel: Panel, attempt_id: str) -> None:
    current = attempt(conn, attempt_id)
    owed = follow_up(conn, current.follow_up_id) if current else None
    if owed is None:
        return  # the core refuses it
    playbook = panel.library.get(owed.playbook)
    missing = set(missing_answers(playbook, answers_of(conn, owed.id)))
    numbers = [
        item_number(question.id, index)
        for index, question in enumerate(playbook.questionnaire, 1)
        if question.id in missing
    ]
    if numbers:
        raise NotTaken(
            N_("Not complete: no answer yet to questions {numbers}. Ask them, or choose another result."),
            numbers=", ".join(numbers),
        )


def _later(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        wanted = datetime.fromisoformat(text)
    except ValueError:
        raise NotTaken(N_("The time of the next call cannot be understood: choose it anew.")) from None
    wanted = wanted.replace(tzinfo=zone) if wanted.tzinfo is None else wanted
    if wanted <= now:
        raise NotTaken(N_("The time of the next call is over: choose a later one."))
    return wanted
