"""How many people a day's work needs, and when they rest: from the forecast volume (L10). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from dialer.assigning.forecast import Hours, Reach, Work, Worker, more_people, play

MEAL_MINUTES = 60
BREAK_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Rest:
    """One person's meal or break. `person` counts from 1."""

    person: int
    kind: str
    hour: int
    minute: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Roster:
    """The fewest people who keep every limit that can be kept, how many each hour needs, and their rests."""

    people: int
    late: int
    needed_by_hour: Mapping[int, int]
    rests: tuple[Rest, ...]


def roster(work: Sequence[Work], hours: Hours, reach: Reach, start: datetime, until: datetime) -> Roster:
    """A roster for the work of one day. Meals and breaks lie in the hours that need the fewest people."""
    count, late = more_people(work, (), hours, reach, start, until)
    spans = [span for each in hours.spans.values() for span in each]
    if not count or not spans:
        return Roster(count, late, {}, ())
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    skills = frozenset(one.skill for one in work)
    people = [Worker(f"{n:02}", ((first, last),), skills) for n in range(count)]
    wanted = play(work, people, hours, reach, start, until).wanted_by_hour
    needed = {hour: ceil(minutes / 60) for hour, minutes in wanted.items() if minutes}
    return Roster(count, late, needed, _rests(count, wanted, first.hour, last.hour))


def _rests(count: int, wanted: Mapping[int, int], first: int, last: int) -> tuple[Rest, ...]:
    """A meal for each about the middle of the day, and a break in each half."""
    middle = (first + last) // 2
    spare = {hour: count * 60 - wanted.get(hour, 0) for hour in range(first, last)}
    taken: dict[int, int] = dict.fromkeys(spare, 0)
    rests = []
    for kind, minutes, candidates in (
        ("meal", MEAL_MINUTES, range(middle - 2, middle + 2)),
        ("break", BREAK_MINUTES, range(first + 1, middle - 2)),
        ("break", BREAK_MINUTES, range(middle + 2, last - 1)),
    ):
        hours = [hour for hour in candidates if hour in spare]
        for person in range(1, count + 1 if hours else 1):
            hour = max(hours, key=lambda hour: (spare[hour], -hour))
            rests.append(Rest(person, kind, hour, taken[hour] % 4 * 15 if kind == "break" else 0, minutes))
            spare[hour] -= minutes
            taken[hour] += 1
    return tuple(sorted(rests, key=lambda rest: (rest.person, rest.hour, rest.minute)))
