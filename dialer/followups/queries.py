"""All SQL about follow-ups."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from dialer.customers.tables import customers, occasions, phones
from dialer.followups.rules import STAND_IN_AFTER
from dialer.followups.states import FollowUpState
from dialer.followups.tables import OWN_HOURS, follow_ups
from dialer.storage.dialects import only_filters, planned_blind
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one

COUNTED = 999
"""Further than this nothing is counted for a page."""

_others = customers.alias()
_theirs = follow_ups.alias()
# How many hours there are to go by, whether numbers are listed, who is on duty, and what else is left out.
_Asked = tuple[int, bool, Select[str] | None, bool, bool]


_FOLLOW_UP = Prepared(select(follow_ups).where(follow_ups.c.id == bindparam("key")))


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is owed to one customer."""

    id: str
    playbook: str
    playbook_version: int
    customer_id: str
    occasion_id: str
    branch: str
    plate: str | None
    number: str
    state: FollowUpState
    due_at: datetime
    target_at: datetime
    limit_at: datetime
    tries: Mapping[str, int]
    reason: str
    created_at: datetime
    step: str = "call"
    hours: str = OWN_HOURS
    cycle: str = ""
    segment: str = ""
    origin: str = "event"
    previous_id: str | None = None
    merged_into: str | None = None
    plan_day: date | None = None
    released_at: datetime | None = None
    owner_id: str | None = None
    bound: bool = False
    barred: Collection[str] = ()
    skill: str = ""
    expected_seconds: int = 300
    appointment_at: datetime | None = None
    earliest_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", FollowUpState(self.state))


@dataclass(frozen=True, slots=True)
class Callers:
    """Ids of the agents who wait for a call, and the query of the ids of all who are signed in."""

    ready: Collection[str]
    on_duty: Select[str]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A follow-up as the supervisor's queue shows it."""

    id: str
    playbook: str
    plate: str | None
    name: str
    salutation: str
    number: str
    state: str
    reason: str
    due_at: datetime
    limit_at: datetime


@dataclass(frozen=True, slots=True)
class CallSheet:
    """Whom the agent calls and why: the page that opens before the phone rings."""

    follow_up_id: str
    playbook: str
    playbook_version: int
    customer_id: str
    name: str
    salutation: str
    number: str
    branch: str
    plate: str | None
    happened_at: datetime
    items: list[str]
    staff: Mapping[str, str]
    amount_fen: int | None
    external_id: str
    target_at: datetime
    limit_at: datetime


def follow_up(conn: Connection, follow_up_id: str) -> FollowUp | None:
    """The follow-up with this id."""
    return fetch_one(conn, _FOLLOW_UP, FollowUp, key=follow_up_id)


@cache
def _diallable(listed: bool) -> tuple[ColumnElement[bool], ...]:
    # Who asked not to be called is not called under another name either (X3). Asked of the few rows that come
    # first: a join might be made with all there are.
    barred = (
        select(func.count())
        .select_from(phones)
        .join(_others, _others.c.id == phones.c.customer_id)
        .where(phones.c.number == follow_ups.c.number, _others.c.do_not_call)
    )
    # A customer's calls come one after another.
    calling = select(func.count()).where(
        _theirs.c.customer_id == follow_ups.c.customer_id,
        only_filters(_theirs.c.state).in_((FollowUpState.CALLING, FollowUpState.WRAP_UP)),
    )
    silent = select(customers.c.do_not_call).where(customers.c.id == follow_ups.c.customer_id)
    conditions = (
        only_filters(follow_ups.c.due_at) <= bindparam("now"),
        silent.scalar_subquery().is_(False),
        barred.scalar_subquery() == 0,
        calling.scalar_subquery() == 0,
    )
    if listed:
        numbers = follow_ups.c.number.in_(bindparam("numbers", expanding=True))
        return (*conditions, only_filters(follow_ups.c.state) == FollowUpState.WAITING, numbers)
    return (*conditions, follow_ups.c.state == FollowUpState.WAITING)


