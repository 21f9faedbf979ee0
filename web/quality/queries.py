"""The SQL of the QA pages: calls with everything known of them on one line."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, select

from dialer.agents.tables import agents
from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts
from dialer.cases.states import TaskKind, TaskState
from dialer.cases.tables import tasks
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.forms.tables import result_forms
from dialer.storage.rows import fetch
from dialer.telephony.outcomes import DialOutcome
from qa.checks.tables import checks
from qa.reviews.in_force import counts_in_force, has_standing
from qa.rules.findings import Verdict
from qa.transcripts.tables import transcripts
from recordings.tables import recordings


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call. The states are None where there is no such thing; counts before the check.

    Of a call that a person has `reviewed` his verdicts count, not the machine's.
    """

    attempt_id: str
    follow_up_id: str
    placed_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    hung_up_by: str | None
    number: str
    plate: str | None
    branch: str
    name: str
    salutation: str
    agent_name: str
    agent_code: str
    playbook: str
    playbook_version: int | None
    outcome: str
    # What was heard instead of the customer.
    heard: str | None
    disposition: str | None
    wishes: str | None
    call_again_at: datetime | None
    recording_state: str | None
    seconds: float | None
    transcript_state: str | None
    check_state: str | None
    passes: int | None
    fails: int | None
    unclears: int | None
    reviewed: bool = False

    @property
    def talk_seconds(self) -> float | None:
        """From the answer to the end."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.answered_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls to list; empty means any. `verdict`: fail, unclear, pass, unchecked or question."""

    agent_id: str = ""
    plate: str = ""
    verdict: str = ""
    all_tries: bool = False


_FAILED = has_standing(Verdict.FAIL)
_UNCLEAR = has_standing(Verdict.UNCLEAR)
_VERDICTS: dict[str, ColumnElement[bool]] = {
    "fail": _FAILED,
    "unclear": _UNCLEAR,
    "pass": checks.c.fails.is_not(None) & ~_FAILED & ~_UNCLEAR,
    "unchecked": checks.c.fails.is_(None),
    # QA has to say whether it makes a question item.
    "question": exists().where(
        tasks.c.attempt_id == attempts.c.id,
        tasks.c.kind == TaskKind.QUESTION,
        tasks.c.state == TaskState.OPEN,
    ),
}


def calls(
    conn: Connection, wanted: Filter, *, hidden: Collection[str] = (), limit: int, offset: int
) -> list[CallRow]:
    """Calls that are over, the newest first; those whose verdicts are `hidden` are not found by them (S4)."""
    query = _call().where(attempts.c.state == AttemptState.ENDED)
    if not wanted.all_tries:
        query = query.where(attempts.c.outcome == DialOutcome.ANSWERED)
    if wanted.agent_id:
        query = query.where(attempts.c.agent_id == wanted.agent_id)
    if wanted.plate:
        query = query.where(follow_ups.c.plate.contains(wanted.plate, autoescape=True))
    if wanted.verdict in _VERDICTS:
        query = query.where(_VERDICTS[wanted.verdict], attempts.c.id.not_in(hidden))
    newest = query.order_by(attempts.c.placed_at.desc(), attempts.c.id.desc())
    return _as_people_say(conn, fetch(conn, newest.limit(limit).offset(offset), CallRow))


def call(conn: Connection, attempt_id: str) -> CallRow | None:
    """One call that is over."""
    query = _call().where(attempts.c.id == attempt_id, attempts.c.state == AttemptState.ENDED)
    return next(iter(_as_people_say(conn, fetch(conn, query, CallRow))), None)


def _as_people_say(conn: Connection, rows: list[CallRow]) -> list[CallRow]:
    counted = counts_in_force(conn, [row.attempt_id for row in rows])
    return [
        replace(
            row,
            passes=count[Verdict.PASS],
            fails=count[Verdict.FAIL],
            unclears=count[Verdict.UNCLEAR],
            reviewed=True,
        )
        if (count := counted.get(row.attempt_id))
        else row
        for row in rows
    ]


def _call() -> Select[Any]:
    return (
        select(
            attempts.c.id.label("attempt_id"),
            attempts.c.follow_up_id,
            attempts.c.placed_at,
            attempts.c.answered_at,
            attempts.c.ended_at,
            attempts.c.hung_up_by,
            attempts.c.number,
            follow_ups.c.plate,
            follow_ups.c.branch,
            customers.c.name,
            customers.c.salutation,
            agents.c.name.label("agent_name"),
            agents.c.code.label("agent_code"),
            follow_ups.c.playbook,
            attempts.c.playbook_version,
            attempts.c.outcome,
            attempts.c.heard,
            result_forms.c.disposition,
            result_forms.c.wishes,
            result_forms.c.call_again_at,
            recordings.c.state.label("recording_state"),
            recordings.c.seconds,
            transcripts.c.state.label("transcript_state"),
            checks.c.state.label("check_state"),
            checks.c.passes,
            checks.c.fails,
            checks.c.unclears,
        )
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .outerjoin(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .outerjoin(recordings, recordings.c.attempt_id == attempts.c.id)
        .outerjoin(transcripts, transcripts.c.attempt_id == attempts.c.id)
        .outerjoin(checks, checks.c.attempt_id == attempts.c.id)
    )
