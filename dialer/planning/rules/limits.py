"""Contact limits when the day is planned: what is planned counts as if it had been made (L4). Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from dialer.followups.dates import midnight
from dialer.planning.rules.gates import Contact, Gate
from dialer.planning.rules.owed import Owed, Site
from dialer.planning.rules.reasons import Reason

_ONE = timedelta(days=1)


@dataclass(slots=True)
class _Days:
    """The days on which somebody was or will be contacted, and in which playbook."""

    days: list[date] = field(default_factory=list)
    playbooks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """When a call is made within the limits, or which limit forbids it; and what was counted."""

    due_at: datetime | None
    refused: Reason | None
    gates: tuple[Gate, ...]


class Limits:
    """Contacts of persons, plates and households: those made, and those planned."""

    def __init__(self, site: Site, now: datetime) -> None:
        self._site = site
        self._today = now.astimezone(site.zone).date()
        self._known: defaultdict[str, _Days] = defaultdict(_Days)

    def contacted(self, keys: Iterable[str], contact: Contact) -> None:
        """A contact that was made."""
        if not contact.exempt:
            self._add(keys, contact.at.astimezone(self._site.zone).date(), contact.playbook)

    def planned(self, owed: Owed, due_at: datetime) -> None:
        """A call that will be made."""
        if not owed.playbook.caps.exempt:
            day = max(due_at.astimezone(self._site.zone).date(), self._today)
            self._add(keys_of(owed), day, owed.playbook.id)

    def _add(self, keys: Iterable[str], day: date, playbook: str) -> None:
        for key in keys:
            known = self._known[key]
            known.days.append(day)
            known.playbooks.append(playbook)

    def place(self, owed: Owed, earliest: datetime, keys: tuple[str, ...]) -> Place:
        """The first day from `earliest` up to its limit on which no cap of `keys` is broken; it is taken."""
        caps = owed.playbook.caps
        if caps.exempt:
            return Place(earliest, None, (Gate("quarter_cap", "exempt", "-", True),))
        settings = self._site.settings
        gap = max(settings.min_gap_days, caps.min_gap_days)
        first = max(earliest.astimezone(self._site.zone).date(), self._today)
        last = max(first, (owed.dates.limit - timedelta(microseconds=1)).astimezone(self._site.zone).date())
        known = [self._known[key] for key in keys if key in self._known]
        day = first
        refused: Reason | None = None
        while day <= last:
            step = self._clash(owed, known, day, gap)
            if step is None:
                gates = self._gates(owed, keys, day)
                self._add(keys, day, owed.playbook.id)
                # An exact time is kept where its day is.
                return Place(earliest if day == first else midnight(day, self._site.zone), None, gates)
            day, refused = step
        return Place(None, refused, self._gates(owed, keys, first))

    def _clash(self, owed: Owed, known: list[_Days], day: date, gap: int) -> tuple[date, Reason] | None:
        """The next day to look at, and the limit that `day` would break; None where it breaks none."""
        quarter = _quarter(day)
        own = owed.playbook.caps.per_quarter
        for one in known:
            taken = sum(_quarter(other) == quarter for other in one.days)
            if taken >= self._site.settings.quarter_limit:
                return _next_quarter(day), Reason.QUARTER_CAP
            if own is not None and own <= sum(
                _quarter(other) == quarter and playbook == owed.playbook.id
                for other, playbook in zip(one.days, one.playbooks, strict=True)
            ):
                return _next_quarter(day), Reason.QUARTER_CAP
        for one in known if gap else ():
            near = [other for other in one.days if abs((other - day).days) < gap]
            if near:
                return max(near) + gap * _ONE, Reason.MIN_GAP
        return None

    def _gates(self, owed: Owed, keys: tuple[str, ...], day: date) -> tuple[Gate, ...]:
        limit = self._site.settings.quarter_limit
        quarter = _quarter(day)
        gates = []
        for key in keys:
            known = self._known.get(key)
            count = sum(_quarter(other) == quarter for other in known.days) if known else 0
            gates.append(Gate(_GATES[key[0]], str(count), str(limit), count < limit))
        return tuple(gates)


_GATES = {"c": "quarter_cap_person", "p": "quarter_cap_plate", "h": "quarter_cap_household"}


def keys_of(owed: Owed) -> tuple[str, ...]:
    """By whom contacts are counted: the person, the plate, the household."""
    return contact_keys(owed.customer_id, owed.plate, owed.household)


def contact_keys(customer_id: str, plate: str | None, household: str | None) -> tuple[str, ...]:
    """The same for a contact of the ledger."""
    keys = [f"c:{customer_id}"]
    if plate:
        keys.append(f"p:{plate}")
    if household:
        keys.append(f"h:{household}")
    return tuple(keys)


def _quarter(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def _next_quarter(day: date) -> date:
    number = _quarter(day) + 1
    return date(number // 4, number % 4 * 3 + 1, 1)
