"""Use cases of planning: what came in, the release of a plan, signals (L1, L9), each in a transaction."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, insert, select, update

from dialer.customers.tables import occasions
from dialer.followups.states import FollowUpEvent, FollowUpState
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.planning.batch import settle
from dialer.planning.loading import known_of, occasions_of, since_of, unplanned
from dialer.planning.rules.owed import Owed, Row, Site, owed_on_arrival
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import plan_runs, signals
from dialer.planning.visits import cancel_absences
from dialer.playbooks.library import Library
from dialer.storage.dialects import keep_event_order
from dialer.storage.feed import emit

_LOOKED_AT = (
    update(occasions).where(occasions.c.id == bindparam("looked_at")).values(planned_at=bindparam("when"))
)
_TO_RELEASE = (
    select(follow_ups.c.id)
    .where(follow_ups.c.state == FollowUpState.PLANNED, follow_ups.c.plan_day <= bindparam("day"))
    .order_by(follow_ups.c.limit_at)
    .limit(bindparam("most", type_=follow_ups.c.expected_seconds.type))
)
_RELEASE = (
    update(follow_ups)
    .where(follow_ups.c.id == bindparam("released"), follow_ups.c.state == FollowUpState.PLANNED)
    .values(state=FollowUpState.WAITING, released_at=bindparam("when"))
)


def plan_arrivals(
    conn: Connection,
    library: Library,
    settings: PlanningSettings,
    zone: ZoneInfo,
    now: datetime,
    limit: int = 1000,
) -> Counter[str]:
    """Plan what came in or changed since the last time, `limit` occasions at most; again is harmless.

    Counts what was decided: occasions, planned, merged, changed, excluded:<reason>.
    """
    return plan_new(conn, Site.of(library, settings, zone), now, limit)


def plan_new(conn: Connection, site: Site, now: datetime, limit: int = 1000) -> Counter[str]:
    """The same, for callers who plan batch after batch."""
    keep_event_order(conn)  # one planner at a time
    batch = unplanned(conn, limit)
    if not batch:
        return Counter()
    counts = plan_occasions(conn, site, batch, now)
    conn.execute(_LOOKED_AT, [{"looked_at": row["id"], "when": now} for row in batch])
    return counts


def plan_occasions(conn: Connection, site: Site, batch: list[Row], now: datetime) -> Counter[str]:
    """Decide on these occasions and on all that is owed to the same people."""
    cancel_absences(conn, site, batch, now)
    known = known_of(conn, batch, since_of(now, longest_gap(site)))
    due: list[Owed] = []
    for occasion in batch:
        person = known.people[occasion["customer_id"]]
        due += owed_on_arrival(site, occasion, person, known.staff, now)
    counts = settle(conn, site, known, due, now, looked_at=[row["id"] for row in batch])
    counts["occasions"] = len(batch)
    return counts


def plan_again(conn: Connection, site: Site, customer_ids: Iterable[str], now: datetime) -> Counter[str]:
    """Decide again on what is owed to these customers: one was blocked, or a follow-up of theirs is over."""
    keep_event_order(conn)
    ids = list(customer_ids)
    query = select(occasions.c.id).where(occasions.c.customer_id.in_(ids)).order_by(occasions.c.id.desc())
    latest: dict[str, Row] = {}
    for row in occasions_of(conn, conn.execute(query).scalars().all()).values():
        latest.setdefault(row["customer_id"], row)
    known = known_of(conn, latest.values(), since_of(now, longest_gap(site)))
    return settle(conn, site, known, (), now)


def longest_gap(site: Site) -> int:
    """The longest gap in days that any playbook or the site wants between contacts."""
    return max((site.settings.min_gap_days, *(playbook.caps.min_gap_days for playbook in site.library)))


def release(conn: Connection, day: date, by: str, now: datetime, limit: int = 1000) -> int:
    """Let what is planned up to `day` be called, `limit` at most; gives how many were released."""
    keep_event_order(conn)
    ids = list(conn.execute(_TO_RELEASE, {"day": day, "most": limit}).scalars())
    if ids:
        conn.execute(_RELEASE, [{"released": follow_up_id, "when": now} for follow_up_id in ids])
        for follow_up_id in ids:
            data = {"before": FollowUpState.PLANNED, "event": FollowUpEvent.RELEASE, "by": by}
            emit(conn, "follow_up.waiting", follow_up_id, now, data)
    if len(ids) < limit:
        released = update(plan_runs).where(plan_runs.c.day <= day, plan_runs.c.released_at.is_(None))
        conn.execute(released.values(released_at=now, released_by=by))
        emit(conn, "plan.released", day.isoformat(), now, {"by": by})
    return len(ids)


def count_unreleased(conn: Connection, day: date) -> int:
    """How many planned follow-ups of up to `day` wait for their release."""
    query = select(func.count()).where(
        follow_ups.c.state == FollowUpState.PLANNED, follow_ups.c.plan_day <= day
    )
    return conn.execute(query).scalar_one()


def give_signal(conn: Connection, name: str, occasion_id: str, by: str, now: datetime) -> str:
    """Say that what a step waits for has happened: it rained, the car was fetched (P17). Gives its id."""
    signal_id = new_id()
    row = {"id": signal_id, "name": name, "occasion_id": occasion_id, "at": now, "by": by}
    conn.execute(insert(signals).values(**row))
    emit(conn, "signal.given", occasion_id, now, {"name": name, "by": by})
    return signal_id
