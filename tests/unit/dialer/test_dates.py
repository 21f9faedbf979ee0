"""Dates of a follow-up in the site's calendar, and hours in which customers may be called (P1, L1, L3)."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from dialer.followups.dates import due_dates
from dialer.followups.hours import in_window
from dialer.playbooks.form.timing import Step, Window
from dialer.playbooks.spans import Span
from tests.support.core import PLAYBOOK, SHANGHAI

BERLIN = ZoneInfo("Europe/Berlin")
P1 = Step(earliest=Span.parse("1d"), target=Span.parse("1d"), limit=Span.parse("3d"))


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(utc(20, 16, 0), id="first-minute-of-the-day"),
        pytest.param(utc(21, 8, 30), id="afternoon"),
        pytest.param(utc(21, 15, 59), id="last-minute-of-the-day"),
    ],
)
def test_day_0_is_the_day_of_leaving_on_the_site(left: datetime) -> None:
    """P1: target next day, limit day 3; 2026-11-21 in Shanghai begins at 16:00 UTC of the 20th."""
    dates = due_dates(P1, left, SHANGHAI)
    assert (dates.earliest, dates.target, dates.limit) == (utc(21, 16), utc(22, 16), utc(24, 16))


def test_a_minute_later_is_another_day() -> None:
    assert due_dates(P1, utc(21, 16, 0), SHANGHAI).earliest == utc(22, 16)


def test_days_are_calendar_days_where_clocks_are_changed() -> None:
    """L1: the night of 2026-10-25 in Berlin has an hour more; midnight stays midnight."""
    dates = due_dates(P1, utc(24, 10, month=10), BERLIN)
    assert dates.earliest == utc(24, 22, month=10)
    assert dates.target == utc(25, 23, month=10)
    assert dates.limit == utc(27, 23, month=10)


def test_a_follow_up_may_be_due_on_the_same_day() -> None:
    same_day = Step.model_validate(dict.fromkeys(("earliest", "target", "limit"), "0d"))
    dates = due_dates(same_day, utc(21, 8), SHANGHAI)
    assert (dates.earliest, dates.limit) == (utc(20, 16), utc(21, 16))


@pytest.mark.parametrize(
    ("hour", "allowed"),
    [
        (time(8, 59, 59), False),
        (time(9, 0), True),
        (time(11, 59, 59), True),
        (time(12, 0), False),
        (time(13, 59, 59), False),
        (time(14, 0), True),
        (time(19, 59, 59), True),
        (time(20, 0), False),
        (time(0, 0), False),
    ],
)
def test_the_shipped_hours_leave_out_noon_and_night(hour: time, allowed: bool) -> None:
    """L3: 9:00-12:00 and 14:00-20:00, on the site's clock."""
    now = datetime.combine(datetime(2026, 11, 22), hour, SHANGHAI)
    assert in_window(PLAYBOOK.windows, now.astimezone(UTC), SHANGHAI) is allowed


def test_hours_are_those_of_the_site_not_of_the_server() -> None:
    """L3: 10:00 in Shanghai is 3:00 in Berlin."""
    now = utc(22, 2)
    assert in_window(PLAYBOOK.windows, now, SHANGHAI)
    assert not in_window(PLAYBOOK.windows, now, BERLIN)


def test_dates_and_hours_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="earliest <= target <= limit"):
        Step.model_validate({"earliest": "2d", "target": "1d", "limit": "3d"})
    with pytest.raises(ValidationError, match="start must be before its end"):
        Window(start=time(12), end=time(9))
