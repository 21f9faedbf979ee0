"""A follow-up for a call that no plan made: a number by hand, a customer who rings, a call-back (D2, D9).

Runs inside a unit of work.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, update

from dialer.customers.service import Occasion, take_in
from dialer.customers.tables import customers, occasions, phones, vehicles
from dialer.followups.queries import FollowUp
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.playbooks.form.schema import Playbook
from dialer.storage.feed import emit
from dialer.storage.rows import fetch_one

SOURCE = "dialer"
# So long a call that nobody planned may wait.
_WITHIN = timedelta(days=1)

_OF_NUMBER = (
    select(customers.c.id, customers.c.branch)
    .join(phones, phones.c.customer_id == customers.c.id)
    .where(
        phones.c.number == bindparam("number"),
        customers.c.merged_into.is_(None),
        customers.c.forgotten_at.is_(None),
    )
    .order_by(phones.c.position, customers.c.created_at.desc())
    .limit(1)
)
# What waits for this person comes before what is not released, the nearest limit first.
_OPEN = (
    select(follow_ups)
    .where(follow_ups.c.customer_id == bindparam("customer"), follow_ups.c.state == FollowUpState.WAITING)
    .order_by(follow_ups.c.limit_at)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Known:
    """Whose a number is."""

    id: str
    branch: str


def customer_of(conn: Connection, number: str) -> Known | None:
    """The customer with this number; of several the one who has it first."""
    return fetch_one(conn, _OF_NUMBER, Known, number=number)


def open_follow_up(conn: Connection, customer_id: str) -> FollowUp | None:
    """What is owed to this customer and waits for a call, the nearest limit first."""
    return fetch_one(conn, _OPEN, FollowUp, customer=customer_id)


def make(
    conn: Connection,
    playbook: Playbook,
    number: str,
    *,
    kind: str,
    branch: str,
    reason: str,
    now: datetime,
    due_at: datetime | None = None,
    limit_at: datetime | None = None,
    owner_id: str | None = None,
) -> FollowUp | None:
    """A follow-up that waits for a call to this number; None where its owner asked to be forgotten.

    A number of nobody's becomes a customer without a name, whom the agent can complete.
    """
    known = customer_of(conn, number)
    occasion_id = new_id()
    if known is None:
        happened = Occasion(
            kind=kind,
            source=SOURCE,
            external_id=occasion_id,
            happened_at=now,
            branch=branch,
            name="",
            salutation="",
            numbers=(number,),
        )
        taken = take_in(conn, happened, now)
        if not taken.customer_id:
            return None
        occasion_id, customer_id, plate = taken.occasion_id, taken.customer_id, None
        # Not for the planner: what is owed is made here.
        conn.execute(update(occasions).where(occasions.c.id == occasion_id).values(planned_at=now))
    else:
        customer_id, branch = known.id, known.branch
        plate = conn.execute(
            select(vehicles.c.plate).where(vehicles.c.customer_id == customer_id).limit(1)
        ).scalar()
        row: dict[str, object] = {
            "id": occasion_id,
            "kind": kind,
            "source": SOURCE,
            "external_id": occasion_id,
            "happened_at": now,
            "branch": branch,
            "customer_id": customer_id,
            "plate": plate,
            "items": [],
            "staff": {},
            "taken_in_at": now,
            "planned_at": now,
        }
        conn.execute(insert(occasions).values(**row))
    begins = due_at or now
    made = FollowUp(
        id=new_id(),
        playbook=playbook.id,
        playbook_version=playbook.version,
        customer_id=customer_id,
        occasion_id=occasion_id,
        branch=branch,
        plate=plate,
        number=number,
        state=FollowUpState.WAITING,
        due_at=begins,
        target_at=limit_at or begins + _WITHIN,
        limit_at=limit_at or begins + _WITHIN,
        tries={},
        reason=reason,
        created_at=now,
        step=playbook.steps[0].id,
        origin="call",
        owner_id=owner_id,
        earliest_at=begins,
        expected_seconds=int(playbook.expected_minutes * 60) + playbook.wrap_up_seconds,
        released_at=now,
    )
    conn.execute(insert(follow_ups).values(**{name: getattr(made, name) for name in made.__slots__}))
    emit(conn, "follow_up.planned", made.id, now, {"playbook": playbook.id, "reason": reason})
    return made
