"""Months of the review of rights (R12)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from web.rights.rules import Month

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_r12_a_month_is_the_sites() -> None:
    """R12: it begins at midnight of the site, and is over at that of the next one."""
    month = Month.parse("2026-12")
    assert month.begins(SHANGHAI) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert month.ends(SHANGHAI) == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert not month.is_over(datetime(2026, 12, 31, 15, 59, tzinfo=UTC), SHANGHAI)
    assert month.is_over(datetime(2026, 12, 31, 16, tzinfo=UTC), SHANGHAI)
    assert Month.of(datetime(2026, 11, 30, 17, tzinfo=UTC), SHANGHAI) == month


def test_r12_months_go_on_over_the_year() -> None:
    assert str(Month(2026, 12).moved(1)) == "2027-01"
    assert str(Month(2026, 1).moved(-1)) == "2025-12"
    assert Month(2026, 12) < Month(2027, 1)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-1", "1999-01", "2026-11-01", "２０２６-11"])
def test_r12_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        Month.parse(text)
