"""Whose a record is, and what of two records is known better (C3). Pure."""

import pytest

from dialer.customers.identity import (
    Match,
    identity_keys,
    is_full_name,
    match_of,
    name_key,
    same_record,
    surname,
)
from dialer.customers.person import BLANK, Person, pack, unpack

EARLY, LATE = "2026-11-01T00:00:00Z csv order 1", "2026-11-02T00:00:00Z api policy 9"


def person(**fields: object) -> Person:
    return Person("P", {**BLANK, **fields}, {})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("李明", "李"),
        ("李女士", "李"),
        ("李", "李"),
        ("欧阳锋", "欧阳"),
        ("大华公司", "大华公司"),
        ("城东店", "城东店"),
        ("Smith", "smith"),
        ("", ""),
    ],
)
def test_c3_a_surname_is_a_persons(name: str, expected: str) -> None:
    """C3: a unit is known by its whole name."""
    assert surname(name) == expected


def test_c3_names_are_compared_without_dress() -> None:
    assert name_key(" 李 明 先生") == name_key("李明") == "李明"
    assert (is_full_name("李明"), is_full_name("李女士"), is_full_name("")) == (True, False, False)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("李", ["138"], None), ("李女士", ["138"], None), Match.NUMBER_AND_NAME),
        (("李", ["138"], "豫A1"), ("李", ["139"], "豫A1"), Match.PLATE_AND_NAME),
        (("李", ["138"], "豫A1"), ("李明", ["138"], "豫A1"), Match.PLATE_AND_NUMBER),
        (("李", ["138"], "豫A1"), ("王", ["138"], "豫A1"), None),
        (("李", ["138"], "豫A1"), ("王", ["139"], "豫A1"), None),
    ],
)
def test_c3_two_records_are_one_persons_for_a_reason(
    one: tuple[str, list[str], str | None], other: tuple[str, list[str], str | None], expected: Match | None
) -> None:
    """C3: the reason is what the two share."""
    shared = [key for key in identity_keys(*one) if key in identity_keys(*other)]
    assert (match_of(shared[0]) if shared else None) is expected


def test_c3_the_latest_record_tells() -> None:
    """C3: whichever is heard first."""
    for order in ((EARLY, LATE), (LATE, EARLY)):
        known = person()
        for told_by in order:
            known.hear(told_by, {"grade": "gold" if told_by == LATE else "silver"})
        assert (known.fields["grade"], known.told) == ("gold", {"grade": LATE})


def test_c3_a_full_name_is_kept() -> None:
    known = person()
    known.hear(EARLY, {"name": "李明"})
    assert not known.hear(LATE, {"name": "李", "owner": "", "segments": []})
    assert known.fields["name"] == "李明"


def test_c3_a_record_corrects_itself() -> None:
    """C3: the same order with another date, and nothing newer elsewhere."""
    moved = EARLY.replace("11-01", "10-01")
    assert same_record(EARLY, moved)
    known = person()
    known.hear(EARLY, {"name": "李名"})
    assert known.hear(moved, {"name": "李明"})
    assert known.fields["name"] == "李明"


def test_c3_the_numbers_of_the_latest_record_come_first() -> None:
    for order in ((EARLY, LATE), (LATE, EARLY)):
        known = person()
        for told_by in order:
            known.hear_numbers(told_by, ["2", "3"] if told_by == LATE else ["1", "2"])
        assert [phone.number for phone in known.phones] == ["2", "3", "1"]
        assert not known.hear_numbers(LATE, ["2", "3"])


def test_c3_what_told_is_stored_once_for_its_fields() -> None:
    told = {"name": EARLY, "grade": LATE, "branch": EARLY}
    assert pack(told) == {EARLY: ["branch", "name"], LATE: ["grade"]}
    assert unpack(pack(told)) == told
