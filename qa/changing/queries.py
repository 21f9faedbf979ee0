"""All SQL of versions, drafts and replays."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from dialer.calling.tables import attempts
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.storage.rows import fetch, fetch_one
from qa.changing.rules import EXAMPLES, Flip, Span
from qa.changing.states import DraftState, ReplayState
from qa.changing.tables import rule_drafts, rule_flips, rule_replays, rule_set_versions
from qa.checks.states import CheckState
from qa.checks.tables import checks
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import transcripts


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A published version. It is never changed again."""

    rule_set: str
    version: int
    yaml: str
    rules: Mapping[str, Any]
    fingerprint: str
    shipped: str | None
    authors: Sequence[str]
    approved_by: str
    note: str
    unreplayed: str
    replay_id: str | None
    effective_from: datetime
    script_from: int | None
    published_at: datetime

    @property
    def own(self) -> bool:
        """Whether a person published it; False: it came with the product."""
        return self.approved_by != ""

    @property
    def span(self) -> Span:
        """Which calls it judges."""
        return Span(self.version, self.effective_from, self.script_from)


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft of the next version."""

    id: str
    rule_set: str
    number: int
    state: DraftState
    yaml: str
    based_on: int
    shipped: str | None
    authors: Sequence[str]
    revision: int
    created_at: datetime
    changed_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", DraftState(self.state))


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """A replay: what is tried against what, on which calls, how far it is, and what would flip."""

    id: str
    rule_set: str
    draft_id: str | None
    state: ReplayState
    yaml: str
    fingerprint: str
    rules: Mapping[str, Any]
    against: int
    against_rules: Mapping[str, Any]
    playbooks: Sequence[str]
    since: datetime | None
    most: int | None
    cursor: str | None
    total: int
    done: int
    flipped: int
    unjudged: int
    counts: Mapping[str, Mapping[str, int]]
    work_seconds: float
    error: str | None
    asked_by: str
    created_at: datetime
    due_at: datetime
    done_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", ReplayState(self.state))

    @property
    def a_second(self) -> float:
        """Transcripts judged by both rule sets in a second of work."""
        return self.done / self.work_seconds if self.work_seconds else 0.0


@dataclass(frozen=True, slots=True)
class FlipRow:
    """One example of a flip, with the call it is of. Times in seconds of its recording."""

    attempt_id: str
    rule_id: str
    before: str
    after: str
    before_reason: str
    after_reason: str
    channel: str | None
    start: float | None
    end: float | None
    words: str | None
    placed_at: datetime
    plate: str | None
    name: str


# --- versions


def versions_of(conn: Connection, rule_set: str) -> list[VersionRow]:
    """Every kept version of a rule set, the oldest first."""
    query = select(rule_set_versions).where(rule_set_versions.c.rule_set == rule_set)
    return fetch(conn, query.order_by(rule_set_versions.c.version), VersionRow)


def version_of(conn: Connection, rule_set: str, version: int) -> VersionRow | None:
    """One of them."""
    here = (rule_set_versions.c.rule_set == rule_set, rule_set_versions.c.version == version)
    return fetch_one(conn, select(rule_set_versions).where(*here), VersionRow)


def spans_of(conn: Connection, rule_set: str) -> list[Span]:
    """Which calls each version judges."""
    columns = ("version", "effective_from", "script_from")
    query = select(*(rule_set_versions.c[name] for name in columns))
    return fetch(conn, query.where(rule_set_versions.c.rule_set == rule_set), Span)


def rule_sets(conn: Connection) -> list[str]:
    """The ids of all rule sets with a version."""
    return list(conn.execute(select(rule_set_versions.c.rule_set).distinct()).scalars())


def add_version(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new version."""
    conn.execute(insert(rule_set_versions).values(**values))


# --- drafts


def drafts_of(conn: Connection, rule_set: str | None = None) -> list[DraftRow]:
    """The drafts of one rule set or of all, the newest first."""
    query = select(rule_drafts).order_by(rule_drafts.c.rule_set, rule_drafts.c.number.desc())
    return fetch(
        conn, query if rule_set is None else query.where(rule_drafts.c.rule_set == rule_set), DraftRow
    )


