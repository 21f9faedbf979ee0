"""The one door through which a follow-up changes."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, insert, select, update

from dialer.customers.tables import phones
from dialer.followups.dates import due_dates
from dialer.followups.queries import FollowUp, follow_up, other_numbers
from dialer.followups.rules import HEARD, MAX_TRIES, RETRY, next_try
from dialer.followups.states import MACHINE, UNTOUCHED, FollowUpEvent, FollowUpState
from dialer.followups.tables import OWN_HOURS, follow_ups
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.playbooks.form.schema import Playbook
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from dialer.telephony.outcomes import DialOutcome

# Where a follow-up ends, what is merged into it ends in the same way.
_ENDS = frozenset({FollowUpEvent.COMPLETE, FollowUpEvent.TRIES_USED_UP, FollowUpEvent.CANCEL})
_MERGED = select(follow_ups.c.id).where(
    follow_ups.c.merged_into == bindparam("lead"), follow_ups.c.state == FollowUpState.MERGED
)
_GIVEN_UP_WITH = select(follow_ups.c.id).where(
    follow_ups.c.merged_into == bindparam("lead"), follow_ups.c.state == FollowUpState.EXHAUSTED
)
# Told of a follow-up that was given up, and is owed after all.
OWED_AGAIN = "follow_up.owed_again"
_PUT_OFF = (
    update(follow_ups)
    .where(follow_ups.c.id == bindparam("put_off_id"), follow_ups.c.state == FollowUpState.WAITING)
    # It may be the customer's hours that are to come: looked at by itself from then on.
    .values(due_at=bindparam("put_off_until"), hours=OWN_HOURS)
)


def plan(
    conn: Connection,
    playbook: Playbook,
    *,
    occasion_id: str,
    customer_id: str,
    branch: str,
    plate: str | None,
    number: str,
    happened_at: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> bool:
    """Make one follow-up of `playbook` without any planning; False where it is there already.

    What comes in is planned by `dialer.planning`; this is for trials and tests.
    """
    known = select(follow_ups.c.id).where(
        follow_ups.c.playbook == playbook.id, follow_ups.c.occasion_id == occasion_id
    )
    if conn.execute(known).first() is not None:
        return False
    dates = due_dates(playbook.steps[0], happened_at, zone)
    follow_up_id = new_id()
    row = {
        "id": follow_up_id,
        "playbook": playbook.id,
        "playbook_version": playbook.version,
        "customer_id": customer_id,
        "occasion_id": occasion_id,
        "branch": branch,
        "plate": plate,
        "number": number,
        "state": FollowUpState.WAITING,
        "earliest_at": dates.earliest,
        "due_at": dates.earliest,
        "target_at": dates.target,
        "limit_at": dates.limit,
        "tries": {},
        "reason": "new",
        "created_at": now,
    }
    conn.execute(insert(follow_ups).values(**row))
    emit(conn, "follow_up.planned", follow_up_id, now, {"playbook": playbook.id})
    return True


def correct_number(conn: Connection, occasion_id: str, number: str, now: datetime) -> None:
    """The order came again with another number: what still waits for it is called there."""
    waiting = (
        follow_ups.c.occasion_id == occasion_id,
        follow_ups.c.state.in_(UNTOUCHED),
        follow_ups.c.number != number,
    )
    for follow_up_id in conn.execute(select(follow_ups.c.id).where(*waiting)).scalars().all():
        conn.execute(update(follow_ups).where(follow_ups.c.id == follow_up_id).values(number=number))
        emit(conn, "follow_up.corrected", follow_up_id, now)


def not_reached(
    conn: Connection,
    current: FollowUp,
    outcome: DialOutcome,
    *,
    dialled: bool,
    now: datetime,
    since: datetime | None = None,
    playbook: Playbook | None = None,
    zone: ZoneInfo | None = None,
    heard: str = "",
    max_tries: int = MAX_TRIES,
) -> bool:
    """A try ended without a talk: on to the next one, or to other means. True if it counted.

    The wait counts from `since`, else from now. `playbook` and `zone` give its own retry rules and hours;
    `heard` is the network's announcement (L7).
    """
    others: tuple[str, ...] = ()
    if (HEARD.get(heard) or RETRY[outcome]).other_phone:
        _mark_number(conn, current.customer_id, current.number, now)
        others = other_numbers(conn, current.customer_id, current.number)
    following = next_try(
        outcome,
        tries=current.tries,
        number=current.number,
        other_numbers=others,
        dialled=dialled,
        now=since or now,
        heard=heard,
        own=playbook.retry if playbook else None,
        windows=playbook.windows if playbook else (),
        zone=zone,
        most=max_tries,
    )
    values = {"tries": dict(following.tries), "number": following.number, "reason": heard or outcome.value}
    if following.due_at is None:
        move_from(conn, current, FollowUpEvent.TRIES_USED_UP, now, **values)
    else:
        move_from(conn, current, FollowUpEvent.NOT_REACHED, now, due_at=following.due_at, **values)
    return following.counted


def heard_instead(
    conn: Connection,
    current: FollowUp,
    outcome: DialOutcome,
    *,
    heard: str,
    tried: str,
    tries: Mapping[str, int],
    ended_at: datetime,
    now: datetime,
    playbook: Playbook | None = None,
    zone: ZoneInfo | None = None,
    max_tries: int = MAX_TRIES,
) -> bool:
    """What was heard of its last try says more than the signalling: the next one goes by it (D3, L7).

    `tried` is the number of that try, `tries` those counted before it, `ended_at` its end, from which the
    wait counts. What was given up is owed again where there is another try. True if the try counts.

    Raises:
        IllegalMove: it is called again already, or closed.
    """
    others: tuple[str, ...] = ()
    invalid = (HEARD.get(heard) or RETRY[outcome]).other_phone
    # Signalled as invalid, and the network says that it is there: then it is dialled again.
    _mark_number(conn, current.customer_id, tried, now if invalid else None)
    if invalid:
        others = other_numbers(conn, current.customer_id, tried)
    following = next_try(
        outcome,
        tries=tries,
        number=tried,
        other_numbers=others,
        dialled=True,
        now=ended_at,
        heard=heard,
        own=playbook.retry if playbook else None,
        windows=playbook.windows if playbook else (),
        zone=zone,
        most=max_tries,
    )
    values = {"tries": dict(following.tries), "number": following.number, "reason": heard}
    if following.due_at is not None:
        move_from(conn, current, FollowUpEvent.HEARD, now, due_at=following.due_at, **values)
        if current.state is FollowUpState.EXHAUSTED:
            _owe_again(conn, current.id, heard, now)
    elif current.state is not FollowUpState.EXHAUSTED:
        move_from(conn, current, FollowUpEvent.TRIES_USED_UP, now, **values)
    return following.counted


def put_off(conn: Connection, current: FollowUp, until: datetime, why: str, now: datetime) -> None:
    """A gate is shut: not before `until`. Its state does not change; `why` names the gate (L3, L4)."""
    conn.execute(_PUT_OFF, {"put_off_id": current.id, "put_off_until": until})
    emit(conn, "follow_up.put_off", current.id, now, {"why": why, "until": until.isoformat()})


def move(
    conn: Connection, follow_up_id: str, event: FollowUpEvent, now: datetime, **values: str | datetime
) -> None:
    """Apply `event` to the follow-up; `values` are columns that change with it.

    Raises:
        IllegalMove: not legal in its state.
    """
    move_from(conn, _current(conn, follow_up_id), event, now, **values)


def move_from(
    conn: Connection, current: FollowUp, event: FollowUpEvent, now: datetime, **values: object
) -> None:
    """The same for a follow-up that was just read. What is merged into it ends with it (L5)."""
    transition = MACHINE.advance(current.state, event, now)
    apply(
        conn,
        follow_ups,
        current.id,
        transition,
        values=values,
        data={"reason": values.get("reason", current.reason)},
    )
    if event in _ENDS:
        _end_merged(conn, current.id, event, str(values.get("reason", current.reason)), now)


def _end_merged(conn: Connection, lead_id: str, event: FollowUpEvent, reason: str, now: datetime) -> None:
    transition = MACHINE.advance(FollowUpState.MERGED, event, now)
    for follow_up_id in conn.execute(_MERGED, {"lead": lead_id}).scalars().all():
        data = {"reason": reason, "merged_into": lead_id}
        apply(conn, follow_ups, follow_up_id, transition, values={"reason": reason}, data=data)


def _owe_again(conn: Connection, lead_id: str, heard: str, now: datetime) -> None:
    """It was given up too early, and with it what is merged into it, and the other means were owed (L8)."""
    transition = MACHINE.advance(FollowUpState.EXHAUSTED, FollowUpEvent.MERGE, now)
    for follow_up_id in conn.execute(_GIVEN_UP_WITH, {"lead": lead_id}).scalars().all():
        data = {"reason": heard, "merged_into": lead_id}
        apply(conn, follow_ups, follow_up_id, transition, values={"reason": heard}, data=data)
        emit(conn, OWED_AGAIN, follow_up_id, now, data)
    emit(conn, OWED_AGAIN, lead_id, now, {"reason": heard})


def _mark_number(conn: Connection, customer_id: str, number: str, invalid_since: datetime | None) -> None:
    conn.execute(
        update(phones)
        .where(phones.c.customer_id == customer_id, phones.c.number == number)
        .values(invalid_since=invalid_since)
    )


def _current(conn: Connection, follow_up_id: str) -> FollowUp:
    current = follow_up(conn, follow_up_id)
    if current is None:
        raise IllegalMove(f"there is no follow-up {follow_up_id}")
    return current
