"""One customer's record while occasions are taken in: who told what last (C1, C3). Pure.

Each field is the one that the latest record told, so that the order in which files are imported does
not matter: an old file that comes late changes nothing that is known better.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dialer.customers.identity import is_full_name, same_record

# What a customer's row is without anything told.
BLANK: Mapping[str, Any] = {
    "name": "",
    "salutation": "",
    "branch": "",
    "kind": "person",
    "grade": "",
    "member_number": "",
    "segments": [],
    "document_tail": "",
    "language": "",
    "slot_from": "",
    "slot_to": "",
    "time_zone": "",
    "household": None,
    "birthday": None,
    "owner": "",
    "deputy": "",
    "means": "",
    "frequency": "",
    "promotion_consent": None,
}


@dataclass(slots=True)
class Phone:
    """A number, and the latest record that named it."""

    number: str
    told: str
    stored: bool = False


@dataclass(slots=True)
class Person:
    """A customer's record and what changed in it."""

    id: str
    fields: dict[str, Any]
    # Field and the record that told it.
    told: dict[str, str]
    phones: list[Phone] = field(default_factory=list)
    do_not_call: bool = False
    merged_into: str | None = None
    forgotten: bool = False
    new: bool = False
    changed: bool = False
    phones_changed: bool = False

    def hear(self, told_by: str, values: Mapping[str, Any], *, by_hand: bool = False) -> bool:
        """Take over what a record tells, where nothing newer is known. True if a value changed.

        What a person says `by_hand` is taken over in any case.
        """
        different = False
        for name, value in values.items():
            if value is None or value in ("", []):
                continue
            known = self.told.get(name, "")
            if not by_hand and not self._newer(name, value, told_by, known):
                continue
            different = different or self.fields[name] != value
            if known != told_by or self.fields[name] != value:
                self.fields[name], self.told[name], self.changed = value, told_by, True
        return different

    def _newer(self, name: str, value: Any, told_by: str, known: str) -> bool:
        if same_record(told_by, known):
            return True
        if name == "name":
            # 李明 is better than 李, however old.
            return (is_full_name(value), told_by) > (is_full_name(self.fields[name]), known)
        return told_by > known

    def hear_numbers(self, told_by: str, numbers: Iterable[str]) -> bool:
        """Take over the numbers a record names; the latest record's come first. True if one is new."""
        numbers = list(dict.fromkeys(numbers))
        if not self.phones:
            self.phones = [Phone(number, told_by) for number in numbers]
            self.phones_changed = self.phones_changed or bool(numbers)
            return bool(numbers)
        if [(phone.number, phone.told) for phone in self.phones] == [(one, told_by) for one in numbers]:
            return False
        known = {phone.number for phone in self.phones}
        fresh = [number for number in numbers if number not in known]
        before = [(phone.number, phone.told) for phone in self.phones]
        if fresh:
            # The record now names others: what it named before is known by nobody any more.
            for phone in self.phones:
                if phone.told and phone.number not in numbers and same_record(phone.told, told_by):
                    phone.told = ""
        for number in fresh:
            self.phones.append(Phone(number, told_by))
        for phone in self.phones:
            if phone.number in numbers and (told_by > phone.told or same_record(told_by, phone.told)):
                phone.told = told_by
        order = {number: place for place, number in enumerate(numbers)}
        self._sort(order, told_by)
        if before != [(phone.number, phone.told) for phone in self.phones]:
            self.phones_changed = True
        return bool(fresh)

    def _sort(self, order: Mapping[str, int], told_by: str) -> None:
        # Numbers of one record stay in its order.
        self.phones.sort(key=lambda phone: order.get(phone.number, 0) if phone.told == told_by else 0)
        self.phones.sort(key=lambda phone: phone.told, reverse=True)

    def absorb(self, other: "Person") -> None:
        """Take over all that is known of another record of the same person."""
        for name, told_by in other.told.items():
            self.hear(told_by, {name: other.fields[name]})
        latest: dict[str, tuple[Phone, int]] = {}
        for phones in (self.phones, other.phones):
            for place, phone in enumerate(phones):
                if phone.number not in latest or phone.told > latest[phone.number][0].told:
                    latest[phone.number] = (phone, place)
        by_place = sorted(latest.values(), key=lambda one: one[1])
        stored = {phone.number for phone in self.phones if phone.stored}
        self.phones = [Phone(phone.number, phone.told, phone.number in stored) for phone, _place in by_place]
        self.phones.sort(key=lambda phone: phone.told, reverse=True)
        self.phones_changed = True
        if other.do_not_call and not self.do_not_call:
            self.do_not_call = self.changed = True


def pack(told: Mapping[str, str]) -> dict[str, list[str]]:
    """As it is stored: the record and the fields it told, since most are told by one."""
    packed: dict[str, list[str]] = {}
    for name in sorted(told):
        packed.setdefault(told[name], []).append(name)
    return packed


def unpack(packed: Mapping[str, list[str]]) -> dict[str, str]:
    """The record that told each field."""
    return {name: told_by for told_by, names in packed.items() for name in names}
