"""Festivals, anniversaries and cadences: follow-ups that the calendar makes due (P18, P19, P22)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, func, literal, select

from dialer.customers.tables import occasions
from dialer.followups.dates import add_span, midnight
from dialer.followups.tables import follow_ups
from dialer.planning.batch import settle
from dialer.planning.facts import facts_of
from dialer.planning.loading import known_of, occasions_of, since_of
from dialer.planning.owed import Owed, Row, Site, first_steps
from dialer.planning.tables import exclusions
from dialer.planning.yeardays import day_in_period, period_of, year_day
from dialer.playbooks.conditions import Facts
from dialer.playbooks.schema import Playbook
from dialer.storage.dialects import keep_event_order

_newer = occasions.alias("newer")
_LATEST = (
    select(occasions.c.id)
    .where(
        occasions.c.kind.in_(bindparam("kinds", expanding=True)),
        occasions.c.customer_id > bindparam("after"),
        ~select(_newer.c.id)
        .where(
            _newer.c.customer_id == occasions.c.customer_id,
            _newer.c.kind.in_(bindparam("kinds", expanding=True)),
            (_newer.c.happened_at > occasions.c.happened_at)
            | ((_newer.c.happened_at == occasions.c.happened_at) & (_newer.c.id > occasions.c.id)),
        )
        .exists(),
    )
    .order_by(occasions.c.customer_id)
    .limit(bindparam("most", type_=literal(0).type))
)
_FIRST = (
    select(occasions.c.customer_id, func.min(occasions.c.happened_at).label("first"))
    .where(
        occasions.c.kind.in_(bindparam("kinds", expanding=True)),
        occasions.c.customer_id.in_(bindparam("many", expanding=True)),
    )
    .group_by(occasions.c.customer_id)
)


def plan_calendar(
    conn: Connection, site: Site, playbook: Playbook, after: str, now: datetime, limit: int = 500
) -> tuple[Counter[str], str | None]:
    """Plan what today makes due, from the customer with id `after` on; gives the counts, and where to go on.

    A customer stands for the latest occasion that the playbook is about; each period and year comes once.
    """
    keep_event_order(conn)
    kinds = list(playbook.occasions.kinds)
    ids = conn.execute(_LATEST, {"kinds": kinds, "after": after, "most": limit}).scalars().all()
    batch = sorted(occasions_of(conn, ids).values(), key=lambda row: str(row["customer_id"]))
    if not batch:
        return Counter(), None
    known = known_of(conn, batch, since_of(now, 0))
    wanted = {"kinds": kinds, "many": [row["customer_id"] for row in batch]}
    first = {row.customer_id: row.first for row in conn.execute(_FIRST, wanted)}
    taken = {(row["playbook"], row["customer_id"], row["cycle"]) for row in known.owed}
    taken |= _done_cycles(conn, playbook.id, wanted["many"])
    today = now.astimezone(site.zone).date()
    due: list[Owed] = []
    for occasion in batch:
        customer_id = occasion["customer_id"]
        person = known.people[customer_id]
        facts = facts_of(occasion, person.record) | {"birthday": person.record.get("birthday")}
        if not playbook.applies_to(occasion["kind"], facts):
            continue
        began = first[customer_id].astimezone(site.zone).date()
        for cycle, day in turns(site, playbook, occasion, facts, began, today):
            if (playbook.id, customer_id, cycle) in taken:
                continue
            begins_at = midnight(day, site.zone)
            due += first_steps(
                site, playbook, occasion, person, facts, known.staff, now, begins_at=begins_at, cycle=cycle
            )
    return settle(conn, site, known, due, now), str(batch[-1]["customer_id"])


def turns(
    site: Site, playbook: Playbook, occasion: Row, facts: Facts, began: date, today: date
) -> Iterator[tuple[str, date]]:
    """The cycles whose turn has come, and their days. `began`: the day of the customer's first occasion."""
    calendar = site.dates.calendar
    key = f"{playbook.id}:{occasion['customer_id']}"
    for cadence in playbook.trigger.cadence:
        if cadence.when is not None and not cadence.when.holds(facts):
            continue
        first, after = period_of(today, cadence.every)
        if cadence.first is not None:
            new_on = add_span(began, cadence.first, calendar)
            # The first call takes the place of the period's own.
            if began >= first:
                if new_on <= today:
                    yield "first", new_on
                break
        day = day_in_period(key, first, after, calendar)
        if day <= today:
            yield f"{first.isoformat()}/{cadence.every}", day
        break
    for spec in playbook.trigger.on:
        yield from _festival(site, playbook, spec, facts, today)


def _festival(
    site: Site, playbook: Playbook, spec: str, facts: Facts, today: date
) -> Iterator[tuple[str, date]]:
    for year in (today.year - 1, today.year, today.year + 1):
        day = year_day(spec, year, facts)
        if day is None:
            continue
        dates = site.dates.of(playbook.steps[0], midnight(day, site.zone), playbook.holidays, foreseen=True)
        begins, ends = (at.astimezone(site.zone).date() for at in (dates.earliest, dates.limit))
        if begins <= today < ends:
            yield f"{spec.partition(':')[2][:12]}/{year}", day


def _done_cycles(conn: Connection, playbook_id: str, customers: list[str]) -> set[tuple[str, str, str]]:
    """Cycles of these customers that were planned or left out, whichever occasion stood for them then."""
    found: set[tuple[str, str, str]] = set()
    for rows in (follow_ups, exclusions):
        query = select(rows.c.playbook, rows.c.customer_id, rows.c.cycle).where(
            rows.c.customer_id.in_(customers), rows.c.playbook == playbook_id
        )
        found |= {(row[0], row[1], row[2]) for row in conn.execute(query)}
    return found
