"""Everything that ever happened with a customer, in order (C5): reads the tables of every layer below."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.cases.tables import cases, question_items, tasks
from dialer.customers.tables import contacts, corrections, merges, occasions
from dialer.followups.tables import follow_ups
from dialer.forms.tables import answers, result_forms
from dialer.planning.tables import exclusions
from qa.announcements.tables import announcements
from qa.transcripts.tables import segments, transcripts
from recordings.tables import early_clips, recordings

_MOST_SAID = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: `kind` names its template, `data` its row."""

    at: datetime
    kind: str
    id: str
    data: Mapping[str, Any]
    # Of a call: answers in the order of the talk, and the words of the transcript.
    answers: Sequence[Mapping[str, Any]] = ()
    said: str = ""


@dataclass(slots=True)
class Timeline:
    """A customer's entries, the newest first."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, kind: str, at: datetime | None, row: Mapping[str, Any], key: str = "id") -> None:
        """Put in what a row tells."""
        if at is not None:
            self.entries.append(Entry(at, kind, str(row[key]), row))


def timeline(conn: Connection, records: Sequence[str]) -> list[Entry]:
    """Every occasion, call with its recording, transcript and answers, case, item, task, message,
    correction, merge, and occasion that was not called, of all records of a person; the newest first."""
    found = Timeline()
    _rows(conn, found, "occasion", occasions, "happened_at", records)
    _rows(conn, found, "case", cases, "opened_at", records)
    _rows(conn, found, "item", question_items, "opened_at", records)
    _rows(conn, found, "task", tasks, "made_at", records)
    _rows(conn, found, "correction", corrections, "at", records)
    _rows(conn, found, "left_out", exclusions, "at", records)
    by_hand = select(contacts).where(
        contacts.c.customer_id.in_(records), contacts.c.kind.in_(("message", "visit"))
    )
    for row in conn.execute(by_hand).mappings():
        found.add("contact", row["at"], dict(row))
    for row in conn.execute(select(merges).where(merges.c.kept_id.in_(records))).mappings():
        found.add("merge", row["at"], dict(row))
    found.entries.extend(_calls(conn, records))
    return sorted(found.entries, key=lambda one: (one.at, one.id), reverse=True)


def _rows(conn: Connection, found: Timeline, kind: str, table: Any, at: str, records: Sequence[str]) -> None:
    for row in conn.execute(select(table).where(table.c.customer_id.in_(records))).mappings():
        found.add(kind, row[at], dict(row))


def _calls(conn: Connection, records: Sequence[str]) -> list[Entry]:
    query = (
        select(
            attempts.c.id,
            attempts.c.number,
            attempts.c.state,
            attempts.c.placed_at,
            attempts.c.answered_at,
            attempts.c.ended_at,
            attempts.c.outcome,
            attempts.c.heard,
            attempts.c.playbook_version,
            agents.c.name.label("agent"),
            follow_ups.c.id.label("follow_up_id"),
            follow_ups.c.playbook,
            follow_ups.c.plate,
            follow_ups.c.playbook_version.label("owed_version"),
            result_forms.c.disposition,
            result_forms.c.wishes,
            result_forms.c.satisfaction,
            recordings.c.state.label("recording"),
            recordings.c.seconds,
            transcripts.c.state.label("transcript"),
            announcements.c.heard.label("line"),
            announcements.c.words.label("line_words"),
            early_clips.c.seconds.label("early_seconds"),
        )
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .outerjoin(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .outerjoin(recordings, recordings.c.attempt_id == attempts.c.id)
        .outerjoin(transcripts, transcripts.c.attempt_id == attempts.c.id)
        .outerjoin(announcements, announcements.c.attempt_id == attempts.c.id)
        .outerjoin(early_clips, early_clips.c.attempt_id == attempts.c.id)
        .where(follow_ups.c.customer_id.in_(records))
    )
    rows = [dict(row) for row in conn.execute(query).mappings()]
    ids = [row["id"] for row in rows]
    given: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    of_calls = select(answers).where(answers.c.attempt_id.in_(ids)).order_by(answers.c.at)
    for answer in conn.execute(of_calls).mappings():
        given[answer["attempt_id"]].append(dict(answer))
    said: defaultdict[str, list[str]] = defaultdict(list)
    words = (
        select(segments.c.attempt_id, segments.c.text)
        .where(segments.c.attempt_id.in_(ids))
        .order_by(segments.c.attempt_id, segments.c.position)
    )
    for segment in conn.execute(words):
        said[segment.attempt_id].append(segment.text)
    return [
        Entry(row["placed_at"], "call", row["id"], row, given[row["id"]], _start(said[row["id"]]))
        for row in rows
    ]


def _start(texts: Sequence[str]) -> str:
    text = " / ".join(texts)
    return text if len(text) <= _MOST_SAID else text[:_MOST_SAID] + "…"
