"""All SQL of the examiner's package: which occasions, and everything known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, or_, select, update

import qa.sampling.tables  # noqa: F401  a review refers to its sample
from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.cases.tables import question_items, tasks
from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.planning.tables import exclusions
from dialer.storage.feed import EventRow, events
from dialer.storage.rows import fetch, fetch_one
from qa.examiner.states import PackageState
from qa.examiner.tables import packages
from qa.reviews.tables import appeals, review_verdicts, reviews

Row = dict[str, Any]
# Whoever looked at a call, heard it, or took it along.
LOOKS = (
    "call.viewed",
    "recording.fetched",
    "recording.played",
    "early_clip.fetched",
    "package.made",
    "package.fetched",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which occasions: a policy or order number, one follow-up, or all of a time (`until` not included)."""

    policy: str = ""
    follow_up_id: str = ""
    playbook: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """One that was asked for on the page; `done` of `total` calls are packed, `bytes` its size when ready."""

    id: str
    follow_up_id: str
    policy: str
    asked_by: str
    asked_at: datetime
    state: PackageState
    due_at: datetime
    done: int
    total: int
    sha256: str | None
    bytes: int | None
    error: str | None
    finished_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", PackageState(self.state))

    @property
    def file_name(self) -> str:
        """The name of its file in the folder of packages."""
        return f"{self.id}.zip"

    @property
    def wanted(self) -> Wanted:
        """What is to be in it."""
        return Wanted(policy=self.policy, follow_up_id=self.follow_up_id)


def package_of(conn: Connection, package_id: str) -> Package | None:
    """The package with this id."""
    return fetch_one(conn, select(packages).where(packages.c.id == package_id), Package)


def latest_packages(conn: Connection, limit: int) -> list[Package]:
    """The latest ones, newest first."""
    return fetch(conn, select(packages).order_by(packages.c.id.desc()).limit(limit), Package)


def names_of(conn: Connection, follow_up_ids: Sequence[str]) -> dict[str, str]:
    """Customer and plate of these follow-ups, as people call them."""
    query = (
        select(follow_ups.c.id, customers.c.name, customers.c.salutation, follow_ups.c.plate)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .where(follow_ups.c.id.in_(follow_up_ids))
    )
    rows = conn.execute(query)
    return {row.id: f"{row.name}{row.salutation} {row.plate or ''}".strip() for row in rows}


def packages_in(conn: Connection, states: Sequence[PackageState]) -> list[Package]:
    """Those in these states, the longest due first."""
    query = select(packages).where(packages.c.state.in_(states)).order_by(packages.c.due_at)
    return fetch(conn, query, Package)


def note_progress(
    conn: Connection, package_id: str, held: datetime, until: datetime, done: int, total: int
) -> bool:
    """So many are packed, and it is held on; False where it was stopped, or taken by another process."""
    mine = (packages.c.id == package_id, packages.c.state == PackageState.PACKING, packages.c.due_at == held)
    values = {"done": done, "total": total, "due_at": until}
    return conn.execute(update(packages).where(*mine).values(**values)).rowcount > 0


def issued(conn: Connection, wanted: Wanted, kinds: Sequence[str]) -> list[Row]:
    """The occasions, oldest first, each with its customer."""
    query = select(occasions, customers.c.name, customers.c.salutation).join(
        customers, customers.c.id == occasions.c.customer_id
    )
    if wanted.policy:
        number = occasions.c.facts["policy_number"].as_string()
        query = query.where(or_(occasions.c.external_id == wanted.policy, number == wanted.policy))
    if wanted.follow_up_id:
        mine = select(follow_ups.c.occasion_id).where(follow_ups.c.id == wanted.follow_up_id)
        query = query.where(occasions.c.id.in_(mine))
    if kinds:
        query = query.where(occasions.c.kind.in_(kinds))
    if wanted.since is not None:
        query = query.where(occasions.c.happened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(occasions.c.happened_at < wanted.until)
    return _rows(conn, query.order_by(occasions.c.happened_at, occasions.c.id))


def follow_ups_of(conn: Connection, occasion_id: str, playbook: str) -> list[Row]:
    """What was owed for an occasion."""
    query = select(follow_ups).where(follow_ups.c.occasion_id == occasion_id)
    if playbook:
        query = query.where(follow_ups.c.playbook == playbook)
    return _rows(conn, query.order_by(follow_ups.c.created_at, follow_ups.c.id))


def exclusions_of(conn: Connection, occasion_id: str, playbook: str) -> list[Row]:
    """Why an occasion makes no call."""
    query = select(exclusions).where(exclusions.c.occasion_id == occasion_id)
    return _rows(conn, query.where(exclusions.c.playbook == playbook) if playbook else query)


def attempts_of(conn: Connection, follow_up_id: str) -> list[Row]:
    """Every try, oldest first, with its agent."""
    query = select(attempts, agents.c.name.label("agent_name"), agents.c.code.label("agent_code"))
    query = query.join(agents, agents.c.id == attempts.c.agent_id)
    query = query.where(attempts.c.follow_up_id == follow_up_id)
    return _rows(conn, query.order_by(attempts.c.placed_at, attempts.c.id))


def items_of(conn: Connection, follow_up_id: str) -> list[Row]:
    """The question items of a follow-up."""
    return _of_follow_up(conn, question_items, follow_up_id)


def tasks_of(conn: Connection, follow_up_id: str) -> list[Row]:
    """Visits, letters and other means, with their proof."""
    return _of_follow_up(conn, tasks, follow_up_id)


def second_calls(conn: Connection, item_id: str) -> list[Row]:
    """The follow-ups that ask again after a question item was explained."""
    explained = select(occasions.c.id).where(
        occasions.c.kind == "question-explained",
        occasions.c.facts["question_item"].as_string() == item_id,
    )
    query = select(follow_ups).where(follow_ups.c.occasion_id.in_(explained))
    return _rows(conn, query.order_by(follow_ups.c.created_at))


def verdicts_of(conn: Connection, attempt_id: str) -> list[Row]:
    """What people said of the rules, with their appeals."""
    query = (
        select(
            review_verdicts,
            reviews.c.pool,
            reviews.c.reviewer,
            reviews.c.submitted_at,
            reviews.c.rule_set,
            reviews.c.rule_set_version,
            appeals.c.about,
            appeals.c.granted,
            appeals.c.decided_by,
        )
        .join(reviews, reviews.c.id == review_verdicts.c.review_id)
        .outerjoin(appeals, appeals.c.review_id == reviews.c.id)
        .where(reviews.c.attempt_id == attempt_id, reviews.c.submitted_at.is_not(None))
    )
    rows = _rows(conn, query.order_by(reviews.c.submitted_at))
    # An appeal decides what it is about, and nothing else of the review.
    other = {"granted": None, "decided_by": None}
    return [row if row["rule_id"] in (row["about"] or ()) else {**row, **other} for row in rows]


def looks_at(conn: Connection, subjects: Sequence[str]) -> list[EventRow]:
    """Who looked at these calls and follow-ups, oldest first."""
    query = select(events).where(events.c.subject.in_(subjects), events.c.kind.in_(LOOKS))
    return [EventRow(**row) for row in conn.execute(query.order_by(events.c.id)).mappings()]


def _of_follow_up(conn: Connection, table: Table, follow_up_id: str) -> list[Row]:
    return _rows(conn, select(table).where(table.c.follow_up_id == follow_up_id).order_by(table.c.id))


def _rows(conn: Connection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in conn.execute(query).mappings()]
