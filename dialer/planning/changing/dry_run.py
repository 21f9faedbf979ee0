"""What a playbook would do on a day, without writing anything: for its editor (promise 2)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.followups.dates import midnight
from dialer.planning.changing.looking_back import due_of_day
from dialer.planning.rules.fates import Fate, Item, decide
from dialer.planning.rules.owed import Owed, Site
from dialer.planning.rules.sampling import draw, seed_of
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library


@dataclass(frozen=True, slots=True)
class DryRun:
    """How many calls the day's occasions would make, how many would share one, and why others would not."""

    occasions: int
    made: int
    merged: int
    excluded: Mapping[str, int]
    # False: there were too many customers to ask them all, the first ones were.
    all_of_them: bool = True


def dry_run(
    conn: Connection,
    library: Library,
    settings: PlanningSettings,
    zone: ZoneInfo,
    playbook_id: str,
    day: date,
    now: datetime,
) -> DryRun:
    """What `playbook_id`, as it stands in `library`, would make of `day`: of its occasions, or, by the
    playbook's trigger, of the absences that became complete, the turns that came, the signals given on it.

    The day counts as if it were new: contacts since then and follow-ups that are there do not matter.

    Raises:
        BadPlaybook: the library has no such playbook.
    """
    playbook = library.get(playbook_id)
    site = Site.of(Library((playbook,)), settings, zone)
    # Looked back on, nothing is too late.
    then = min(now, midnight(day + timedelta(days=1), zone))
    found = due_of_day(conn, site, playbook, day, then)
    fates = decide([Item(one) for one in _drawn(site, found.due)], (), site, then)
    return DryRun(found.looked_at, *_count(fates), all_of_them=found.all_of_them)


def _drawn(site: Site, due: list[Owed]) -> list[Owed]:
    """Those of each stratum that the draw calls lose their mark; the others keep it."""
    strata: dict[str, set[str]] = {}
    for owed in due:
        if owed.stratum:
            strata.setdefault(owed.stratum, set()).add(owed.occasion_id)
    called: set[str] = set()
    for stratum, population in strata.items():
        one = next(owed for owed in due if owed.stratum == stratum)
        barred = {owed.occasion_id: str(owed.refused) for owed in due if owed.refused is not None}
        seed = seed_of(site.settings.seed, one.playbook.id, one.period, stratum)
        called |= set(draw(population, one.playbook.coverage.share, seed, barred).called)
    for owed in due:
        if owed.occasion_id in called:
            owed.stratum = ""
    return due


def _count(fates: list[Fate]) -> tuple[int, int, dict[str, int]]:
    excluded = Counter(
        "not_drawn" if fate.refused == "to_draw" else fate.refused.value
        for fate in fates
        if fate.refused is not None
    )
    made = sum(fate.due_at is not None for fate in fates)
    return made, sum(fate.lead is not None for fate in fates), dict(excluded)
