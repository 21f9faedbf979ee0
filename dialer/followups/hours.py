"""Hours of the day in which customers may be called (L3, L7). Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from dialer.playbooks.form.timing import Window

_NOON, _EVENING = time(12), time(18)
_ONE = timedelta(days=1)
_LONGEST_LOOK = 60


def in_window(windows: Sequence[Window], now: datetime, zone: ZoneInfo) -> bool:
    """Whether customers may be called at this hour (L3)."""
    hour = now.astimezone(zone).time()
    return any(window.start <= hour < window.end for window in windows)


def next_open(
    moment: datetime,
    windows: Sequence[Window],
    zone: ZoneInfo,
    *,
    day_is_open: Callable[[date], bool] = lambda _day: True,
    after_day: date = date.min,
) -> datetime:
    """The first moment from `moment` on that lies in a window of an open day later than `after_day`.

    Where two months hold none, it is the end of them: a person will have looked by then.
    """
    local = moment.astimezone(zone)
    for ahead in range(_LONGEST_LOOK):
        day = local.date() + ahead * _ONE
        if day <= after_day or not day_is_open(day):
            continue
        for window in sorted(windows, key=lambda window: window.start):
            begin, end = (
                datetime.combine(day, hour, zone).astimezone(UTC) for hour in (window.start, window.end)
            )
            if end > moment:
                return max(begin, moment)
    return moment + _LONGEST_LOOK * _ONE


def part_of_day(hour: time) -> str:
    """morning, afternoon or evening."""
    if hour < _NOON:
        return "morning"
    return "afternoon" if hour < _EVENING else "evening"


def split_by_part(windows: Sequence[Window]) -> tuple[Window, ...]:
    """The same hours, cut where a part of the day ends."""
    parts = []
    for window in windows:
        cuts = [
            window.start,
            *(cut for cut in (_NOON, _EVENING) if window.start < cut < window.end),
            window.end,
        ]
        parts += [Window(start=a, end=b) for a, b in pairwise(cuts)]
    return tuple(parts)
