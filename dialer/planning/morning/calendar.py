"""Festivals, anniversaries and cadences: follow-ups that the calendar makes due (P18, P19, P22)."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection, bindparam, func, literal, select

from dialer.customers.tables import occasions
from dialer.followups.dates import add_span, midnight
from dialer.followups.tables import follow_ups
from dialer.planning.batch import settle
from dialer.planning.loading import known_of, occasions_of, since_of
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.owed import Owed, Row, Site, first_steps, owed_task
from dialer.planning.rules.reasons import Reason
from dialer.planning.rules.yeardays import day_in_period, period_of, year_day
from dialer.planning.tables import exclusions
from dialer.playbooks.expressions.conditions import Facts
from dialer.playbooks.form.questions import Effect
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import Cadence
from dialer.storage.dialects import keep_event_order

# Nobody visits whom nobody may call, nor long afterwards.
_NO_TASK = (Reason.DO_NOT_CALL, Reason.TOO_LATE)

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
    batch = latest_of(conn, kinds, after, limit)
    if not batch:
        return Counter(), None
    known = known_of(conn, batch, since_of(now, 0))
    customers = [row["customer_id"] for row in batch]
    began = first_days(conn, site, kinds, customers)
    taken = {(row["playbook"], row["customer_id"], row["cycle"]) for row in known.owed}
    taken |= _done_cycles(conn, playbook.id, customers)
    today = now.astimezone(site.zone).date()
    due: list[Owed] = []
    for occasion in batch:
        customer_id = occasion["customer_id"]
        person = known.people[customer_id]
        facts = facts_of(occasion, person.record) | {"birthday": person.record.get("birthday")}
        if not playbook.applies_to(occasion["kind"], facts):
            continue
        for cycle, day, task in turns(site, playbook, occasion, facts, began[customer_id], today):
            if (playbook.id, customer_id, cycle) in taken:
                continue
            begins_at = midnight(day, site.zone)
            found = first_steps(
                site, playbook, occasion, person, facts, known.staff, now, begins_at=begins_at, cycle=cycle
            )
            due += found if task is None else [_instead(one, task, facts) for one in islice(found, 1)]
    return settle(conn, site, known, due, now), str(batch[-1]["customer_id"])


def latest_of(conn: Connection, kinds: Collection[str], after: str, limit: int) -> list[Row]:
    """The latest occasion of these kinds of each customer with an id later than `after`, by that id."""
    ids = conn.execute(_LATEST, {"kinds": list(kinds), "after": after, "most": limit}).scalars().all()
    return sorted(occasions_of(conn, ids).values(), key=lambda row: str(row["customer_id"]))


def first_days(
    conn: Connection, site: Site, kinds: Collection[str], customers: Collection[str]
) -> dict[str, date]:
    """The days of these customers' first occasions of these kinds."""
    rows = conn.execute(_FIRST, {"kinds": list(kinds), "many": list(customers)})
    return {row.customer_id: row.first.astimezone(site.zone).date() for row in rows}


def _instead(owed: Owed, task: Effect, facts: Facts) -> Owed:
    """A task in the place of a call: it has its fate as all that is due, and never dials (L4, P18)."""
    refused = owed.refused if owed.refused in _NO_TASK else Reason.OTHER_CHANNEL
    tasks = () if owed.refused in _NO_TASK else (owed_task("cadence", task, facts),)
    return replace(owed, refused=refused, tasks=tasks)


def turns(
    site: Site, playbook: Playbook, occasion: Row, facts: Facts, began: date, today: date
) -> Iterator[tuple[str, date, Effect | None]]:
    """The cycles whose turn has come, with their days and the task that one makes instead of a call.

    `began` is the day of the customer's first occasion.
    """
    calling = (one for one in playbook.trigger.cadence if one.task is None)
    visiting = (one for one in playbook.trigger.cadence if one.task is not None)
    for cadences in (calling, visiting):
        cadence = next((one for one in cadences if _counts(one, facts, today)), None)
        turn = cadence and _turn(site, playbook, cadence, occasion, began, today)
        if cadence and turn:
            cycle, day = turn
            # Its cycles are not those of the calls.
            yield (cycle if cadence.task is None else f"t/{cycle}"), day, cadence.task
    for spec in playbook.trigger.on:
        for cycle, day in _festival(site, playbook, spec, facts, today):
            yield cycle, day, None


def _counts(cadence: Cadence, facts: Facts, today: date) -> bool:
    in_season = not cadence.season or today.month in cadence.season
    return in_season and (cadence.when is None or cadence.when.holds(facts))


def _turn(
    site: Site, playbook: Playbook, cadence: Cadence, occasion: Row, began: date, today: date
) -> tuple[str, date] | None:
    calendar = site.dates.calendar
    key = f"{playbook.id}:{occasion['customer_id']}"
    first, after = period_of(today, cadence.every)
    # The first call takes the place of the period's own.
    if cadence.first is not None and began >= first:
        new_on = add_span(began, cadence.first, calendar)
        return ("first", new_on) if new_on <= today else None
    day = day_in_period(key, first, after, calendar)
    return (f"{first.isoformat()}/{cadence.every}", day) if day <= today else None


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
