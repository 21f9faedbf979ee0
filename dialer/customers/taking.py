"""Whose each occasion is, and what changes by it, worked out in memory for a whole batch (C3). Pure.

`World` holds what the database knows that concerns the batch; `take` changes it as one occasion after
the other would, and notes what is to be written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from dialer.customers.identity import Match, match_of, record_key, same_record, surname
from dialer.customers.person import BLANK, Person
from dialer.customers.values import NOTHING_TOLD, Occasion, Taken, TakenIn
from dialer.ids import new_id

OccasionKey = tuple[str, str, str]


@dataclass(slots=True)
class Holder:
    """Whose a plate is, and the latest record that said so."""

    customer_id: str
    told: str
    model: str
    stored: bool


@dataclass(slots=True)
class Joined:
    """Two records that turned out to be one person's."""

    id: str
    kept_id: str
    gone_id: str
    why: dict[str, object]
    # What was known of the kept one before, and what it got.
    moved: dict[str, Any]
    # The record that is gone was in the database before this batch: other tables may name it.
    stored: bool


@dataclass(frozen=True, slots=True)
class Blocked:
    """Numbers, and plates with the surname of who holds them, that must not be called or not even kept."""

    numbers: frozenset[str] = frozenset()
    plates: frozenset[tuple[str, str]] = frozenset()
    forgotten_numbers: frozenset[str] = frozenset()
    forgotten_plates: frozenset[tuple[str, str]] = frozenset()

    def forgets(self, occasion: Occasion) -> bool:
        """Whether it is of a person who asked to be forgotten."""
        return not self.forgotten_numbers.isdisjoint(occasion.numbers) or (
            bool(occasion.plate) and _held(occasion) in self.forgotten_plates
        )

    def holds(self, occasion: Occasion) -> bool:
        """Whether it is of a person who must not be called."""
        return not self.numbers.isdisjoint(occasion.numbers) or (
            bool(occasion.plate) and _held(occasion) in self.plates
        )


def _held(occasion: Occasion) -> tuple[str, str]:
    return occasion.plate or "", surname(occasion.name)


NOTHING_BLOCKED = Blocked()


@dataclass(slots=True)
class World:
    """What is known that concerns a batch, and what the batch changed."""

    people: dict[str, Person] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    plates: dict[str, Holder] = field(default_factory=dict)
    # id, customer and the columns of `occasion_row`.
    occasions: dict[OccasionKey, dict[str, Any]] = field(default_factory=dict)
    # Pairs that a person parted: never joined again by themselves.
    apart: set[frozenset[str]] = field(default_factory=set)
    # What is blocked of this batch's numbers and of its plates with surnames (X3).
    blocked: Blocked = NOTHING_BLOCKED

    new_keys: dict[str, str] = field(default_factory=dict)
    new_occasions: list[dict[str, Any]] = field(default_factory=list)
    changed_occasions: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed_plates: set[str] = field(default_factory=set)
    joined: list[Joined] = field(default_factory=list)
    # Occasions that a record brought which is part of another one: they go with it if it is parted again.
    late: dict[str, list[str]] = field(default_factory=dict)

    def root(self, customer_id: str) -> str:
        """The record that this one became part of, itself where it is none's."""
        while (onward := self.people[customer_id].merged_into) is not None:
            customer_id = onward
        return customer_id


def occasion_row(occasion: Occasion) -> dict[str, Any]:
    """The columns that a source tells."""
    return {
        "happened_at": occasion.happened_at,
        "branch": occasion.branch,
        "plate": occasion.plate,
        "items": list(occasion.items),
        "staff": dict(occasion.staff),
        "amount_fen": occasion.amount_fen,
        "unit": occasion.unit,
        "products": list(occasion.products),
        "facts": dict(occasion.facts),
    }


def told_by(occasion: Occasion) -> str:
    """The name of the record, for who told what last."""
    at = occasion.happened_at.astimezone(UTC).isoformat(timespec="microseconds")
    return record_key(at, occasion.source, occasion.kind, occasion.external_id)


def take(world: World, occasion: Occasion, keys: Sequence[str], now: datetime) -> TakenIn:
    """Take one occasion into the world; `keys` are its `identity_keys`."""
    row = occasion_row(occasion)
    record = told_by(occasion)
    place = (occasion.kind, occasion.source, occasion.external_id)
    known = world.occasions.get(place)
    if world.blocked.forgets(occasion) or (known and world.people[known["customer_id"]].forgotten):
        return TakenIn("", "", Taken.REFUSED, "forgotten")
    if known is not None:
        person = world.people[world.root(known["customer_id"])]
        _know_by(world, keys, person.id)
        heard = _hear(world, person, occasion, record)
        if not heard and all(known[name] == value for name, value in row.items()):
            return TakenIn(known["id"], person.id, Taken.UNCHANGED)
        known.update(row, taken_in_at=now, planned_at=None)
        world.changed_occasions[known["id"]] = known
        return TakenIn(known["id"], person.id, Taken.UPDATED)
    occasion_id = new_id()
    person = _whose(world, occasion, keys, record, occasion_id)
    _hear(world, person, occasion, record)
    stored = {
        "id": occasion_id,
        "kind": occasion.kind,
        "source": occasion.source,
        "external_id": occasion.external_id,
        "customer_id": person.id,
        "taken_in_at": now,
        "planned_at": None,
        **row,
    }
    world.occasions[place] = stored
    world.new_occasions.append(stored)
    return TakenIn(occasion_id, person.id, Taken.CREATED)


