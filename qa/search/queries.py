"""All SQL of the search."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)

from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.forms.tables import result_forms
from dialer.storage.dialects import has_phrase, upsert
from dialer.storage.rows import fetch
from qa.checks.tables import checks, findings
from qa.reviews.in_force import has_standing
from qa.search.rules import FORM, LEAST_ALIKE, Nearness, Passage, Phrase
from qa.search.tables import PASSAGE_WORDS, indexed_calls, passages
from qa.transcripts.tables import transcripts

# So many passages that are only alike are looked at, the newest ones.
MOST_ALIKE = 300


@dataclass(frozen=True, slots=True)
class Filter:
    """Of which calls; empty means any. `until` is not included; `rule` goes with `verdict`.

    Calls whose verdicts are `hidden` from who searches are not found by them (S4).
    """

    agent_id: str = ""
    agent_code: str = ""
    plate: str = ""
    since: datetime | None = None
    until: datetime | None = None
    disposition: str = ""
    playbook: str = ""
    channel: str = ""
    rule: str = ""
    verdict: str = ""
    hidden: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A passage that has the words, with its call."""

    attempt_id: str
    channel: str
    start: float
    chars: str
    sounds: str
    words: Sequence[tuple[str, float, float, int]]
    placed_at: datetime
    plate: str | None
    name: str
    salutation: str
    agent_code: str
    agent_name: str
    playbook: str
    disposition: str | None
    nearness: int = Nearness.ALIKE


def found(
    conn: Connection, sought: Sequence[Phrase], wanted: Filter, *, limit: int, offset: int
) -> list[FoundRow]:
    """Passages with every phrase whole, the nearest first, then the newest."""
    near = _nearness(conn, sought)
    query = _passages(wanted).add_columns(near.label("nearness")).where(_whole(conn, sought))
    return fetch(conn, query.order_by(near, *_NEWEST).limit(limit).offset(offset), FoundRow)


def count(conn: Connection, sought: Sequence[Phrase], wanted: Filter) -> tuple[int, int]:
    """How many passages have every phrase whole, and how many calls."""
    some = _passages(wanted).where(_whole(conn, sought)).subquery()
    query = select(func.count(), func.count(some.c.attempt_id.distinct())).select_from(some)
    places, calls = conn.execute(query).one()
    return int(places), int(calls)


def perhaps(conn: Connection, sought: Sequence[Phrase], wanted: Filter) -> list[FoundRow]:
    """Passages that have a piece of each phrase and are to be judged, the newest first."""
    if any(len(phrase.syllables) < LEAST_ALIKE for phrase in sought):
        return []
    alike = and_(*(has_phrase(conn, passages, PASSAGE_WORDS, one.pieces()) for one in sought))
    query = _passages(wanted).where(alike, not_(_whole(conn, sought)))
    return fetch(conn, query.order_by(*_NEWEST).limit(MOST_ALIKE), FoundRow)


_NEWEST = (attempts.c.placed_at.desc(), attempts.c.id.desc(), passages.c.position)


def _whole(conn: Connection, sought: Sequence[Phrase]) -> ColumnElement[bool]:
    return and_(*(has_phrase(conn, passages, PASSAGE_WORDS, list(one.kinds().values())) for one in sought))


def _nearness(conn: Connection, sought: Sequence[Phrase]) -> ColumnElement[Any]:
    def has(nearness: Nearness) -> ColumnElement[bool]:
        return and_(
            *(
                has_phrase(conn, passages, PASSAGE_WORDS, list(one.kinds().values())[: nearness + 1])
                for one in sought
            )
        )

    return case(
        (has(Nearness.EXACT), int(Nearness.EXACT)),
        (has(Nearness.SAME_SOUND), int(Nearness.SAME_SOUND)),
        else_=int(Nearness.EASILY_MIXED_UP),
    )


def _passages(wanted: Filter) -> Select[Any]:
    query = (
        select(
            passages.c.attempt_id,
            passages.c.channel,
            passages.c.start,
            passages.c.chars,
            passages.c.sounds,
            passages.c.words,
            attempts.c.placed_at,
            follow_ups.c.plate,
            customers.c.name,
            customers.c.salutation,
            agents.c.code.label("agent_code"),
            agents.c.name.label("agent_name"),
            follow_ups.c.playbook,
            result_forms.c.disposition,
        )
        .select_from(passages)
        .join(attempts, attempts.c.id == passages.c.attempt_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .outerjoin(result_forms, result_forms.c.attempt_id == attempts.c.id)
    )
    for column, value in (
        (attempts.c.agent_id, wanted.agent_id),
        (agents.c.code, wanted.agent_code),
        (follow_ups.c.playbook, wanted.playbook),
        (result_forms.c.disposition, wanted.disposition),
        (passages.c.channel, wanted.channel),
    ):
        if value:
            query = query.where(column == value)
    if wanted.plate:
        query = query.where(follow_ups.c.plate.contains(wanted.plate, autoescape=True))
    if wanted.since is not None:
        query = query.where(attempts.c.placed_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(attempts.c.placed_at < wanted.until)
    if wanted.verdict:
        query = query.outerjoin(checks, checks.c.attempt_id == attempts.c.id)
        query = query.where(has_standing(wanted.verdict, wanted.rule), attempts.c.id.not_in(wanted.hidden))
    elif wanted.rule:
        judged = exists().where(findings.c.attempt_id == attempts.c.id, findings.c.rule_id == wanted.rule)
        query = query.where(judged, attempts.c.id.not_in(wanted.hidden))
    return query


def queue(conn: Connection, attempt_id: str) -> None:
    """This call's words are to be indexed (again)."""
    upsert(conn, indexed_calls, {"attempt_id": attempt_id, "form": 0}, ["attempt_id"])


def queue_all(conn: Connection, *, anew: bool) -> int:
    """Queue every transcribed call that is not there, and with `anew` every one; how many wait."""
    there = select(indexed_calls.c.attempt_id)
    missing = select(transcripts.c.attempt_id, literal(0)).where(
        transcripts.c.done_at.is_not(None), transcripts.c.attempt_id.not_in(there)
    )
    conn.execute(insert(indexed_calls).from_select(["attempt_id", "form"], missing))
    if anew:
        conn.execute(update(indexed_calls).values(form=0))
    return waiting(conn)


def waiting(conn: Connection) -> int:
    """How many calls wait to be indexed."""
    query = select(func.count()).select_from(indexed_calls).where(indexed_calls.c.form < FORM)
    return conn.execute(query).scalar_one()


def next_waiting(conn: Connection, limit: int) -> list[str]:
    """Calls to be indexed."""
    query = select(indexed_calls.c.attempt_id).where(indexed_calls.c.form < FORM)
    return list(conn.execute(query.order_by(indexed_calls.c.attempt_id.desc()).limit(limit)).scalars())


def replace(conn: Connection, attempt_id: str, said: Sequence[Passage]) -> None:
    """These passages instead of any that were there."""
    conn.execute(delete(passages).where(passages.c.attempt_id == attempt_id))
    rows = [
        {
            "attempt_id": attempt_id,
            "position": position,
            "channel": one.channel.value,
            "start": round(one.start, 3),
            "chars": one.chars,
            "sounds": one.sounds,
            "words": [[text, round(start, 3), round(end, 3), size] for text, start, end, size in one.words],
            "tokens": one.tokens,
        }
        for position, one in enumerate(said)
    ]
    if rows:
        conn.execute(insert(passages), rows)
    upsert(conn, indexed_calls, {"attempt_id": attempt_id, "form": FORM}, ["attempt_id"])
