"""The one door through which a follow-up changes."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from dialer.customers.tables import phones
from dialer.followups.queries import FollowUp, follow_up, other_numbers
from dialer.followups.rules import due_dates, next_try
from dialer.followups.states import MACHINE, FollowUpEvent, FollowUpState
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.playbooks.schema import Playbook
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from dialer.telephony.outcomes import DialOutcome


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
    """Make the follow-up that `playbook` owes for an occasion; False where it is there already."""
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
        follow_ups.c.state == FollowUpState.WAITING,
        follow_ups.c.number != number,
    )
    for follow_up_id in conn.execute(select(follow_ups.c.id).where(*waiting)).scalars().all():
        conn.execute(update(follow_ups).where(follow_ups.c.id == follow_up_id).values(number=number))
        emit(conn, "follow_up.corrected", follow_up_id, now)


def not_reached(
    conn: Connection, current: FollowUp, outcome: DialOutcome, *, dialled: bool, now: datetime
) -> bool:
    """A try ended without a talk: on to the next one, or to other means. True if it counted."""
    others: tuple[str, ...] = ()
    if outcome is DialOutcome.INVALID_NUMBER:
        conn.execute(
            update(phones)
            .where(phones.c.customer_id == current.customer_id, phones.c.number == current.number)
            .values(invalid_since=now)
        )
        others = other_numbers(conn, current.customer_id, current.number)
    following = next_try(
        outcome,
        tries=current.tries,
        number=current.number,
        other_numbers=others,
        dialled=dialled,
        now=now,
    )
    values = {"tries": dict(following.tries), "number": following.number, "reason": outcome.value}
    if following.due_at is None:
        move_from(conn, current, FollowUpEvent.TRIES_USED_UP, now, **values)
    else:
        move_from(conn, current, FollowUpEvent.NOT_REACHED, now, due_at=following.due_at, **values)
    return following.counted


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
    """The same for a follow-up that was just read."""
    apply(
        conn,
        follow_ups,
        current.id,
        MACHINE.advance(current.state, event, now),
        values=values,
        data={"reason": values.get("reason", current.reason)},
    )


def _current(conn: Connection, follow_up_id: str) -> FollowUp:
    current = follow_up(conn, follow_up_id)
    if current is None:
        raise IllegalMove(f"there is no follow-up {follow_up_id}")
    return current