def _told(occasion: Occasion) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": occasion.name,
        "salutation": occasion.salutation,
        "branch": occasion.branch,
    }
    if occasion.customer is not NOTHING_TOLD:
        fields |= asdict(occasion.customer)
        if fields["segments"] is not None:
            fields["segments"] = list(fields["segments"])
    return fields


def _hear(world: World, person: Person, occasion: Occasion, record: str) -> bool:
    heard = person.hear(record, _told(occasion))
    fresh = person.hear_numbers(record, occasion.numbers)
    if occasion.plate:
        _hold(world, occasion.plate, person.id, record, str(occasion.facts.get("model", "")))
    if not person.do_not_call and world.blocked.holds(occasion):
        person.do_not_call = person.changed = True
    return heard or fresh


def _hold(world: World, plate: str, customer_id: str, record: str, model: str) -> None:
    holder = world.plates.get(plate)
    if holder is None:
        world.plates[plate] = Holder(customer_id, record, model, stored=False)
    elif record != holder.told and (record > holder.told or same_record(record, holder.told)):
        holder.customer_id, holder.told, holder.model = customer_id, record, model or holder.model
    else:
        return
    world.changed_plates.add(plate)


def _know_by(world: World, keys: Sequence[str], customer_id: str) -> None:
    for key in keys:
        if key not in world.owners:
            world.owners[key] = world.new_keys[key] = customer_id


def _whose(world: World, occasion: Occasion, keys: Sequence[str], record: str, occasion_id: str) -> Person:
    """The customer of a new record: found by its keys, joined where they lead to several, or new."""
    found: dict[str, str] = {}
    for key in keys:
        owner = world.owners.get(key)
        if owner is not None:
            found.setdefault(world.root(owner), key)
    if not found:
        person = Person(new_id(), {**BLANK, "segments": []}, {}, new=True)
        world.people[person.id] = person
        _know_by(world, keys, person.id)
        return person
    exact = next((root for root, key in found.items() if match_of(key) is not Match.PLATE_AND_NUMBER), None)
    if exact is None:
        # Nobody of this name: a record of its own, which can be taken out again.
        person = variant = Person(new_id(), {**BLANK, "segments": []}, {}, new=True)
        world.people[person.id] = person
        person.hear(record, _told(occasion))
        person.hear_numbers(record, occasion.numbers)
    else:
        person, variant = world.people[exact], None
        _belongs_to(world, world.owners[found[exact]], occasion_id)
    _know_by(world, keys, person.id)
    for root, key in found.items():
        other = world.people[world.root(root)]
        if other.id != person.id and not _parted(world, person.id, other.id):
            person = _join(world, person, other, key, occasion)
    if variant is not None:
        _belongs_to(world, variant.id, occasion_id)
    return person


def _belongs_to(world: World, record_id: str, occasion_id: str) -> None:
    """Note that this occasion is a merged record's own."""
    if world.people[record_id].merged_into is None:
        return
    joined = next((one for one in world.joined if one.gone_id == record_id), None)
    if joined is None:
        world.late.setdefault(record_id, []).append(occasion_id)
    else:
        joined.moved["occasions"].append(occasion_id)


def _parted(world: World, one: str, other: str) -> bool:
    return bool(world.apart) and frozenset((one, other)) in world.apart


def _join(world: World, one: Person, other: Person, key: str, occasion: Occasion) -> Person:
    kept, gone = (one, other) if (one.new, one.id) < (other.new, other.id) else (other, one)
    why: dict[str, object] = {
        "match": match_of(key).value,
        "names": [kept.fields["name"], gone.fields["name"]],
        "source": occasion.source,
        "external_id": occasion.external_id,
    }
    world.joined.append(join(world, kept, gone, why))
    return kept


def join(world: World, kept: Person, gone: Person, why: dict[str, object]) -> Joined:
    """Make one record part of another, and note what it takes to undo it."""
    before = {name: kept.fields[name] for name in kept.told}
    moved: dict[str, Any] = {
        "fields": _plain(before),
        "told": dict(kept.told),
        "do_not_call": kept.do_not_call,
        "kept_phones": [[phone.number, phone.told] for phone in kept.phones],
        "gone_phones": [[phone.number, phone.told] for phone in gone.phones],
        "vehicles": [],
        "occasions": [],
    }
    kept.absorb(gone)
    gone.merged_into, gone.changed = kept.id, True
    gone.phones, gone.phones_changed = [], False
    for plate, holder in world.plates.items():
        if holder.customer_id == gone.id:
            holder.customer_id = kept.id
            world.changed_plates.add(plate)
            moved["vehicles"].append(plate)
    for row in world.occasions.values():
        if row["customer_id"] == gone.id:
            row["customer_id"] = kept.id
            moved["occasions"].append(row["id"])
    return Joined(new_id(), kept.id, gone.id, why, moved, stored=not gone.new)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