def draft(conn: Connection, draft_id: str) -> DraftRow | None:
    """One draft."""
    return fetch_one(conn, select(rule_drafts).where(rule_drafts.c.id == draft_id), DraftRow)


def draft_numbered(conn: Connection, rule_set: str, number: int) -> DraftRow | None:
    """The draft that people call by this number."""
    here = (rule_drafts.c.rule_set == rule_set, rule_drafts.c.number == number)
    return fetch_one(conn, select(rule_drafts).where(*here), DraftRow)


def open_draft(conn: Connection, rule_set: str) -> DraftRow | None:
    """The one that is being written."""
    here = (rule_drafts.c.rule_set == rule_set, rule_drafts.c.state == DraftState.OPEN)
    return fetch_one(conn, select(rule_drafts).where(*here), DraftRow)


def add_draft(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new draft, with the next number of its rule set."""
    last = select(func.max(rule_drafts.c.number)).where(rule_drafts.c.rule_set == values["rule_set"])
    conn.execute(insert(rule_drafts).values(number=(conn.execute(last).scalar() or 0) + 1, **values))


def change_draft(conn: Connection, draft_id: str, revision: int, values: Mapping[str, Any]) -> bool:
    """Save it, where nobody else did since this revision."""
    here = (
        rule_drafts.c.id == draft_id,
        rule_drafts.c.state == DraftState.OPEN,
        rule_drafts.c.revision == revision,
    )
    changed = update(rule_drafts).where(*here).values(revision=revision + 1, **values)
    return conn.execute(changed).rowcount == 1


# --- replays


def replay(conn: Connection, replay_id: str) -> ReplayRow | None:
    """One replay."""
    return fetch_one(conn, select(rule_replays).where(rule_replays.c.id == replay_id), ReplayRow)


def replays_of(conn: Connection, draft_id: str) -> list[ReplayRow]:
    """The replays of a draft, the newest first."""
    query = select(rule_replays).where(rule_replays.c.draft_id == draft_id)
    return fetch(conn, query.order_by(rule_replays.c.id.desc()), ReplayRow)


def unfinished_like(
    conn: Connection, fingerprint: str, against: int, since: datetime | None, most: int | None
) -> ReplayRow | None:
    """One that tries the same on the same calls, and did not come to its end."""
    query = select(rule_replays).where(
        rule_replays.c.fingerprint == fingerprint,
        rule_replays.c.against == against,
        rule_replays.c.state != ReplayState.DONE,
        rule_replays.c.since.is_(None) if since is None else rule_replays.c.since == since,
        rule_replays.c.most.is_(None) if most is None else rule_replays.c.most == most,
    )
    return fetch_one(conn, query.order_by(rule_replays.c.id.desc()).limit(1), ReplayRow)


def add_replay(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new replay."""
    conn.execute(insert(rule_replays).values(**values))


def due_replay(conn: Connection, now: datetime) -> ReplayRow | None:
    """The oldest that runs and that nobody works on."""
    query = select(rule_replays).where(
        rule_replays.c.state == ReplayState.RUNNING, rule_replays.c.due_at <= now
    )
    return fetch_one(conn, query.order_by(rule_replays.c.created_at).limit(1), ReplayRow)


def lease(conn: Connection, one: ReplayRow, until: datetime) -> bool:
    """Take it until then; False where another process was quicker."""
    here = (
        rule_replays.c.id == one.id,
        rule_replays.c.state == ReplayState.RUNNING,
        rule_replays.c.due_at == one.due_at,
    )
    return conn.execute(update(rule_replays).where(*here).values(due_at=until)).rowcount == 1


def advance(conn: Connection, replay_id: str, done: int, values: Mapping[str, Any]) -> bool:
    """Keep how far it came from `done`; False where it does not run any more, or another one works on it."""
    here = (
        rule_replays.c.id == replay_id,
        rule_replays.c.state == ReplayState.RUNNING,
        rule_replays.c.done == done,
    )
    return conn.execute(update(rule_replays).where(*here).values(**values)).rowcount == 1


def add_flips(
    conn: Connection,
    replay_id: str,
    known: Mapping[str, Mapping[str, int]],
    flips: Sequence[tuple[str, Flip]],
) -> None:
    """Keep examples (call and flip), where `known` says that there are not enough of their kind yet."""
    rows = []
    more: dict[tuple[str, str], int] = {}
    for attempt_id, flip in flips:
        change = f"{flip.before}>{flip.after}"
        seen = known.get(flip.rule_id, {}).get(change, 0) + more.get((flip.rule_id, change), 0)
        if seen < EXAMPLES:
            rows.append(_flip_row(replay_id, attempt_id, flip))
        more[flip.rule_id, change] = more.get((flip.rule_id, change), 0) + 1
    if rows:
        conn.execute(insert(rule_flips), rows)


def _flip_row(replay_id: str, attempt_id: str, flip: Flip) -> dict[str, Any]:
    proof = flip.proof
    return {
        "replay_id": replay_id,
        "attempt_id": attempt_id,
        "rule_id": flip.rule_id,
        "before": flip.before,
        "after": flip.after,
        "before_reason": flip.before_reason,
        "after_reason": flip.after_reason,
        "channel": proof.channel.value if proof else None,
        "start": round(proof.start, 3) if proof else None,
        "end": round(proof.end, 3) if proof else None,
        "words": proof.words if proof else None,
    }


def flips_of(
    conn: Connection,
    replay_id: str,
    rule_id: str = "",
    change: tuple[str, str] | None = None,
    limit: int = 200,
) -> list[FlipRow]:
    """The examples of a replay, of one rule or one change of it, the newest calls first."""
    wanted: list[ColumnElement[bool]] = [rule_flips.c.replay_id == replay_id]
    if rule_id:
        wanted.append(rule_flips.c.rule_id == rule_id)
    if change is not None:
        wanted += [rule_flips.c.before == change[0], rule_flips.c.after == change[1]]
    query = (
        select(
            *(column for column in rule_flips.c if column.name != "replay_id"),
            attempts.c.placed_at,
            follow_ups.c.plate,
            customers.c.name,
        )
        .join(attempts, attempts.c.id == rule_flips.c.attempt_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .where(*wanted)
        .order_by(rule_flips.c.rule_id, rule_flips.c.attempt_id.desc())
    )
    return fetch(conn, query.limit(limit), FlipRow)


def forget_flips(conn: Connection, replay_ids: Collection[str]) -> None:
    """Their examples are needed no more; the counts stay."""
    conn.execute(delete(rule_flips).where(rule_flips.c.replay_id.in_(replay_ids)))


# --- calls of the past


def calls_to_replay(conn: Connection, one: ReplayRow, limit: int) -> list[str]:
    """The next transcribed calls of a replay, from the newest to the oldest."""
    query = _calls(one.playbooks, one.since)
    if one.cursor is not None:
        query = query.where(attempts.c.id < one.cursor)
    return list(conn.execute(query.order_by(attempts.c.id.desc()).limit(limit)).scalars())


def count_calls(conn: Connection, playbooks: Sequence[str], since: datetime | None) -> int:
    """How many there are."""
    return conn.execute(select(func.count()).select_from(_calls(playbooks, since).subquery())).scalar_one()


def _calls(playbooks: Sequence[str], since: datetime | None) -> Select[Any]:
    query = (
        select(attempts.c.id)
        .join(transcripts, transcripts.c.attempt_id == attempts.c.id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(transcripts.c.state == TranscriptState.DONE, follow_ups.c.playbook.in_(playbooks))
    )
    return query if since is None else query.where(attempts.c.placed_at >= since)


def checked_otherwise(
    conn: Connection, rule_set: str, version: int, since: datetime | None, limit: int
) -> list[str]:
    """Calls that another version of this rule set judged, the newest first."""
    query = (
        select(checks.c.attempt_id)
        .join(attempts, attempts.c.id == checks.c.attempt_id)
        .where(
            checks.c.rule_set == rule_set,
            checks.c.rule_set_version != version,
            checks.c.state == CheckState.DONE,
        )
    )
    if since is not None:
        query = query.where(attempts.c.placed_at >= since)
    return list(conn.execute(query.order_by(attempts.c.id.desc()).limit(limit)).scalars())
