"""Dates of steps in the Chinese calendar, and days that come again (L1, L3, P18, P19)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.followups.dates import DateBook, DueDates, add_months, add_span, after_span, due_dates
from dialer.followups.workdays import WorkCalendar
from dialer.planning.rules.yeardays import day_in_period, period_of, year_day
from dialer.playbooks.form.timing import HolidayRule, Step
from dialer.playbooks.spans import Span
from tests.support.core import SHANGHAI

CALENDAR = WorkCalendar()
SPANS = [
    Span.parse(text) for text in ("90min", "24h", "0d", "1d", "3wd", "2w", "1mo", "1q", "2y", "-7d", "-2wd")
]


def step(earliest: str, target: str, limit: str) -> Step:
    return Step.model_validate({"earliest": earliest, "target": target, "limit": limit})


def days(dates: DueDates, zone: ZoneInfo = SHANGHAI) -> tuple[str, str, str]:
    """The first day, and the last days for target and limit."""
    first = dates.earliest.astimezone(zone)
    lasts = [(at - timedelta(microseconds=1)).astimezone(zone) for at in (dates.target, dates.limit)]
    return f"{first:%m-%d}", f"{lasts[0]:%m-%d}", f"{lasts[1]:%m-%d}"


def at(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def test_l1_working_days_leave_out_holidays_and_count_make_up_workdays() -> None:
    """2026: New Year 15-23 February off, Saturday 14 and 28 February worked."""
    assert CALENDAR.add(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert CALENDAR.add(date(2026, 2, 13), 2) == date(2026, 2, 24)
    assert CALENDAR.add(date(2026, 2, 24), -1) == date(2026, 2, 14)
    assert CALENDAR.add(date(2026, 2, 15), 0) == date(2026, 2, 15)
    assert CALENDAR.is_workday(date(2026, 2, 28))
    assert not CALENDAR.is_workday(date(2026, 10, 1))
    assert CALENDAR.is_holiday(date(2026, 10, 1))
    assert not CALENDAR.is_holiday(date(2026, 11, 22))


def test_l1_a_year_that_is_not_known_says_so_and_counts_weekends() -> None:
    assert CALENDAR.knows(2026)
    assert not CALENDAR.knows(2031)
    assert not CALENDAR.is_workday(date(2031, 1, 4))
    assert CALENDAR.is_workday(date(2031, 1, 1))


def test_l1_the_house_has_days_of_its_own() -> None:
    house = WorkCalendar(frozenset({date(2026, 11, 24)}), frozenset({date(2026, 11, 22)}))
    assert not house.is_workday(date(2026, 11, 24))
    assert house.is_holiday(date(2026, 11, 24))
    assert house.is_workday(date(2026, 11, 22))


@pytest.mark.parametrize(
    ("begin", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_l1_months_end_where_they_end(begin: date, months: int, end: date) -> None:
    assert add_months(begin, months) == end


def test_l1_minutes_and_hours_are_exact_and_days_are_of_the_calendar() -> None:
    begun = at(11, 24)
    dates = due_dates(step("0min", "30min", "24h"), begun, SHANGHAI)
    assert (dates.earliest, dates.target, dates.limit) == (
        begun,
        begun + timedelta(minutes=30),
        begun + timedelta(hours=24),
    )
    assert days(due_dates(step("1d", "2w", "1mo"), begun, SHANGHAI)) == ("11-25", "12-08", "12-24")
    assert days(due_dates(step("1wd", "3wd", "5wd"), at(11, 27), SHANGHAI)) == ("11-30", "12-02", "12-04")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (HolidayRule.CALL, ("10-01", "10-01", "10-03")),
        (HolidayRule.SHIFT_DEADLINE, ("10-08", "10-08", "10-08")),
        (HolidayRule.BEFORE, ("09-30", "09-30", "09-30")),
    ],
)
def test_l3_a_public_holiday_does_what_the_playbook_says(
    rule: HolidayRule, expected: tuple[str, str, str]
) -> None:
    """The National Day's week of 2026 is 1 to 7 October."""
    found = due_dates(step("1d", "1d", "3d"), at(9, 30), SHANGHAI, CALENDAR, rule)
    assert days(found) == expected


