"""All SQL about offers, and about appointments that are near."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Integer, and_, bindparam, func, or_, select

from dialer.calling.modes.states import HELD, OfferState, Then
from dialer.calling.modes.tables import offers
from dialer.customers.tables import customers
from dialer.followups.queries import FollowUp
from dialer.followups.rules import STAND_IN_AFTER
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one

# The clocks of two machines that share the plan are no further apart.
_APART = timedelta(seconds=10)
# An appointment that nobody kept for so long is called in the order of all others.
_NEAR = timedelta(days=1)

_OFFER = Prepared(select(offers).where(offers.c.id == bindparam("key")))
_OF_AGENT = Prepared(
    select(offers)
    .where(offers.c.agent_id == bindparam("agent"), offers.c.state.in_(HELD))
    .order_by(offers.c.offered_at.desc())
    .limit(1)
)
# What is to be called: an agent has pressed. What is over: its time has come, or the clock was put back since
# it was laid, and its time would come who knows when.
_PRESSED = Prepared(select(offers).where(offers.c.state == OfferState.PRESSED).order_by(offers.c.offered_at))
_OVER = Prepared(
    select(offers).where(
        offers.c.state == OfferState.OPEN,
        or_(offers.c.ends_at <= bindparam("now"), offers.c.offered_at > bindparam("put_back")),
    )
)
_NEXT_OVER = Prepared(
    select(func.min(offers.c.ends_at)).where(
        offers.c.state == OfferState.OPEN, offers.c.ends_at > bindparam("now")
    )
)
_NEXT_DUE = Prepared(
    select(func.min(follow_ups.c.due_at)).where(
        follow_ups.c.state == FollowUpState.WAITING, follow_ups.c.due_at > bindparam("now")
    )
)
_NEXT_APPOINTMENT = Prepared(
    select(func.min(follow_ups.c.appointment_at)).where(
        follow_ups.c.state == FollowUpState.WAITING, follow_ups.c.appointment_at > bindparam("from_then")
    )
)
_SKIPPED = Prepared(
    select(offers.c.agent_id, offers.c.follow_up_id).where(
        offers.c.agent_id.in_(bindparam("agents", expanding=True)),
        offers.c.offered_at >= bindparam("since"),
        offers.c.state.in_((OfferState.SKIPPED, OfferState.EXPIRED)),
    ),
    lists=("agents",),
)
_near = (
    follow_ups.c.state == FollowUpState.WAITING,
    follow_ups.c.appointment_at > bindparam("from_then"),
    follow_ups.c.appointment_at <= bindparam("until"),
    follow_ups.c.due_at <= bindparam("until"),
)
# A customer's calls come one after another.
_busy = select(follow_ups.c.customer_id).where(
    follow_ups.c.state.in_((FollowUpState.CALLING, FollowUpState.WRAP_UP))
)
_owner = follow_ups.c.owner_id
_stood_in_for = and_(follow_ups.c.bound.is_(False), follow_ups.c.appointment_at <= bindparam("kept_until"))
_APPOINTMENTS = Prepared(
    select(follow_ups)
    .join(customers, customers.c.id == follow_ups.c.customer_id)
    .where(
        *_near,
        customers.c.do_not_call.is_(False),
        follow_ups.c.customer_id.not_in(_busy),
        or_(_owner.is_(None), _owner.in_(bindparam("ready", expanding=True)), _stood_in_for),
        follow_ups.c.playbook.not_in(bindparam("shut", expanding=True)),
    )
    .order_by(follow_ups.c.appointment_at)
    .limit(bindparam("most", type_=Integer)),
    lists=("ready", "shut"),
)
_UNKEPT = select(follow_ups).where(*_near).order_by(follow_ups.c.appointment_at).limit(200)


@dataclass(frozen=True, slots=True)
class Offer:
    """A follow-up that lies, or lay, before an agent."""

    id: str
    follow_up_id: str
    agent_id: str
    mode: str
    state: OfferState
    offered_at: datetime
    ends_at: datetime | None
    then: str
    reason: str | None
    attempt_id: str | None
    playbook_version: int | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", OfferState(self.state))

    @property
    def calls_at(self) -> datetime | None:
        """When it is called without anybody's pressing, if it is."""
        return self.ends_at if self.then == Then.CALL else None


def offer_of(conn: Connection, offer_id: str) -> Offer | None:
    """The offer with this id."""
    return fetch_one(conn, _OFFER, Offer, key=offer_id)


def held_for(conn: Connection, agent_id: str) -> Offer | None:
    """What lies before this agent now."""
    return fetch_one(conn, _OF_AGENT, Offer, agent=agent_id)


def pressed(conn: Connection) -> list[Offer]:
    """What is to be called now, the longest waiting first."""
    return fetch(conn, _PRESSED, Offer)


def over(conn: Connection, now: datetime) -> list[Offer]:
    """Offers whose time is over, also by a clock that was put back meanwhile."""
    return fetch(conn, _OVER, Offer, now=now, put_back=now + _APART)


def next_moment(conn: Connection, now: datetime, lead: timedelta) -> datetime | None:
    """When time alone brings about something next: a follow-up due, an appointment near, an offer over.

    Three looks into an index, however many follow-ups wait.
    """
    moments: list[datetime | None] = [
        _NEXT_DUE.rows(conn, {"now": now})[0][0],
        _NEXT_OVER.rows(conn, {"now": now})[0][0],
    ]
    appointment: datetime | None = _NEXT_APPOINTMENT.rows(conn, {"from_then": now + lead})[0][0]
    if appointment is not None:
        moments.append(appointment - lead)
    return min((moment for moment in moments if moment is not None), default=None)


def skipped(conn: Connection, agent_ids: Collection[str], since: datetime) -> set[tuple[str, str]]:
    """Agents and the follow-ups that they did not want since then."""
    if not agent_ids:
        return set()
    found = _SKIPPED.rows(conn, {"agents": list(agent_ids), "since": since})
    return {(row[0], row[1]) for row in found}


def appointments(
    conn: Connection,
    ready: Collection[str],
    now: datetime,
    lead: timedelta,
    limit: int,
    shut: Collection[str] = (),
) -> list[FollowUp]:
    """Appointments within `lead` that one of these ready agents may keep, the earliest first (L7).

    None of the playbooks that are `shut`.
    """
    return fetch(
        conn,
        _APPOINTMENTS,
        FollowUp,
        ready=list(ready),
        # A list that is empty is no list to every database.
        shut=list(shut) or [""],
        from_then=now - _NEAR,
        until=now + lead,
        kept_until=now - STAND_IN_AFTER,
        most=limit,
    )


def unkept(conn: Connection, now: datetime) -> list[FollowUp]:
    """Appointments whose minute has come and whom nobody calls, the earliest first."""
    return fetch(conn, _UNKEPT, FollowUp, from_then=now - _NEAR, until=now)
