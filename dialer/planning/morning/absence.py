"""Customers who have not come for long: once an absence, never while data is missing (P2)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, String, and_, bindparam, column, func, literal, select, table

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.customers.tables import occasions
from dialer.followups.dates import add_months, add_span, midnight
from dialer.followups.tables import follow_ups
from dialer.planning.batch import settle
from dialer.planning.loading import known_of, occasions_of, since_of
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.owed import Owed, Row, Site, first_steps
from dialer.planning.rules.yeardays import spread
from dialer.planning.tables import exclusions
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import Planned
from dialer.playbooks.spans import Span
from dialer.storage.base import UtcDateTime
from dialer.storage.dialects import keep_event_order

GAP = "import_gap"
# Who became absent longer ago than this was so before the product came: the first backlog.
_BACKLOG_DAYS = 7

# Imports are a higher layer's; all that is asked of them is when the last one of a kind ended.
_imports = table("imports", column("kind", String), column("state", String), column("ended_at", UtcDateTime))
_newer = occasions.alias("newer")


@dataclass(frozen=True, slots=True)
class Gap:
    """Data of these kinds is missing since `since`."""

    kinds: tuple[str, ...]
    since: datetime


def gap_of(conn: Connection, site: Site, kinds: tuple[str, ...], now: datetime) -> Gap | None:
    """Whether nothing of these kinds came in for more than the settings' working days.

    Rows of any kind of way in count, an import without new rows as well: it says that nobody came.
    """
    taken_in = func.max(func.coalesce(occasions.c.taken_in_at, occasions.c.happened_at), type_=UtcDateTime())
    came = conn.execute(select(taken_in).where(occasions.c.kind.in_(kinds))).scalar()
    done = and_(_imports.c.kind.in_(kinds), _imports.c.state == "done")
    imported = conn.execute(select(func.max(_imports.c.ended_at)).where(done)).scalar()
    last = max((at for at in (came, imported) if at is not None), default=None)
    if last is None:  # a new installation: there is nobody to miss
        return None
    first, today = (at.astimezone(site.zone).date() for at in (last, now))
    if site.dates.calendar.between(first, today) > site.settings.gap_working_days:
        return Gap(kinds, last)
    return None


def plan_absences(
    conn: Connection, site: Site, playbook: Playbook, after: str, now: datetime, limit: int = 500
) -> tuple[Counter[str], str | None]:
    """Plan calls to the absent, from the occasion with id `after` on; gives the counts, and where to go on.

    An absence is known by the last occasion before it, so it is called about once, whatever happens.
    """
    keep_event_order(conn)
    assert playbook.trigger.after is not None
    kinds = playbook.occasions.kinds
    # Looked at once a run: it reads all there is of a kind.
    gap = gap_of(conn, site, kinds, now) if not after else None
    if gap is not None:
        missing = {"kinds": ",".join(kinds), "since": gap.since.isoformat()}
        raise_alarm(conn, GAP, playbook.id, now, missing)
        return Counter({"blocked:import_gap": 1}), None
    clear_alarm(conn, GAP, playbook.id, now)
    today = now.astimezone(site.zone).date()
    # Later than this nobody is absent yet, months of any length considered; the day is looked at exactly.
    latest = midnight(_back(site, today, playbook.trigger.after) + timedelta(days=4), site.zone)
    ids = list(
        conn.execute(
            _LAST_VISITS,
            {
                "kinds": list(kinds),
                "latest": latest,
                "after": after,
                "most": limit,
                "of_playbook": playbook.id,
            },
        ).scalars()
    )
    batch = [row for _, row in sorted(occasions_of(conn, ids).items())]
    if not batch:
        return Counter(), None
    known = known_of(conn, batch, since_of(now, 0))
    due: list[Owed] = []
    for occasion in batch:
        person = known.people[occasion["customer_id"]]
        facts = facts_of(occasion, person.record)
        day = absent_on(site, playbook, occasion, today)
        if day is None or not playbook.applies_to(occasion["kind"], facts):
            continue
        begins_at = midnight(day, site.zone)
        due += first_steps(site, playbook, occasion, person, facts, known.staff, now, begins_at=begins_at)
    return settle(conn, site, known, due, now), ids[-1]


def absent_on(site: Site, playbook: Playbook, occasion: Row, today: date) -> date | None:
    """The day on which an absence is called about; None where nobody is absent yet.

    A first backlog is spread over working days, each customer always on the same one.
    """
    trigger = playbook.trigger
    day = day_of_absence(site, playbook, occasion)
    if day > today:
        return None
    if trigger.spread_days and (today - day).days > _BACKLOG_DAYS:
        calendar = site.dates.calendar
        first = calendar.next_workday(today)
        days = [first, *(calendar.add(first, count) for count in range(1, trigger.spread_days))]
        return spread(f"{playbook.id}:{occasion['id']}", days)
    return day if not trigger.spread_days else max(day, today - timedelta(days=_BACKLOG_DAYS))


def day_of_absence(site: Site, playbook: Playbook, occasion: Row) -> date:
    """The day on which an absence since this occasion is called about, where there is no backlog."""
    trigger, calendar = playbook.trigger, site.dates.calendar
    assert trigger.after is not None
    day = add_span(occasion["happened_at"].astimezone(site.zone).date(), trigger.after, calendar)
    if trigger.planned is Planned.MONTH_START:
        return calendar.next_workday(add_months(day.replace(day=1), 1))
    return day


def _back(site: Site, today: date, after: Span) -> date:
    return add_span(today, Span(-after.count, after.unit), site.dates.calendar)


_MOST = literal(0).type
_LAST_VISITS = (
    select(occasions.c.id)
    .where(
        occasions.c.kind.in_(bindparam("kinds", expanding=True)),
        occasions.c.happened_at < bindparam("latest"),
        occasions.c.id > bindparam("after"),
        ~select(_newer.c.id)
        .where(
            _newer.c.customer_id == occasions.c.customer_id,
            _newer.c.kind.in_(bindparam("kinds", expanding=True)),
            func.coalesce(_newer.c.plate, "") == func.coalesce(occasions.c.plate, ""),
            (_newer.c.happened_at > occasions.c.happened_at)
            | ((_newer.c.happened_at == occasions.c.happened_at) & (_newer.c.id > occasions.c.id)),
        )
        .exists(),
        ~select(follow_ups.c.id)
        .where(
            follow_ups.c.playbook == bindparam("of_playbook"),
            follow_ups.c.occasion_id == occasions.c.id,
        )
        .exists(),
        ~select(exclusions.c.id)
        .where(
            exclusions.c.playbook == bindparam("of_playbook"),
            exclusions.c.occasion_id == occasions.c.id,
        )
        .exists(),
    )
    .order_by(occasions.c.id)
    .limit(bindparam("most", type_=_MOST))
)