def test_l3_what_happened_in_the_holiday_is_called_after_it() -> None:
    found = due_dates(step("1d", "1d", "3d"), at(10, 2), SHANGHAI, CALENDAR, HolidayRule.BEFORE)
    assert days(found) == ("10-08", "10-08", "10-08")


def test_l3_a_date_known_beforehand_is_called_before_the_holiday() -> None:
    book = DateBook(SHANGHAI, CALENDAR)
    found = book.of(step("-1d", "0d", "0d"), at(10, 3), HolidayRule.BEFORE, foreseen=True)
    assert days(found) == ("09-30", "09-30", "09-30")


@given(
    st.sampled_from(SPANS),
    st.sampled_from(SPANS),
    st.sampled_from(SPANS),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe"]),
    st.sampled_from(list(HolidayRule)),
)
def test_l1_dates_stay_in_order_whatever_the_clocks_do(
    one: Span, two: Span, three: Span, begun: datetime, zone: str, rule: HolidayRule
) -> None:
    spans = sorted((one, two, three), key=lambda span: span.roughly)
    made = Step(earliest=spans[0], target=spans[1], limit=spans[2])
    dates = due_dates(made, begun.replace(tzinfo=UTC), ZoneInfo(zone), CALENDAR, rule)
    assert dates.earliest <= dates.target <= dates.limit
    assert dates == due_dates(made, begun.replace(tzinfo=UTC), ZoneInfo(zone), CALENDAR, rule)


def test_l1_an_hour_of_another_day_is_the_hour_of_the_clock() -> None:
    """The night of 2026-10-25 in Berlin has an hour more."""
    berlin = ZoneInfo("Europe/Berlin")
    begun = datetime(2026, 10, 24, 10, tzinfo=berlin)
    later = after_span(begun, Span.parse("1d"), berlin, CALENDAR)
    assert later.astimezone(berlin).hour == 10
    assert later - begun == timedelta(hours=25)
    assert add_span(date(2026, 10, 24), Span.parse("1q"), CALENDAR) == date(2027, 1, 24)


@pytest.mark.parametrize(
    ("spec", "year", "day"),
    [
        ("solar:10-01", 2026, date(2026, 10, 1)),
        ("solar:02-29", 2026, date(2026, 2, 28)),
        ("lunar:08-15", 2026, date(2026, 9, 25)),
        ("lunar:01-01", 2026, date(2026, 2, 17)),
        ("lunar:12-30", 2025, date(2026, 2, 16)),
        ("lunar:12-30", 2026, date(2027, 2, 5)),
        ("fact:birthday", 2026, date(2026, 3, 8)),
        ("fact:anniversary", 2026, None),
    ],
)
def test_p19_days_of_the_year_in_both_calendars(spec: str, year: int, day: date | None) -> None:
    assert year_day(spec, year, {"birthday": date(1990, 3, 8)}) == day


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.sampled_from(["1d", "10d", "1w", "2w", "1mo", "2mo", "1q", "6mo", "1y"]),
)
def test_p18_every_day_is_in_one_period(day: date, every: str) -> None:
    first, after = period_of(day, Span.parse(every))
    assert first <= day < after
    assert period_of(first, Span.parse(every)) == (first, after)
    assert period_of(after, Span.parse(every))[0] == after


def test_p18_turns_are_even_over_a_period_and_on_working_days() -> None:
    first, after = period_of(date(2026, 11, 24), Span.parse("1q"))
    assert (first, after) == (date(2026, 10, 1), date(2027, 1, 1))
    turns = [day_in_period(f"customer {number}", first, after, CALENDAR) for number in range(2000)]
    workdays = CALENDAR.workdays(first, after)
    assert set(turns) == set(workdays)
    assert max(map(turns.count, workdays)) < 3 * len(turns) / len(workdays)
