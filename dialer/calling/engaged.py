"""One telephone, one agent: who of our customers somebody of ours has on the line already (D7, D9).

In flight is every attempt that has not ended: one in doubt may still be alive. So are phones outside that
were asked into a call.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Exists,
    bindparam,
    exists,
    literal,
    or_,
    select,
)

from dialer.calling.states import AttemptState, CallMode
from dialer.calling.tables import attempts, call_parties
from dialer.followups.queries import FollowUp
from dialer.followups.tables import follow_ups
from dialer.machine import IllegalMove
from dialer.storage.dialects import only_filters
from dialer.storage.prepared import Prepared

BEING_CALLED, IN_DOUBT = "being_called", "in_doubt"
"""The gate that is shut: somebody has the number or customer on the line; a call's end is not known."""

_NUMBERS: BindParameter[str] = bindparam("numbers", expanding=True)
_PEOPLE: BindParameter[str] = bindparam("many", expanding=True)
_other, _outside, _theirs = attempts.alias("other"), call_parties.alias("outside"), follow_ups.alias("theirs")
# Of a customer, who has few: found by his follow-ups, however many calls are in flight.
_goes_on = only_filters(_other.c.ended_at).is_(None)

_ENGAGED = Prepared(
    select(_other.c.number.label("who"), _other.c.state)
    .where(_other.c.number.in_(_NUMBERS), _other.c.ended_at.is_(None))
    .union_all(
        select(_outside.c.number, literal(AttemptState.TALKING.value)).where(
            _outside.c.number.in_(_NUMBERS), _outside.c.ended_at.is_(None)
        ),
        select(_theirs.c.customer_id, _other.c.state)
        .join(_other, _other.c.follow_up_id == _theirs.c.id)
        .where(_theirs.c.customer_id.in_(_PEOPLE), _goes_on),
    ),
    lists=("numbers", "many"),
)
_RINGS_US = Prepared(
    select(_other.c.id).where(
        _other.c.number == bindparam("number"),
        _other.c.ended_at.is_(None),
        _other.c.mode == CallMode.INBOUND,
    )
)


class Engaged(IllegalMove):
    """Somebody of ours has this telephone, or this customer, on the line already."""


def is_engaged(number: ColumnElement[str], customer: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition on which no call to this number or customer is committed to.

    It stands in the statement that commits. Writers come one after another, on SQLite by its one write lock
    and on PostgreSQL by `keep_event_order`: of two calls to one telephone the second finds the first.
    """
    return or_(_number_in_flight(number), _asked_in(number), _customer_in_flight(customer))


def _number_in_flight(number: ColumnElement[str]) -> Exists:
    return exists().where(_other.c.number == number, _other.c.ended_at.is_(None))


def _asked_in(number: ColumnElement[str]) -> Exists:
    return exists().where(_outside.c.number == number, _outside.c.ended_at.is_(None))


def _customer_in_flight(customer: ColumnElement[str]) -> Exists:
    call = exists().where(_other.c.follow_up_id == _theirs.c.id, _goes_on)
    return exists().where(_theirs.c.customer_id == customer, call)


def engaged(conn: Connection, numbers: Iterable[str], customer_ids: Iterable[str] = ()) -> dict[str, str]:
    """Those of these numbers and customers whom somebody has on the line, each with the gate that is shut."""
    found: dict[str, str] = {}
    rows = _ENGAGED.rows(conn, {"numbers": sorted(set(numbers)), "many": sorted(set(customer_ids))})
    for who, state in rows:
        if found.get(who) != BEING_CALLED:
            found[who] = IN_DOUBT if state == AttemptState.UNKNOWN else BEING_CALLED
    return found


def shut_for(conn: Connection, owed: Collection[FollowUp]) -> dict[str, str]:
    """By follow-up the gate that is shut, for those whose number or customer is on the line already."""
    found = engaged(conn, [one.number for one in owed], [one.customer_id for one in owed])
    gates = {one.id: found.get(one.number) or found.get(one.customer_id) for one in owed} if found else {}
    return {follow_up_id: gate for follow_up_id, gate in gates.items() if gate}


def rings_us(conn: Connection, number: str) -> bool:
    """Whether who has this number rang, and is put through to an agent now."""
    return bool(_RINGS_US.rows(conn, {"number": number}))
