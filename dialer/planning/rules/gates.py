"""The gates before each call, each with its value, its limit and its verdict (L3, L4, L7). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialer.followups.dates import midnight
from dialer.followups.hours import next_open
from dialer.followups.workdays import WorkCalendar
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import HolidayRule, Window

DAY = timedelta(days=1)
BURST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that was looked at. `until`: when a gate that is shut opens by time alone, if it does."""

    name: str
    value: str
    limit: str
    passed: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact of the ledger, as the limits see it."""

    at: datetime
    playbook: str = ""
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """What a customer's record says about calling; empty where it says nothing."""

    do_not_call: bool = False
    blocked: bool = False
    paused_until: datetime | None = None
    pause_reason: str = ""
    slot_from: str = ""
    slot_to: str = ""
    time_zone: str = ""
    forgotten: bool = False


def do_not_call(person: Person) -> Gate:
    """Whoever asked not to be called, under this name or another, is not (X3)."""
    if person.forgotten:
        value = "forgotten"
    elif person.do_not_call:
        value = "asked not to be called"
    else:
        value = "number or plate blocked" if person.blocked else "no"
    return Gate("do_not_call", value, "no", value == "no")


def pause(person: Person, now: datetime) -> Gate:
    """Who was upset is left alone until then, or until a supervisor releases (L7)."""
    until = person.paused_until
    passed = until is None or until <= now
    value = "no" if passed else person.pause_reason or "paused"
    return Gate("pause", value, "no", passed, None if passed else until)


def due(due_at: datetime, now: datetime) -> Gate:
    """Not before its earliest time, nor before the next try's."""
    return Gate("due", _iso(now), _iso(due_at), now >= due_at, None if now >= due_at else due_at)


def window(
    playbook: Playbook,
    person: Person,
    zone: ZoneInfo,
    calendar: WorkCalendar,
    now: datetime,
    *,
    appointment_at: datetime | None = None,
) -> Gate:
    """Not in rest hours; the customer's own slot and time zone win; holidays by the playbook's rule (L3).

    A time that the customer named himself is kept whatever the hour.
    """
    if appointment_at is not None:
        return Gate("window", "appointment", _iso(appointment_at), True)
    hours = hours_of(playbook, person)
    own_zone = zone_of(person, zone)
    opens = opens_at(playbook, person, zone, calendar, now)
    local = now.astimezone(own_zone)
    limit = ", ".join(f"{hour.start:%H:%M}-{hour.end:%H:%M}" for hour in hours)
    holiday = playbook.holidays is not HolidayRule.CALL and calendar.is_holiday(local.date())
    value = f"{local:%H:%M}" + (" on a public holiday" if holiday else "")
    return Gate("window", value, limit, opens == now, None if opens == now else opens)


def opens_at(
    playbook: Playbook, person: Person, zone: ZoneInfo, calendar: WorkCalendar, moment: datetime
) -> datetime:
    """The first moment from `moment` on at which this customer may be called for this playbook."""

    def is_open(day: date) -> bool:
        return playbook.holidays is HolidayRule.CALL or not calendar.is_holiday(day)

    return next_open(moment, hours_of(playbook, person), zone_of(person, zone), day_is_open=is_open)


def hours_of(playbook: Playbook, person: Person) -> Sequence[Window]:
    """The customer's own slot where one was agreed, else the playbook's hours."""
    slot = _slot(person.slot_from, person.slot_to)
    return playbook.windows if slot is None else slot


@lru_cache(maxsize=1024)
def _slot(begin: str, end: str) -> tuple[Window, ...] | None:
    try:
        return (Window(start=time.fromisoformat(begin), end=time.fromisoformat(end)),)
    except ValueError:  # none, or none that makes sense
        return None


def zone_of(person: Person, zone: ZoneInfo) -> ZoneInfo:
    """The customer's own time zone where one is known, else the site's."""
    return _zone(person.time_zone) or zone


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def quarter(
    of: str, contacts: Iterable[Contact], limit: int, zone: ZoneInfo, now: datetime, *, exempt: bool
) -> Gate:
    """Contacts of a person, plate or household in this calendar quarter (L4). `of` names which."""
    name = f"quarter_cap_{of}"
    if exempt:
        return Gate(name, "exempt", str(limit), True)
    begins, ends = quarter_of(now, zone)
    count = sum(begins <= contact.at < ends and not contact.exempt for contact in contacts)
    passed = count < limit
    return Gate(name, str(count), str(limit), passed, None if passed else ends)


def gap(
    of: str, contacts: Iterable[Contact], days: int, zone: ZoneInfo, now: datetime, *, exempt: bool
) -> Gate:
    """So many days lie between two contacts (L4)."""
    name = f"min_gap_{of}"
    if exempt or not days:
        return Gate(name, "exempt" if exempt else "none", str(days), True)
    last = max((one.at for one in contacts if one.at <= now and not one.exempt), default=None)
    if last is None:
        return Gate(name, "never", str(days), True)
    since = last.astimezone(zone).date()
    passed = (now.astimezone(zone).date() - since).days >= days
    until = None if passed else midnight(since + days * DAY, zone)
    return Gate(name, str((now.astimezone(zone).date() - since).days), str(days), passed, until)


def carrier(dials: Sequence[datetime], settings: PlanningSettings, now: datetime) -> tuple[Gate, Gate]:
    """The carriers' limits for one number: so many dials in 24 hours, so many in 5 minutes (L4)."""
    return (
        _within("carrier_day", dials, settings.carrier_per_day, DAY, now),
        _within("carrier_burst", dials, settings.carrier_burst, BURST, now),
    )


def _within(name: str, dials: Sequence[datetime], limit: int, span: timedelta, now: datetime) -> Gate:
    recent = sorted(at for at in dials if now - span < at <= now)
    passed = len(recent) < limit
    # Open again when the oldest of the last `limit` dials falls out of the span.
    until = None if passed else recent[-limit] + span
    return Gate(name, str(len(recent)), str(limit), passed, until)


def quarter_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the calendar quarter of `moment` begins and ends on the site."""
    day = moment.astimezone(zone).date()
    return _quarter(day.year, (day.month - 1) // 3, zone)


@lru_cache(maxsize=256)
def _quarter(year: int, number: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begins = date(year, number * 3 + 1, 1)
    ends = date(year + number // 3, (number + 1) % 4 * 3 + 1, 1)
    return midnight(begins, zone), midnight(ends, zone)


def shut(gates: Iterable[Gate]) -> list[Gate]:
    """The gates that do not pass, in their order."""
    return [gate for gate in gates if not gate.passed]


def compact(gates: Iterable[Gate]) -> list[dict[str, object]]:
    """As they are kept in `decisions`."""
    kept = []
    for gate in gates:
        row: dict[str, object] = {
            "gate": gate.name,
            "value": gate.value,
            "limit": gate.limit,
            "passed": gate.passed,
        }
        if gate.until is not None:
            row["until"] = _iso(gate.until)
        kept.append(row)
    return kept


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes")
