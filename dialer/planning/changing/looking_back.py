"""What a past day made due: by its occasions, by absences, by turns of the calendar, by signals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, literal, select

from dialer.customers.tables import occasions
from dialer.followups.dates import add_span, midnight
from dialer.planning.loading import occasions_of, people_of, staff_of
from dialer.planning.morning.absence import day_of_absence
from dialer.planning.morning.calendar import first_days, latest_of, turns
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.owed import ON_ARRIVAL, Owed, Row, Site, first_steps
from dialer.planning.tables import signals
from dialer.playbooks.expressions.conditions import Facts
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import TriggerKind
from dialer.playbooks.spans import Span

_BATCH = 500
# What is planned at the start of a month became an absence in the month before.
_LONGEST_MONTH = timedelta(days=36)
# A cadence asks every customer. This many are looked at for a preview; more would keep its reader waiting.
MOST_LOOKED_AT = 20_000

_newer = occasions.alias("newer")
_QUIET = (
    select(occasions)
    .where(
        occasions.c.kind.in_(bindparam("kinds", expanding=True)),
        occasions.c.happened_at >= bindparam("first"),
        occasions.c.happened_at < bindparam("then"),
        occasions.c.id > bindparam("after"),
        ~select(_newer.c.id)
        .where(
            _newer.c.customer_id == occasions.c.customer_id,
            _newer.c.kind.in_(bindparam("kinds", expanding=True)),
            func.coalesce(_newer.c.plate, "") == func.coalesce(occasions.c.plate, ""),
            _newer.c.happened_at > occasions.c.happened_at,
            _newer.c.happened_at < bindparam("then"),
        )
        .exists(),
    )
    .order_by(occasions.c.id)
    .limit(bindparam("most", type_=literal(0).type))
)
_OF_DAY = (
    select(occasions)
    .where(
        occasions.c.kind.in_(bindparam("kinds", expanding=True)),
        occasions.c.happened_at >= bindparam("first"),
        occasions.c.happened_at < bindparam("then"),
        occasions.c.id > bindparam("after"),
    )
    .order_by(occasions.c.id)
    .limit(bindparam("most", type_=literal(0).type))
)
_GIVEN = (
    select(signals.c.occasion_id)
    .where(
        signals.c.name == bindparam("signal"),
        signals.c.at >= bindparam("first"),
        signals.c.at < bindparam("after"),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class OfDay:
    """What a day made due; `looked_at` occasions, of which not all where there were too many."""

    looked_at: int
    due: list[Owed]
    all_of_them: bool = True


def due_of_day(conn: Connection, site: Site, playbook: Playbook, day: date, then: datetime) -> OfDay:
    """What `day` made due of a playbook, whatever its trigger, seen from `then`, its end."""
    staff = staff_of(conn)
    arrives = playbook.trigger.kind in ON_ARRIVAL
    looked_at, due = 0, list[Owed]()
    for batch in _batches(conn, site, playbook, day, then):
        if looked_at >= MOST_LOOKED_AT and not arrives:
            return OfDay(looked_at, due, all_of_them=False)
        looked_at += len(batch)
        people = people_of(conn, sorted({row["customer_id"] for row in batch}))
        by_calendar = playbook.trigger.kind is TriggerKind.CALENDAR
        began = first_days(conn, site, playbook.occasions.kinds, people) if by_calendar else {}
        for occasion in batch:
            person = people[occasion["customer_id"]]
            facts = facts_of(occasion, person.record)
            if not arrives:
                facts["birthday"] = person.record.get("birthday")
            if not playbook.applies_to(occasion["kind"], facts):
                continue
            for cycle, begins_at in _begins(site, playbook, occasion, facts, began, day):
                due += first_steps(
                    site, playbook, occasion, person, facts, staff, then, begins_at=begins_at, cycle=cycle
                )
    return OfDay(looked_at, due)


def _batches(
    conn: Connection, site: Site, playbook: Playbook, day: date, then: datetime
) -> Iterator[list[Row]]:
    kinds = list(playbook.occasions.kinds)
    if playbook.trigger.kind is TriggerKind.SIGNAL:
        span = {"first": midnight(day, site.zone), "after": midnight(day + timedelta(days=1), site.zone)}
        given = conn.execute(_GIVEN, {"signal": playbook.trigger.signal, **span}).scalars().all()
        for start in range(0, len(given), _BATCH):
            of_signals = occasions_of(conn, given[start : start + _BATCH]).values()
            yield [row for row in of_signals if row["kind"] in kinds]
        return
    after = ""
    if playbook.trigger.kind is TriggerKind.CALENDAR:
        while batch := latest_of(conn, kinds, after, _BATCH):
            yield batch
            after = batch[-1]["customer_id"]
        return
    query, first, end = _OF_DAY, midnight(day, site.zone), midnight(day + timedelta(days=1), site.zone)
    if playbook.trigger.kind is TriggerKind.ABSENCE:
        assert playbook.trigger.after is not None  # its form says so
        back = Span(-playbook.trigger.after.count, playbook.trigger.after.unit)
        earliest = add_span(day, back, site.dates.calendar) - _LONGEST_MONTH
        query, first, end = _QUIET, midnight(earliest, site.zone), then
    wanted = {"kinds": kinds, "first": first, "then": end, "most": _BATCH}
    while rows := conn.execute(query, {**wanted, "after": after}).mappings().all():
        yield [dict(row) for row in rows]
        after = rows[-1]["id"]


def _begins(
    site: Site,
    playbook: Playbook,
    occasion: Row,
    facts: Facts,
    began: Mapping[str, date],
    day: date,
) -> Iterator[tuple[str, datetime | None]]:
    """The cycles that began on the day, and when; None: as the occasion says."""
    start = midnight(day, site.zone)
    match playbook.trigger.kind:
        case TriggerKind.SIGNAL:
            yield "", start
        case TriggerKind.ABSENCE:
            if day_of_absence(site, playbook, occasion) == day:
                yield "", start
        case TriggerKind.CALENDAR:
            since = began[occasion["customer_id"]]
            had = {
                cycle for cycle, *_ in turns(site, playbook, occasion, facts, since, day - timedelta(days=1))
            }
            for cycle, at, task in turns(site, playbook, occasion, facts, since, day):
                if task is None and cycle not in had:
                    yield cycle, midnight(at, site.zone)
        case _:
            yield "", None
