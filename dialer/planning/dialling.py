"""The gates once more when agents are paired: what can have changed since the plan was made (L3, L4, L7)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Connection, and_, bindparam, insert, or_, select

from dialer.customers.blocks import barred_numbers
from dialer.customers.tables import contacts, customers
from dialer.followups.queries import FollowUp
from dialer.followups.workdays import WorkCalendar
from dialer.ids import new_id
from dialer.planning.loading import since_of
from dialer.planning.rules import gates
from dialer.planning.rules.gates import Contact, Gate, Person
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import decisions
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch

_MANY: BindParameter[str] = bindparam("many", expanding=True)
_PEOPLE = Prepared(
    select(
        customers.c.id,
        customers.c.do_not_call,
        customers.c.paused_until,
        customers.c.pause_reason,
        customers.c.slot_from,
        customers.c.slot_to,
        customers.c.time_zone,
        customers.c.household,
        customers.c.forgotten_at,
    ).where(customers.c.id.in_(_MANY)),
    lists=("many",),
)
# Contacts with these people, and dials to these numbers: one look at the ledger.
_CONTACTS = Prepared(
    select(
        contacts.c.customer_id,
        contacts.c.number,
        contacts.c.plate,
        contacts.c.household,
        contacts.c.at,
        contacts.c.kind,
        contacts.c.playbook,
        contacts.c.exempt,
    ).where(
        or_(
            and_(
                contacts.c.at >= bindparam("since"),
                contacts.c.kind.in_(("talk", "visit")),
                or_(
                    contacts.c.customer_id.in_(_MANY),
                    contacts.c.plate.in_(bindparam("plates", expanding=True)),
                    contacts.c.household.in_(bindparam("households", expanding=True)),
                ),
            ),
            and_(
                contacts.c.at > bindparam("yesterday"),
                contacts.c.kind == "dial",
                contacts.c.number.in_(bindparam("numbers", expanding=True)),
            ),
        )
    ),
    lists=("many", "plates", "households", "numbers"),
)
_DECIDED = Prepared(insert(decisions), columns=decisions.c.keys())

# A talk about this follow-up was held already: the customer expects the rest of it.
_TALKED = frozenset({"answered", "call_again", "cut_off", "call_back", "customer_rang"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a follow-up may be dialled now.

    `put_off_until`: when it can pass by time alone; None where it passes, or where time does not help.
    `reason` is the first gate that is shut, "" where none is.
    """

    follow_up_id: str
    allowed: bool
    gates: tuple[Gate, ...]
    put_off_until: datetime | None
    reason: str


class _Known(NamedTuple):
    """A person's row."""

    id: str
    do_not_call: bool
    paused_until: datetime | None
    pause_reason: str
    slot_from: str
    slot_to: str
    time_zone: str
    household: str | None
    forgotten_at: datetime | None


class _Made(NamedTuple):
    """A contact's row."""

    customer_id: str
    number: str
    plate: str | None
    household: str | None
    at: datetime
    kind: str
    playbook: str
    exempt: bool


@dataclass(slots=True)
class Ledger:
    """What is known of the people, contacts and numbers of a batch."""

    people: dict[str, Person] = field(default_factory=dict)
    households: dict[str, str | None] = field(default_factory=dict)
    by_customer: defaultdict[str, list[Contact]] = field(default_factory=lambda: defaultdict(list))
    by_plate: defaultdict[str, list[Contact]] = field(default_factory=lambda: defaultdict(list))
    by_household: defaultdict[str, list[Contact]] = field(default_factory=lambda: defaultdict(list))
    dials: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))


def verdicts(
    conn: Connection,
    owed: Sequence[FollowUp],
    library: Library,
    settings: PlanningSettings,
    zone: ZoneInfo,
    now: datetime,
) -> list[Verdict]:
    """Whether each of these may be dialled now, in their order. At most six statements, however many."""
    ledger = read_ledger(conn, owed, library, settings, now)
    calendar = settings.calendar()
    return [
        judge(one, library.find(one.playbook, one.playbook_version), ledger, settings, calendar, zone, now)
        for one in owed
    ]


def judge(
    owed: FollowUp,
    playbook: Playbook | None,
    ledger: Ledger,
    settings: PlanningSettings,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    now: datetime,
) -> Verdict:
    """The same for one, with what was read. Pure."""
    if playbook is None:
        gate = Gate("playbook", owed.playbook, "known", False)
        return Verdict(owed.id, False, (gate,), None, gate.name)
    playbook = playbook.variant(owed.segment)
    person = ledger.people.get(owed.customer_id, Person())
    found = tuple(gates_of(owed, playbook, person, ledger, settings, calendar, zone, now))
    shut = gates.shut(found)
    if not shut:
        return Verdict(owed.id, True, found, None, "")
    reason = shut[0].name
    opens = [gate.until for gate in shut if gate.until is not None]
    if len(opens) < len(shut):
        return Verdict(owed.id, False, found, None, next(gate.name for gate in shut if gate.until is None))
    until = max(opens)
    if owed.appointment_at is None:
        until = gates.opens_at(playbook, person, zone, calendar, until)
    return Verdict(owed.id, False, found, until, reason)


