"""All SQL of explaining: who is meant by a plate, a phone or an id, and what became of what is owed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from dialer.agents.tables import agents
from dialer.assigning.tables import assignment_moves
from dialer.calling.tables import attempts
from dialer.customers.rules import BadValue, normalise_number, normalise_plate
from dialer.customers.tables import customers, occasions, phones, vehicles
from dialer.explaining.values import Decided, Moved, Try, Who, gate_of
from dialer.followups.queries import FollowUp
from dialer.followups.tables import follow_ups
from dialer.planning.tables import decisions, exclusions, samples
from dialer.storage.rows import fetch, fetch_one

Row = Mapping[str, Any]

_ID_LENGTH = 26
# What is older than this many is history: the customer's page has it.
MOST = 50


def customers_of(conn: Connection, key: str) -> set[str]:
    """The customers that a plate, a phone number, or an id of anything of theirs means."""
    key = key.strip()
    if len(key) == _ID_LENGTH and key.isascii() and key.isalnum():
        return _by_id(conn, key.upper())
    return _by_plate(conn, key) | _by_number(conn, key)


def _by_id(conn: Connection, key: str) -> set[str]:
    of_attempt = select(follow_ups.c.customer_id).join(attempts, attempts.c.follow_up_id == follow_ups.c.id)
    found: set[str] = set()
    for query in (
        select(customers.c.id).where(customers.c.id == key),
        select(follow_ups.c.customer_id).where(follow_ups.c.id == key),
        select(occasions.c.customer_id).where(occasions.c.id == key),
        of_attempt.where(attempts.c.id == key),
    ):
        found |= set(conn.execute(query).scalars())
    return found


def _by_plate(conn: Connection, key: str) -> set[str]:
    try:
        plate = normalise_plate(key)
    except BadValue:
        return set()
    found: set[str] = set()
    for query in (
        select(vehicles.c.customer_id).where(vehicles.c.plate == plate),
        select(occasions.c.customer_id).where(occasions.c.plate == plate),
    ):
        found |= set(conn.execute(query).scalars())
    return found


def _by_number(conn: Connection, key: str) -> set[str]:
    try:
        number = normalise_number(key)
    except BadValue:
        return set()
    return set(conn.execute(select(phones.c.customer_id).where(phones.c.number == number)).scalars())


def people(conn: Connection, ids: Collection[str]) -> tuple[Who, ...]:
    """The customers' names, in the order of their ids."""
    query = select(customers.c.id, customers.c.name, customers.c.salutation)
    return tuple(fetch(conn, query.where(customers.c.id.in_(list(ids))).order_by(customers.c.id), Who))


def follow_up_rows(conn: Connection, customer_id: str) -> list[FollowUp]:
    """The follow-ups of a customer, newest first."""
    query = select(follow_ups).where(follow_ups.c.customer_id == customer_id)
    return fetch(conn, query.order_by(follow_ups.c.created_at.desc()).limit(MOST), FollowUp)


def follow_up(conn: Connection, follow_up_id: str) -> FollowUp | None:
    """The follow-up with this id."""
    return fetch_one(conn, select(follow_ups).where(follow_ups.c.id == follow_up_id), FollowUp)


def occasion_rows(conn: Connection, customer_id: str) -> list[Row]:
    """The occasions of a customer, newest first."""
    query = select(occasions).where(occasions.c.customer_id == customer_id)
    rows = conn.execute(query.order_by(occasions.c.happened_at.desc()).limit(MOST)).mappings()
    return [dict(row) for row in rows]


def customer_row(conn: Connection, customer_id: str) -> Row:
    """The customer's own row."""
    return dict(conn.execute(select(customers).where(customers.c.id == customer_id)).mappings().one())


def exclusion_rows(conn: Connection, customer_id: str) -> list[Row]:
    """What was left out of plans, newest first."""
    query = select(exclusions).where(exclusions.c.customer_id == customer_id)
    return [dict(row) for row in conn.execute(query.order_by(exclusions.c.at.desc()).limit(MOST)).mappings()]


def decided(conn: Connection, subjects: Collection[str]) -> dict[tuple[str, str], tuple[Decided, ...]]:
    """What was decided on these, oldest first, by subject and playbook."""
    query = (
        select(decisions, attempts.c.outcome)
        .outerjoin(attempts, attempts.c.id == decisions.c.attempt_id)
        .where(decisions.c.subject.in_(list(subjects)))
        .order_by(decisions.c.at, decisions.c.id)
    )
    found: defaultdict[tuple[str, str], list[Decided]] = defaultdict(list)
    for row in conn.execute(query).mappings():
        gates = tuple(gate_of(kept) for kept in row["gates"])
        found[row["subject"], row["playbook"]].append(
            Decided(row["at"], row["verdict"], gates, row["attempt_id"], row["outcome"])
        )
    return {key: tuple(each) for key, each in found.items()}


def tries(conn: Connection, ids: Collection[str]) -> dict[str, tuple[Try, ...]]:
    """The attempts of these follow-ups, oldest first."""
    query = (
        select(
            attempts.c.follow_up_id, attempts.c.id, attempts.c.placed_at, agents.c.name, attempts.c.outcome
        )
        .join(agents, agents.c.id == attempts.c.agent_id)
        .where(attempts.c.follow_up_id.in_(list(ids)))
        .order_by(attempts.c.placed_at)
    )
    found: defaultdict[str, list[Try]] = defaultdict(list)
    for row in conn.execute(query):
        found[row[0]].append(Try(*row[1:]))
    return {key: tuple(each) for key, each in found.items()}


def moves(conn: Connection, ids: Collection[str], names: Mapping[str, str]) -> dict[str, tuple[Moved, ...]]:
    """From agent to agent, oldest first."""
    query = select(assignment_moves).where(assignment_moves.c.follow_up_id.in_(list(ids)))
    found: defaultdict[str, list[Moved]] = defaultdict(list)
    for row in conn.execute(query.order_by(assignment_moves.c.id)).mappings():
        before, after = (names.get(row[side] or "", row[side]) for side in ("before_id", "after_id"))
        found[row["follow_up_id"]].append(Moved(row["at"], before, after, row["why"], row["by"]))
    return {key: tuple(each) for key, each in found.items()}


def agent_names(conn: Connection) -> dict[str, str]:
    """Every agent's name by id, also of those who left."""
    return {row[0]: row[1] for row in conn.execute(select(agents.c.id, agents.c.name))}


def sample_of(conn: Connection, playbook: str, stratum: str, occasion_id: str) -> tuple[int, int, str] | None:
    """(place in the order of the seed, size, seed) of an occasion in its draw; None where it was in none."""
    same: list[ColumnElement[bool]] = [samples.c.playbook == playbook]
    if stratum:
        same.append(samples.c.stratum == stratum)
    query = select(samples.c.order, samples.c.size, samples.c.seed).where(*same)
    for order, size, seed in conn.execute(query.order_by(samples.c.drawn_at.desc()).limit(MOST)):
        if occasion_id in order:
            return order.index(occasion_id) + 1, size, seed
    return None
