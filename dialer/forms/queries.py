"""All SQL about answers and result forms."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dialer.forms.tables import answers, result_forms
from dialer.storage.rows import fetch, fetch_one


@dataclass(frozen=True, slots=True)
class Answer:
    """One stored answer."""

    follow_up_id: str
    question_id: str
    attempt_id: str
    playbook_version: int
    value: str
    second: float
    at: datetime


@dataclass(frozen=True, slots=True)
class ResultForm:
    """The result form of one call (回访记录)."""

    attempt_id: str
    follow_up_id: str
    disposition: str
    wishes: str
    call_again_at: datetime | None
    saved_at: datetime


def answers_of(conn: Connection, follow_up_id: str) -> dict[str, Answer]:
    """The answers of a follow-up by question id."""
    query = select(answers).where(answers.c.follow_up_id == follow_up_id)
    return {answer.question_id: answer for answer in fetch(conn, query, Answer)}


def form_of(conn: Connection, attempt_id: str) -> ResultForm | None:
    """The saved result form of this call, if it was saved."""
    query = select(result_forms).where(result_forms.c.attempt_id == attempt_id)
    return fetch_one(conn, query, ResultForm)
