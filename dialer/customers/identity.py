"""Whether two records are of one person (C3). Pure."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from dialer.customers.rules import split_salutation

# Surnames of two characters that are common enough to matter.
_DOUBLE_SURNAMES = frozenset(
    [
        *("欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒"),
        *("夏侯", "端木", "南宫", "轩辕", "宇文", "长孙", "西门", "百里", "呼延"),
    ]
)
_PERSON = re.compile(r"^[\u4e00-\u9fff]{1,4}$")
# What tells that a short name is a unit's.
_UNIT = re.compile(
    "公司|集团|中心|医院|学校|大学|银行|酒店|饭店|超市|商行|物业|车队|工厂|政府|[厂店局院行部所站社处会]$"
)


class Match(StrEnum):
    """Why two records are of one person."""

    NUMBER_AND_NAME = "same_number_and_name"
    PLATE_AND_NAME = "same_plate_and_name"
    # The name differs slightly: 李 (女士) and 李明.
    PLATE_AND_NUMBER = "same_plate_and_number"
    BY_HAND = "by_hand"


_MATCHES = {"n": Match.NUMBER_AND_NAME, "p": Match.PLATE_AND_NAME, "b": Match.PLATE_AND_NUMBER}


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """A name for comparing: full-width letters, blanks, case and the salutation do not matter."""
    return split_salutation(name)[0].casefold()


@lru_cache(maxsize=65_536)
def surname(name: str) -> str:
    """The surname of a person; the whole name where it may be a unit's or a foreign one."""
    key = name_key(name)
    if not _PERSON.match(key) or (len(key) > 1 and _UNIT.search(key)):
        return key
    return key[:2] if key[:2] in _DOUBLE_SURNAMES else key[:1]


def is_full_name(name: str) -> bool:
    """Whether more than the surname is known."""
    key = name_key(name)
    return bool(key) and (len(key) > len(surname(name)) or not _PERSON.match(key))


def identity_keys(name: str, numbers: Sequence[str], plate: str | None) -> list[str]:
    """What a record is known by. Two records are of one person if they share a key, or a chain of them.

    One number and one name; one plate and one name; one plate and one number where the surname
    agrees. So a switchboard's number does not join two units of different names, a plate alone does
    not join the buyer of a car with its seller, and the order in which records come does not matter.
    """
    written = name_key(name)
    keys = [f"n|{number}|{written}" for number in numbers]
    if plate:
        keys.append(f"p|{plate}|{written}")
        keys.extend(f"b|{number}|{plate}|{surname(name)}" for number in numbers)
    return keys


def match_of(key: str) -> Match:
    """What two records that share this key agree in."""
    return _MATCHES[key[0]]


def record_key(happened_at_utc: str, source: str, kind: str, external_id: str) -> str:
    """The name of a record for "who told it last": sorts by time, then by what it is."""
    return f"{happened_at_utc} {source} {kind} {external_id}"


def same_record(one: str, other: str) -> bool:
    """Whether both are one record, perhaps with another time."""
    return one.partition(" ")[2] == other.partition(" ")[2]