def _for_whom(on_duty: Select[str]) -> ColumnElement[bool]:
    # What waits for somebody who is not ready would only be in the way of the others.
    owner = follow_ups.c.owner_id
    # Asked of the owner of each row that comes first, not read for all: there may be many agents.
    (agent,) = on_duty.selected_columns
    here = on_duty.where(agent == owner).correlate(follow_ups).exists()
    stood_in_for = or_(
        ~here,
        follow_ups.c.appointment_at <= bindparam("kept_until"),
    )
    return or_(
        owner.is_(None),
        owner.in_(bindparam("ready", expanding=True)),
        and_(follow_ups.c.bound.is_(False), stood_in_for),
    )


def _waiting_hours() -> Prepared:
    """The hours for which anything waits: one look into the index for each of them."""

    def least(*conditions: ColumnElement[bool]) -> Select[str]:
        waiting = follow_ups.c.state == literal_column(f"'{FollowUpState.WAITING.value}'")
        return select(func.min(follow_ups.c.hours).label("hours")).where(waiting, *conditions)

    found = least().cte("found", recursive=True)
    later = least(follow_ups.c.hours > found.c.hours).correlate(found).scalar_subquery()
    found = found.union_all(select(later).where(found.c.hours.is_not(None)))
    return Prepared(select(found.c.hours).where(found.c.hours.is_not(None)))


_HOURS = _waiting_hours()


@cache
def _first(
    hours: int, listed: bool, on_duty: Select[str] | None, some_shut: bool, some_unwanted: bool
) -> Subquery:
    """The first to dial of those that go by each of so many hours: a look into the index for each of them,
    however many follow-ups of other hours, or later ones, wait.
    """
    whom = [] if on_duty is None else [_for_whom(on_duty)]
    if some_shut:
        whom.append(follow_ups.c.playbook.not_in(bindparam("shut", expanding=True)))
    if some_unwanted:
        whom.append(follow_ups.c.id.not_in(bindparam("unwanted", expanding=True)))
    query = select(follow_ups).where(*_diallable(listed), *whom).limit(bindparam("most", type_=Integer))
    by_limit = query.order_by(follow_ups.c.limit_at, follow_ups.c.due_at)
    if listed:
        # The few numbers of a trial are what it is found by.
        open_hours = only_filters(follow_ups.c.hours).in_(bindparam("hours", expanding=True))
        return by_limit.where(open_hours).subquery()
    # A time of the customer's own is a promise: the earliest first, found in an index of theirs.
    own = query.order_by(follow_ups.c.due_at).where(follow_ups.c.hours == literal_column(f"'{OWN_HOURS}'"))
    each = (
        by_limit.where(follow_ups.c.hours == planned_blind(bindparam(f"hours_{place}", type_=String)))
        for place in range(hours)
    )
    return union_all(*(select(one.subquery()) for one in (own, *each))).subquery()


@cache
def _due(*asked: *_Asked) -> Prepared:
    first = _first(*asked)
    query = select(first).order_by(first.c.limit_at, first.c.due_at)
    return Prepared(query.limit(bindparam("most", type_=Integer)), lists=_lists(*asked))


@cache
def _count_due(*asked: *_Asked) -> Prepared:
    return Prepared(select(func.count()).select_from(_first(*asked)), lists=_lists(*asked))


def _lists(_hours: int, listed: bool, on_duty: Select[str] | None, shut: bool, unwanted: bool) -> list[str]:
    lists = {"numbers": listed, "hours": listed, "ready": on_duty is not None, "shut": shut}
    return [name for name, there in {**lists, "unwanted": unwanted}.items() if there]


def _asked(
    conn: Connection,
    now: datetime,
    playbooks: Collection[str],
    numbers: Collection[str] | None,
    limit: int,
    callers: Callers | None,
    shut: Collection[str],
    unwanted: Collection[str],
) -> tuple[_Asked, dict[str, object]]:
    # A customer's own hours, or a time he named, win over the playbook's: looked at one by one (L3).
    hours = sorted(set(playbooks) - set(shut))
    if numbers is None:
        # An arm of the search costs as much where nothing waits for those hours.
        hours = sorted({row[0] for row in _HOURS.rows(conn)} & set(hours))
    values: dict[str, object] = {"now": now, "most": limit}
    if numbers is not None:
        values |= {"numbers": list(numbers), "hours": [OWN_HOURS, *hours]}
    else:
        values |= {f"hours_{place}": one for place, one in enumerate(hours)}
    if callers is not None:
        values["ready"], values["kept_until"] = list(callers.ready), now - STAND_IN_AFTER
    if shut:
        values["shut"] = list(shut)
    if unwanted:
        values["unwanted"] = list(unwanted)
    on_duty = callers.on_duty if callers else None
    return (len(hours), numbers is not None, on_duty, bool(shut), bool(unwanted)), values


