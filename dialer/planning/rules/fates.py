"""One fate for everything due: a call, a part of another, or left out with the reason (L4, L5, L9). Pure.

What is owed to the same people is decided together and in an order of its own, so that it does not matter
what came in first, and deciding again changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialer.followups.states import OPEN, FollowUpState
from dialer.planning.rules.gates import Contact, Gate
from dialer.planning.rules.limits import Limits, keys_of
from dialer.planning.rules.merging import Call, share_calls
from dialer.planning.rules.owed import Key, Owed, Site
from dialer.planning.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """The row that something due has already: a follow-up, or an exclusion (`state` None)."""

    id: str
    state: FollowUpState | None
    reason: str
    due_at: datetime | None = None
    merged_into: str | None = None
    number: str = ""
    # A try was made, a talk is going on, an appointment was given: planning leaves it alone.
    touched: bool = False
    row: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Item:
    """Something due, and the row it has."""

    owed: Owed
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an item: called from `due_at` on, in the call of `lead`, or left out."""

    item: Item
    due_at: datetime | None = None
    lead: Item | None = None
    refused: Reason | None = None
    # What a call does besides its own topic.
    also: tuple[Owed, ...] = ()
    gates: tuple[Gate, ...] = ()


def decide(
    items: Iterable[Item],
    contacts: Iterable[tuple[tuple[str, ...], Contact]],
    site: Site,
    now: datetime,
) -> list[Fate]:
    """The fate of each item that may still change; `contacts` are those made, with who was contacted."""
    limits = Limits(site, now)
    for keys, contact in contacts:
        limits.contacted(keys, contact)
    fates: list[Fate] = []
    by_customer: defaultdict[str, list[Item]] = defaultdict(list)
    fixed: dict[str, Item] = {}
    for item in items:
        standing = item.standing
        if standing is not None and standing.touched:
            if standing.state in OPEN:
                fixed[standing.id] = item
        elif item.owed.refused is not None:
            fates.append(_refuse(item, item.owed.refused))
        elif item.owed.stratum and not (standing is not None and standing.state is not None):
            fates.append(_refuse(item, Reason.TO_DRAW))
        else:
            by_customer[item.owed.customer_id].append(item)
    for item in fixed.values():
        if item.standing is not None and item.standing.state is not FollowUpState.MERGED:
            limits.planned(item.owed, item.standing.due_at or now)
    return fates + _place(_calls(by_customer, fixed, now), limits, fixed)


@dataclass(slots=True)
class _Group:
    """A call with the items behind its topics."""

    call: Call
    items: Mapping[Key, Item]


def _calls(
    by_customer: Mapping[str, Sequence[Item]], fixed: Mapping[str, Item], now: datetime
) -> list[_Group]:
    begun: defaultdict[str, list[Call]] = defaultdict(list)
    for call in _begun(fixed).values():
        begun[call.lead.customer_id].append(call)
    groups = []
    for customer_id, mine in by_customer.items():
        if len(mine) == 1 and customer_id not in begun:
            groups.append(_Group(Call(mine[0].owed), {mine[0].owed.key: mine[0]}))
            continue
        known = {item.owed.key: item for item in mine}
        ordered = [item.owed for item in sorted(mine, key=_importance)]
        calls = share_calls(ordered, begun.get(customer_id, ()), now)
        groups += [_Group(call, known) for call in calls]
    # Of the most important first, whoever it is owed to: a household shares its limits.
    return sorted(groups, key=lambda group: _order(group.call.lead, len(group.call.also)))


def _begun(fixed: Mapping[str, Item]) -> dict[str, Call]:
    """Calls that are being tried and wait for the next try: others may still join them."""
    calls = {
        key: Call(item.owed, begun=True)
        for key, item in fixed.items()
        if item.standing is not None and item.standing.state is FollowUpState.WAITING
    }
    for item in fixed.values():
        standing = item.standing
        if standing is not None and standing.merged_into in calls:
            calls[standing.merged_into].also.append(item.owed)
    return calls


def _place(groups: Sequence[_Group], limits: Limits, fixed: Mapping[str, Item]) -> list[Fate]:
    fixed_items = {item.owed.key: item for item in fixed.values()}
    fates: list[Fate] = []
    for group in groups:
        call = group.call
        lead = group.items.get(call.lead.key)
        also = [item for item in (group.items.get(one.key) for one in call.also) if item is not None]
        if lead is None:  # begun: its place in the limits is taken
            fates += [Fate(item, lead=fixed_items[call.lead.key]) for item in also]
            if also:
                fates.append(Fate(fixed_items[call.lead.key], also=tuple(call.also)))
            continue
        topics = call.topics
        earliest = max(topic.dates.earliest for topic in topics)
        keys = tuple(dict.fromkeys(key for topic in topics for key in keys_of(topic)))
        place = limits.place(call.lead, earliest, keys)
        if place.due_at is None:
            reason = place.refused or Reason.QUARTER_CAP
            fates += [_refuse(item, reason, place.gates) for item in (lead, *also)]
            continue
        fates.append(Fate(lead, due_at=place.due_at, also=tuple(call.also), gates=place.gates))
        fates += [Fate(item, lead=lead, gates=place.gates) for item in also]
    return fates


def _refuse(item: Item, reason: Reason, gates: tuple[Gate, ...] = ()) -> Fate:
    return Fate(item, refused=reason, gates=gates)


def _importance(item: Item) -> tuple[datetime, datetime, int, str, str, str, str]:
    return _order(item.owed)


def _order(owed: Owed, also: int = 0) -> tuple[datetime, datetime, int, str, str, str, str]:
    """The nearest limit first, then the call that does most; ties by what is the same everywhere."""
    return (
        owed.dates.limit,
        owed.dates.earliest,
        -also,
        owed.playbook.id,
        owed.step.id,
        owed.cycle,
        owed.order,
    )
