"""Everything the database knows of one call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, select

from dialer.agents.tables import agent_history, agents
from dialer.calling.queries import Attempt, attempt
from dialer.calling.tables import attempts, repairs
from dialer.cases.tables import cases, question_items, tasks
from dialer.customers.tables import contacts
from dialer.explaining.queries import decided
from dialer.explaining.values import Decided
from dialer.followups.queries import FollowUp, follow_up
from dialer.forms.tables import answers, result_forms
from dialer.storage.feed import EventRow, of_subject
from qa.checks.tables import checks, findings
from qa.transcripts.tables import segments, transcripts
from recordings.tables import early_clips, recordings, takeovers

Row = Mapping[str, Any]

_NAMED = 5
_ID_LENGTH = 26
# What follows from a call: its form, its transcript, its checks.
_AFTERWARDS = timedelta(days=1)


class NoSuchCall(Exception):
    """No attempt, or several, begin like this. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All rows about one attempt. Lists are in no order."""

    attempt: Attempt
    owed: FollowUp
    agent: Row
    decided: tuple[Decided, ...]
    events: tuple[EventRow, ...]
    history: tuple[Row, ...]
    repairs: tuple[Row, ...]
    recording: Row | None
    clip: Row | None
    takeover: Row | None
    transcript: Row | None
    said: tuple[Row, ...]
    check: Row | None
    findings: tuple[Row, ...]
    answers: tuple[Row, ...]
    form: Row | None
    contacts: tuple[Row, ...]
    brought_about: tuple[tuple[str, Row], ...]


def find(conn: Connection, key: str) -> str:
    """The id of the one attempt whose id is, or begins with, `key`.

    Raises:
        NoSuchCall: there is none, or there are several.
    """
    wanted = key.strip().upper()
    if not wanted.isalnum() or not wanted.isascii() or len(wanted) > _ID_LENGTH:
        raise NoSuchCall(
            f"{key!r} is no id of an attempt: it has {_ID_LENGTH} letters and digits, as the call's page and "
            "the log show it. With a plate or number, `dialer explain` lists a customer's attempts."
        )
    query = select(attempts.c.id).where(attempts.c.id >= wanted, attempts.c.id < wanted + "~")
    found = list(conn.execute(query.order_by(attempts.c.id).limit(_NAMED + 1)).scalars())
    if not found:
        raise NoSuchCall(
            f"there is no attempt whose id begins with {wanted}. "
            "`dialer explain` with a plate, number or name lists a customer's attempts."
        )
    if len(found) > 1:
        more = ", …" if len(found) > _NAMED else ""
        raise NoSuchCall(f"several attempts begin with {wanted}: {', '.join(found[:_NAMED])}{more}")
    return str(found[0])


def gather(conn: Connection, attempt_id: str) -> Facts:
    """Every row about this attempt, which must exist."""
    current = attempt(conn, attempt_id)
    assert current is not None
    owed = follow_up(conn, current.follow_up_id)
    assert owed is not None  # the foreign key says so
    until = (current.ended_at or current.placed_at) + _AFTERWARDS

    def every(query: Select[*tuple[Any, ...]]) -> tuple[Row, ...]:
        return tuple(dict(row) for row in conn.execute(query).mappings())

    def one(query: Select[*tuple[Any, ...]]) -> Row | None:
        return next(iter(every(query)), None)

    around = [row for row in of_subject(conn, owed.id) if current.placed_at <= row.at <= until]
    judged = decided(conn, [owed.id, owed.occasion_id])
    return Facts(
        attempt=current,
        owed=owed,
        agent=one(select(agents.c.name, agents.c.code).where(agents.c.id == current.agent_id)) or {},
        decided=tuple(
            each
            for (_, playbook), row in judged.items()
            for each in row
            if playbook == owed.playbook and each.at <= until and each.attempt_id in (None, attempt_id)
        ),
        events=(*of_subject(conn, attempt_id), *around),
        history=every(
            select(agent_history).where(
                agent_history.c.agent_id == current.agent_id,
                agent_history.c.attempt_id == attempt_id,
                agent_history.c.ended_at >= current.placed_at,
            )
        ),
        repairs=every(select(repairs).where(repairs.c.attempt_id == attempt_id)),
        recording=one(select(recordings).where(recordings.c.attempt_id == attempt_id)),
        clip=one(select(early_clips).where(early_clips.c.attempt_id == attempt_id)),
        takeover=one(select(takeovers).where(takeovers.c.attempt_id == attempt_id)),
        transcript=one(select(transcripts).where(transcripts.c.attempt_id == attempt_id)),
        said=every(
            select(segments.c.channel, segments.c.start, segments.c.end, segments.c.text).where(
                segments.c.attempt_id == attempt_id
            )
        ),
        check=one(select(checks).where(checks.c.attempt_id == attempt_id)),
        findings=every(
            select(findings.c.rule_id, findings.c.verdict, findings.c.reason, findings.c.words)
            .where(findings.c.attempt_id == attempt_id)
            .order_by(findings.c.position)
        ),
        answers=every(
            select(answers).where(answers.c.follow_up_id == owed.id, answers.c.attempt_id == attempt_id)
        ),
        form=one(select(result_forms).where(result_forms.c.attempt_id == attempt_id)),
        contacts=every(
            select(contacts.c.kind, contacts.c.at, contacts.c.exempt).where(
                contacts.c.customer_id == owed.customer_id, contacts.c.attempt_id == attempt_id
            )
        ),
        brought_about=tuple(
            (table.name, row)
            for table in (cases, question_items, tasks)
            for row in every(
                select(table).where(table.c.follow_up_id == owed.id, table.c.attempt_id == attempt_id)
            )
        ),
    )
