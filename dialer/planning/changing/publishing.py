"""A changed playbook comes into force: checked, saved, and followed by open follow-ups or not (T7)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.followups.dates import midnight
from dialer.followups.moving import Begin, OpenCount, count_open, move_to_version
from dialer.followups.workdays import WorkCalendar
from dialer.planning.changing.dry_run import DryRun, dry_run
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.projecting import due_day
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.checking import problems
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import Step, StepStart, TriggerKind
from dialer.playbooks.library import Library
from dialer.playbooks.reading import BadPlaybook, read_text
from dialer.playbooks.service import OpenOnes, library_of, save_version


@dataclass(frozen=True, slots=True)
class Published:
    """What came into force, and how many open follow-ups go by it now."""

    playbook: Playbook
    moved: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a changed playbook would do; `before` is what the one in force would, None where none is."""

    before: DryRun | None
    after: DryRun
    open: OpenCount


def preview(
    conn: Connection,
    library: Library,
    changed: Playbook,
    settings: PlanningSettings,
    zone: ZoneInfo,
    day: date,
    now: datetime,
) -> Preview:
    """What `changed` would make of the occasions of `day` beside what is in force, and of what is open."""

    def run(these: Library) -> DryRun:
        return dry_run(conn, these, settings, zone, changed.id, day, now)

    before = run(library) if library.find(changed.id) else None
    return Preview(before, run(library.having(changed)), count_open(conn, changed))


def publish(
    conn: Connection,
    shipped: Library,
    yaml_text: str,
    *,
    rule_sets: Collection[str],
    by: str,
    open_ones: OpenOnes,
    zone: ZoneInfo,
    calendar: WorkCalendar,
    now: datetime,
    based_on: int | None = None,
) -> Published:
    """Save a text as the newest version of its playbook; with `move`, open follow-ups take it too.

    Everyone who holds a library reads it anew at the event `playbook.published`.

    Raises:
        BadPlaybook: something is wrong in it; its `problems` say what.
        StaleVersion: somebody else saved a version meanwhile.
    """
    found = problems(read_text(yaml_text, "playbook"), library_of(conn, shipped), rule_sets)
    if found:
        raise BadPlaybook(f"playbook: {'; '.join(map(str, found))}", found)
    saved = save_version(conn, shipped, yaml_text, by=by, open_ones=open_ones, now=now, based_on=based_on)
    moved = 0
    if open_ones is OpenOnes.MOVE:
        moved = move_to_version(conn, saved, partial(_begin, zone), zone=zone, calendar=calendar, now=now)
    return Published(saved, moved)


_FROM_OCCASION = frozenset({TriggerKind.EVENT, TriggerKind.LIST, TriggerKind.CASE, TriggerKind.ANSWER})


def _begin(zone: ZoneInfo, playbook: Playbook, step: Step, row: Mapping[str, object]) -> Begin | None:
    """What the dates of an open follow-up count from, where its occasion says it."""
    if step.start is not StepStart.OCCASION:
        return None
    happened_at, told = row["happened_at"], row["facts"]
    if row["origin"] in _FROM_OCCASION and isinstance(happened_at, datetime):
        return Begin(happened_at)
    if row["origin"] == TriggerKind.DUE and isinstance(told, Mapping):
        facts = facts_of({"facts": told, "kind": row["occasion_kind"], "happened_at": happened_at}, {})
        day = due_day(playbook.trigger, facts, zone)
        return None if day is None else Begin(midnight(day, zone), foreseen=True)
    return None
