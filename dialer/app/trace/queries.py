"""Everything the database knows of one call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select

from dialer.agents.tables import agent_history, agents
from dialer.calling.inbound.tables import tickets
from dialer.calling.incall.tables import speaker_turns
from dialer.calling.modes.tables import offers
from dialer.calling.queries import Attempt, attempt
from dialer.calling.states import CallMode
from dialer.calling.tables import attempts, call_parties, repairs
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
# Who rings waits so long before an attempt puts him through.
_BEFORE = timedelta(minutes=10)
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
    offers: tuple[Row, ...]
    tickets: tuple[Row, ...]
    parties: tuple[Row, ...]
    turns: tuple[Row, ...]
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

    @property
    def channels(self) -> frozenset[str]:
        """By which ids the telephone system knows who took part besides the attempt's own two legs."""
        return frozenset(
            (*(str(one["id"]) for one in self.parties), *(str(one["call_id"]) for one in self.tickets))
        )


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
    laid = every(select(offers).where(offers.c.follow_up_id == owed.id, offers.c.attempt_id == attempt_id))
    rang = every(select(tickets).where(_rang(current)))
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
        events=(
            *of_subject(conn, attempt_id),
            *around,
            *(row for one in (*laid, *rang) for row in of_subject(conn, one["id"])),
        ),
        # Also of those who were asked into it.
        history=every(
            select(agent_history, agents.c.name.label("agent"))
            .join(agents, agents.c.id == agent_history.c.agent_id)
            .where(
                agent_history.c.attempt_id == attempt_id,
                agent_history.c.ended_at >= current.placed_at,
                agent_history.c.ended_at <= until,
            )
        ),
        repairs=every(select(repairs).where(repairs.c.attempt_id == attempt_id)),
        offers=laid,
        tickets=rang,
        parties=every(
            select(call_parties, agents.c.name.label("agent"))
            .outerjoin(agents, agents.c.id == call_parties.c.agent_id)
            .where(call_parties.c.attempt_id == attempt_id)
        ),
        turns=every(
            select(speaker_turns, agents.c.name.label("agent"), call_parties.c.extension)
            .outerjoin(agents, agents.c.id == speaker_turns.c.agent_id)
            .outerjoin(call_parties, call_parties.c.id == speaker_turns.c.party_id)
            .where(speaker_turns.c.attempt_id == attempt_id)
        ),
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


def _rang(current: Attempt) -> ColumnElement[bool]:
    """The tickets of the customer who rang; another attempt may have put him through after this one."""
    rang_at = tickets.c.rang_at
    shortly_before = rang_at.between(current.placed_at - _BEFORE, current.placed_at)
    same = and_(tickets.c.follow_up_id == current.follow_up_id, shortly_before)
    return or_(tickets.c.attempt_id == current.id, and_(same, literal(current.mode == CallMode.INBOUND)))
