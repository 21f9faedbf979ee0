"""Taking down answers and closing the form: refused with a sentence in the agent's language (T2, T3)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from dialer.calling.queries import attempt
from dialer.followups.queries import FollowUp, follow_up
from dialer.forms.queries import Answer, answers_of
from dialer.forms.rules import MEANING, Disposition, missing_answers
from dialer.forms.service import finish_wrap_up, save_answer, save_form
from web.agent.view import item_number
from web.i18n import N_
from web.panel import Panel


class NotTaken(Exception):
    """The form is not complete: `text` is a message id that says what is missing, `values` fill it in."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values = values


class Result(BaseModel):
    """The form as it is sent. `call_again_at` is the site's local time, empty where there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    disposition: str
    wishes: str
    call_again_at: str
    finish: bool


def store_answer(
    conn: Connection,
    panel: Panel,
    agent_id: str,
    attempt_id: str,
    question_id: str,
    value: str,
    given_at: datetime,
) -> Answer:
    """Store an answer that was given at `given_at`; returns what is stored now.

    One that was held up on its way does not undo a later one of another tab.

    Raises:
        BadAnswer: it does not fit, or the call is not this agent's, or its form is closed.
    """
    owed = _owed(conn, attempt_id)
    known = answers_of(conn, owed.id).get(question_id) if owed else None
    if known is not None and known.at > given_at:
        return known
    save_answer(
        conn,
        panel.library,
        agent_id=agent_id,
        attempt_id=attempt_id,
        question_id=question_id,
        value=value,
        now=given_at,
    )
    assert owed is not None  # else the core had refused it
    return answers_of(conn, owed.id)[question_id]


def choices() -> list[tuple[Disposition, str]]:
    """The dispositions to choose from, each with whether it takes a time: needed, allowed or none."""
    taken = {Disposition.CUT_OFF: "allowed"}
    return [(known, "needed" if MEANING[known].needs_time else taken.get(known, "")) for known in Disposition]


def save(
    conn: Connection, panel: Panel, agent_id: str, attempt_id: str, result: Result, now: datetime
) -> None:
    """Close the form, and end the wrap-up where that was asked for.

    Raises:
        NotTaken: the form is not complete.
        BadAnswer: the call is not over, not this agent's, or its form is closed.
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


def _owed(conn: Connection, attempt_id: str) -> FollowUp | None:
    current = attempt(conn, attempt_id)
    return follow_up(conn, current.follow_up_id) if current else None


def _demand_answers(conn: Connection, panel: Panel, attempt_id: str) -> None:
    owed = _owed(conn, attempt_id)
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
