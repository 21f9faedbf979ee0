"""Days as people type them."""

from datetime import date

import pytest

from web.days import typed_day


def test_a_day_is_one_of_this_century() -> None:
    assert typed_day("2026-11-21") == date(2026, 11, 21)
    for text in ("9999-12-31", "0001-01-01", "", "21.11.2026"):
        with pytest.raises(ValueError, match=r"century|Invalid"):
            typed_day(text)