def gates_of(
    owed: FollowUp,
    playbook: Playbook,
    person: Person,
    ledger: Ledger,
    settings: PlanningSettings,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    now: datetime,
) -> list[Gate]:
    """Every gate of a follow-up at a moment, in the order in which they are told."""
    caps = playbook.caps
    household = ledger.households.get(owed.customer_id)
    exempt = caps.exempt or owed.appointment_at is not None or owed.reason in _TALKED
    gap = max(settings.min_gap_days, caps.min_gap_days)
    mine = ledger.by_customer.get(owed.customer_id, [])
    shared = [
        ("person", mine),
        *([("plate", ledger.by_plate.get(owed.plate, []))] if owed.plate else []),
        *([("household", ledger.by_household.get(household, []))] if household else []),
    ]
    found = [
        gates.do_not_call(person),
        gates.pause(person, now),
        gates.due(owed.due_at, now),
        gates.window(playbook, person, zone, calendar, now, appointment_at=owed.appointment_at),
    ]
    for of, made in shared:
        found.append(gates.quarter(of, made, settings.quarter_limit, zone, now, exempt=exempt))
        if gap:
            found.append(gates.gap(of, made, gap, zone, now, exempt=exempt))
    if caps.per_quarter is not None:
        own = [contact for contact in mine if contact.playbook == owed.playbook]
        found.append(gates.quarter("playbook", own, caps.per_quarter, zone, now, exempt=exempt))
    found.extend(gates.carrier(ledger.dials.get(owed.number, []), settings, now))
    return found


def read_ledger(
    conn: Connection,
    owed: Sequence[FollowUp],
    library: Library,
    settings: PlanningSettings,
    now: datetime,
) -> Ledger:
    """Read what the gates of these follow-ups ask for."""
    ids = sorted({one.customer_id for one in owed})
    numbers = sorted({one.number for one in owed})
    barred = barred_numbers(conn, numbers)
    blocked = {one.customer_id for one in owed if one.number in barred}
    ledger = Ledger()
    for row in fetch(conn, _PEOPLE, _Known, many=ids):
        ledger.households[row.id] = row.household
        ledger.people[row.id] = Person(
            do_not_call=row.do_not_call,
            blocked=row.id in blocked,
            paused_until=row.paused_until,
            pause_reason=row.pause_reason,
            slot_from=row.slot_from,
            slot_to=row.slot_to,
            time_zone=row.time_zone,
            forgotten=row.forgotten_at is not None,
        )
    gaps = [settings.min_gap_days, *(playbook.caps.min_gap_days for playbook in library)]
    wanted = {
        "many": ids,
        "plates": sorted({one.plate for one in owed if one.plate}),
        "households": sorted({name for name in ledger.households.values() if name}),
        "numbers": numbers,
        "since": since_of(now, max(gaps)),
        "yesterday": now - gates.DAY,
    }
    for made in fetch(conn, _CONTACTS, _Made, **wanted):
        if made.kind == "dial":
            ledger.dials[made.number].append(made.at)
            continue
        contact = Contact(made.at, made.playbook, made.exempt)
        ledger.by_customer[made.customer_id].append(contact)
        if made.plate:
            ledger.by_plate[made.plate].append(contact)
        if made.household:
            ledger.by_household[made.household].append(contact)
    return ledger


def decided(
    conn: Connection,
    judged: Sequence[tuple[FollowUp, Verdict]],
    now: datetime,
    attempts: Mapping[str, str] | None = None,
) -> None:
    """Keep the gates that were looked at; `attempts` are those that follow-ups led to, by follow-up."""
    known = attempts or {}
    rows = [
        {
            "id": new_id(),
            "at": now,
            "subject": owed.id,
            "attempt_id": known.get(owed.id),
            "customer_id": owed.customer_id,
            "playbook": owed.playbook,
            "verdict": _word(verdict),
            "gates": gates.compact(verdict.gates),
        }
        for owed, verdict in judged
    ]
    if rows:
        _DECIDED.run_many(conn, rows)


def _word(verdict: Verdict) -> str:
    if verdict.allowed:
        return "dialled"
    return "excluded" if verdict.put_off_until is None else "put_off"
