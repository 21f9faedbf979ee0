"""The day a due date falls on: told, by months, or by the projected odometer, whichever is first (P4)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.projecting import day_reached, due_day, with_due_day
from dialer.playbooks.expressions.conditions import Value
from dialer.playbooks.form.timing import Trigger
from tests.support.planned import SHANGHAI, YESTERDAY
from tests.support.shipped import LIBRARY

DELIVERED = date(2026, 11, 23)
SHIPPED = LIBRARY.get("first-maintenance").trigger


def facts(kind: str = "delivery-order", /, **told: object) -> dict[str, Value]:
    """The facts of an occasion of Monday, 2026-11-23, as they come from a row."""
    return facts_of({"kind": kind, "happened_at": YESTERDAY, "facts": told}, {})


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, date(2027, 5, 23)),
        ({"daily_mileage": 50}, date(2027, 3, 3)),
        ({"daily_mileage": 20}, date(2027, 5, 23)),
        ({"mileage": 2000, "mileage_on": "2026-12-13"}, date(2027, 1, 12)),
        ({"mileage": 6000, "mileage_on": "2026-12-23"}, date(2026, 12, 18)),
        ({"first_maintenance_due": "2026-12-03"}, date(2026, 12, 3)),
        ({"first_maintenance_due": "2027-09-01"}, date(2027, 5, 23)),
        ({"first_maintenance_due": "2027-04-01", "daily_mileage": 50}, date(2027, 3, 3)),
        # The told daily mileage counts before a reading; a senseless one does not.
        ({"daily_mileage": 50, "mileage": 2000, "mileage_on": "2026-12-13"}, date(2027, 3, 3)),
        ({"daily_mileage": 0, "mileage": 2000, "mileage_on": "2026-12-13"}, date(2027, 1, 12)),
        # A reading without its day, of the day of the delivery, before it, or of no distance.
        ({"mileage": 12}, date(2027, 5, 23)),
        ({"mileage": 12, "mileage_on": "2026-11-23"}, date(2027, 5, 23)),
        ({"mileage": 900, "mileage_on": "2026-11-01"}, date(2027, 5, 23)),
        ({"mileage": 0, "mileage_on": "2026-12-13"}, date(2027, 5, 23)),
        # What cannot be true.
        ({"daily_mileage": -40}, date(2027, 5, 23)),
        ({"daily_mileage": 50_000}, date(2027, 5, 23)),
        ({"daily_mileage": "NaN"}, date(2027, 5, 23)),
        ({"daily_mileage": "很多"}, date(2027, 5, 23)),
        ({"daily_mileage": "0.0000001"}, date(2027, 5, 23)),
        ({"mileage": 800_000, "mileage_on": "2026-12-13"}, date(2027, 5, 23)),
        ({"first_maintenance_due": "下个月"}, date(2027, 5, 23)),
    ],
)
def test_p4_the_earliest_of_what_is_known(told: dict[str, str | int], expected: date) -> None:
    """P4: the day that is named, six months, and 5,000 km by the projected odometer."""
    assert due_day(SHIPPED, facts(**told), SHANGHAI) == expected


def test_p4_a_row_that_names_the_date_is_not_counted_from() -> None:
    """P4: only a delivery is a day on which a car was new."""
    told = {"first_maintenance_due": "2027-09-01", "daily_mileage": 50}
    assert due_day(SHIPPED, facts("maintenance-due", **told), SHANGHAI) == date(2027, 9, 1)
    assert due_day(SHIPPED, facts("maintenance-due"), SHANGHAI) is None


def test_p4_the_script_names_the_computed_day_where_none_was_told() -> None:
    computed = with_due_day(SHIPPED, facts(daily_mileage=50), SHANGHAI)
    assert computed["first_maintenance_due"] == date(2027, 3, 3)
    told = facts(first_maintenance_due="2026-12-03")
    assert with_due_day(SHIPPED, told, SHANGHAI) is told
    other = facts()
    assert with_due_day(Trigger(), other, SHANGHAI) is other


@given(
    rate=st.one_of(st.none(), st.decimals(), st.integers(), st.text(max_size=8)),
    mileage=st.one_of(st.none(), st.decimals(), st.integers(), st.text(max_size=8)),
    read_on=st.one_of(st.none(), st.dates()),
    kilometres=st.integers(1, 10**9),
)
def test_p4_nothing_that_a_file_says_makes_it_fail(
    rate: Decimal | int | str | None,
    mileage: Decimal | int | str | None,
    read_on: date | None,
    kilometres: int,
) -> None:
    told: dict[str, Value] = {"daily_mileage": rate, "mileage": mileage, "mileage_on": read_on}
    reached = day_reached(kilometres, DELIVERED, told)
    assert reached is None or reached > DELIVERED


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "due", "fact": "due_date", "months": "30d"},
        {"kind": "due", "fact": "due_date", "months": "-6mo"},
        {"kind": "due", "fact": "due_date", "kilometres": 0},
        {"kind": "event", "kilometres": 5000},
        {"kind": "calendar", "cadence": [{"every": "1w", "season": [13]}]},
        {
            "kind": "calendar",
            "cadence": [{"every": "1w", "task": {"do": "case", "title": {"zh": "看", "en": "See"}}}],
        },
    ],
)
def test_p4_p18_what_makes_no_sense_in_a_trigger_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Trigger.model_validate(wrong)
