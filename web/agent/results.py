"""Taking down answers and closing the form: refused with a sentence in the agent's language (T2, T3)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from dialer.calling.queries import attempt
from dialer.followups.queries import follow_up
from dialer.forms import service as forms
from dialer.forms.queries import Answer
from dialer.forms.rules import MEANING, Disposition, Satisfaction
from dialer.forms.topics import Topic, find, topics_of
from dialer.playbooks.asking import IDENTITY
from web.agent.view import item_number
from web.i18n import N_
from web.panel import Panel

# The dispositions that may name the time of the next call.
_TAKES_TIME = (Disposition.CALL_AGAIN, Disposition.CUT_OFF)


class NotTaken(Exception):
    """The form is not complete: `text` is a message id that says what is missing, `values` fill it in."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values = values


class Result(BaseModel):
    """The form as it is sent. Times are the site's local time, empty where there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    disposition: str
    wishes: str
    call_again_at: str
    finish: bool
    satisfaction: str = ""
    next_step: str = ""
    promise: str = ""
    promise_at: str = ""


def store_answer(
    conn: Connection,
    panel: Panel,
    agent_id: str,
    attempt_id: str,
    question_id: str,
    value: str,
    given_at: datetime,
    after: float | None = None,
) -> tuple[Answer, tuple[Topic, ...]]:
    """Store an answer that was given at `given_at`; returns what is stored now, and how the call stands.

    One that was held up on its way does not undo a later one of another tab. `after` is the time (seconds) of
    the stored answer that the sender knows and corrects: that one is older, whatever the times say. How long
    each was on its way is in them, too.

    Raises:
        BadAnswer: it does not fit, or the call is not this agent's, or its form is closed.
    """
    topics = _topics(conn, panel, attempt_id)
    known = _stored(topics, question_id) if topics else None
    if known is not None and known.at.timestamp() == after:
        given_at = max(given_at, known.at)
    if known is None or known.at <= given_at:
        forms.save_answer(
            conn,
            panel.library,
            agent_id=agent_id,
            attempt_id=attempt_id,
            question_id=question_id,
            value=value,
            now=given_at,
        )
        topics = _topics(conn, panel, attempt_id)
        known = _stored(topics, question_id)
    assert known is not None  # else the core had refused it
    return known, topics


def check_identity(
    conn: Connection,
    panel: Panel,
    agent_id: str,
    attempt_id: str,
    question_id: str,
    said: str,
    now: datetime,
) -> tuple[Answer, tuple[Topic, ...]]:
    """Compare what the customer said with the record; returns what is stored of it, and how the call stands.

    Raises:
        BadAnswer: as the core's `check_identity`.
    """
    forms.check_identity(
        conn,
        panel.library,
        agent_id=agent_id,
        attempt_id=attempt_id,
        question_id=question_id,
        said=said,
        now=now,
    )
    topics = _topics(conn, panel, attempt_id)
    known = _stored(topics, question_id)
    assert known is not None  # it was stored just now
    return known, topics


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
        _demand_answers(_topics(conn, panel, attempt_id))
    zone = panel.settings.zone
    again_at = None
    if disposition in _TAKES_TIME:
        again_at = _later(result.call_again_at, zone, now)
    if MEANING[disposition].needs_time and again_at is None:
        raise NotTaken(N_("Say when the customer is to be called again."))
    promise_at = _later(result.promise_at, zone, now) if result.promise.strip() else None
    if result.promise.strip() and promise_at is None:
        raise NotTaken(N_("Say by when the reply was promised."))
    forms.save_form(
        conn,
        panel.library,
        agent_id=agent_id,
        attempt_id=attempt_id,
        disposition=disposition,
        wishes=result.wishes,
        call_again_at=again_at,
        satisfaction=_satisfaction(result.satisfaction),
        next_step=result.next_step,
        promise=result.promise,
        promise_at=promise_at,
        zone=zone,
        now=now,
        max_tries=panel.planning.max_tries,
    )
    if result.finish:
        forms.finish_wrap_up(conn, agent_id, now)


def _satisfaction(text: str) -> Satisfaction | None:
    return Satisfaction(text) if text in set(Satisfaction) else None


def _topics(conn: Connection, panel: Panel, attempt_id: str) -> tuple[Topic, ...]:
    placed = attempt(conn, attempt_id)
    owed = follow_up(conn, placed.follow_up_id) if placed else None
    return topics_of(conn, panel.library, owed) if owed else ()


def _stored(topics: tuple[Topic, ...], name: str) -> Answer | None:
    topic, question_id = find(topics, name)
    return topic.given.get(question_id)


def _demand_answers(topics: tuple[Topic, ...]) -> None:
    numbers = [
        number
        for topic in topics
        for number in (
            *(["ID"] if IDENTITY in topic.standing.missing else []),
            *(
                item_number(question.id, index)
                for index, question in enumerate(topic.playbook.questionnaire, 1)
                if question.id in topic.standing.missing
            ),
        )
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
