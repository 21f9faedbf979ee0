"""Days as people type them into a page or its address."""

from datetime import date

# Further away, the day after or its beginning in another zone may be no date any more.
_YEARS = range(2000, 2100)


def typed_day(text: str) -> date:
    """The day of `2026-11-21`.

    Raises:
        ValueError: it is none, or none of this century.
    """
    day = date.fromisoformat(text)
    if day.year not in _YEARS:
        raise ValueError(f"{text} is not in this century: write a day such as 2026-11-21")
    return day