def due(
    conn: Connection,
    now: datetime,
    *,
    playbooks: Collection[str],
    numbers: Collection[str] | None,
    limit: int,
    callers: Callers | None = None,
    shut: Collection[str] = (),
    unwanted: Collection[str] = (),
) -> list[FollowUp]:
    """Follow-ups to dial now, the nearest limit first.

    `playbooks` are those whose window is open; `numbers` the white list of trial mode (D10),
    None in live mode; `callers` leaves out what waits for somebody else, `shut` are playbooks that nobody
    who waits may call for, `unwanted` follow-ups that each of them has skipped today. A customer's calls
    come one after another, never two at a time.
    """
    asked, values = _asked(conn, now, playbooks, numbers, limit, callers, shut, unwanted)
    one_each: dict[str, FollowUp] = {}
    for row in fetch(conn, _due(*asked), FollowUp, **values):
        one_each.setdefault(row.customer_id, row)
    return list(one_each.values())


def count_due(
    conn: Connection,
    now: datetime,
    playbooks: Collection[str],
    numbers: Collection[str] | None,
    shut: Collection[str] = (),
) -> int:
    """How many follow-ups could be dialled now, all as in `due`; at most `COUNTED`, which means many."""
    asked, values = _asked(conn, now, playbooks, numbers, COUNTED, None, shut, ())
    ((count,),) = _count_due(*asked).rows(conn, values)
    return min(int(count), COUNTED)


def next_due_at(conn: Connection, now: datetime) -> datetime | None:
    """When the next waiting follow-up becomes due, if none is due now."""
    later = (follow_ups.c.state == FollowUpState.WAITING, follow_ups.c.due_at > now)
    return conn.execute(select(func.min(follow_ups.c.due_at)).where(*later)).scalar()


def count_by_state(conn: Connection) -> dict[str, int]:
    """How many follow-ups are in each state."""
    query = select(follow_ups.c.state, func.count()).group_by(follow_ups.c.state)
    return {row[0]: row[1] for row in conn.execute(query)}


def queue(conn: Connection, limit: int = 50) -> list[QueueRow]:
    """What waits, the nearest limit first."""
    query = (
        select(
            follow_ups.c.id,
            follow_ups.c.playbook,
            follow_ups.c.plate,
            customers.c.name,
            customers.c.salutation,
            follow_ups.c.number,
            follow_ups.c.state,
            follow_ups.c.reason,
            follow_ups.c.due_at,
            follow_ups.c.limit_at,
        )
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .where(follow_ups.c.state == FollowUpState.WAITING)
        .order_by(follow_ups.c.limit_at, follow_ups.c.due_at)
        .limit(limit)
    )
    return fetch(conn, query, QueueRow)


def call_sheet(conn: Connection, follow_up_id: str) -> CallSheet | None:
    """Everything the agent must see of this follow-up before talking."""
    query = (
        select(
            follow_ups.c.id.label("follow_up_id"),
            follow_ups.c.playbook,
            follow_ups.c.playbook_version,
            follow_ups.c.customer_id,
            customers.c.name,
            customers.c.salutation,
            follow_ups.c.number,
            follow_ups.c.branch,
            follow_ups.c.plate,
            occasions.c.happened_at,
            occasions.c["items"],
            occasions.c.staff,
            occasions.c.amount_fen,
            occasions.c.external_id,
            follow_ups.c.target_at,
            follow_ups.c.limit_at,
        )
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .join(occasions, occasions.c.id == follow_ups.c.occasion_id)
        .where(follow_ups.c.id == follow_up_id)
    )
    return fetch_one(conn, query, CallSheet)


def other_numbers(conn: Connection, customer_id: str, number: str) -> tuple[str, ...]:
    """The customer's further numbers that are not known to be invalid."""
    query = (
        select(phones.c.number)
        .where(
            phones.c.customer_id == customer_id,
            phones.c.number != number,
            phones.c.invalid_since.is_(None),
        )
        .order_by(phones.c.position)
    )
    return tuple(conn.execute(query).scalars())
