"""What an occasion makes due in a playbook: which step, when, of whom, and what forbids it (L1). Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dialer.followups.dates import DateBook, DueDates, after_span, midnight
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.projecting import due_day
from dialer.planning.rules.reasons import Reason
from dialer.planning.rules.sampling import stratum_of
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.expressions.conditions import Value
from dialer.playbooks.form.questions import Effect
from dialer.playbooks.form.schema import CallerRule, Playbook
from dialer.playbooks.form.timing import Step, StepStart, TriggerKind
from dialer.playbooks.library import Library

Row = Mapping[str, Any]
Key = tuple[str, str, str, str]

ON_ARRIVAL = frozenset(
    {TriggerKind.EVENT, TriggerKind.LIST, TriggerKind.CASE, TriggerKind.ANSWER, TriggerKind.DUE}
)
"""Triggers that an occasion sets off by coming in; the others need the day, or a signal."""

_CONSENT = frozenset({"true", "yes", "y", "1", "是", "同意", "已同意"})


@dataclass(frozen=True)
class Site:
    """What planning goes by."""

    library: Library
    settings: PlanningSettings
    zone: ZoneInfo
    dates: DateBook
    by_kind: Mapping[str, tuple[Playbook, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, library: Library, settings: PlanningSettings, zone: ZoneInfo) -> "Site":
        """The site with these playbooks and settings."""
        kinds = {kind for playbook in library for kind in playbook.occasions.kinds}
        by_kind = {kind: library.for_occasion(kind) for kind in kinds}
        return cls(library, settings, zone, DateBook(zone, settings.calendar()), by_kind)


@dataclass(frozen=True, slots=True)
class Person:
    """What planning must know of a customer besides the record itself."""

    record: Row
    numbers: Sequence[str] = ()
    # Whoever shares the number or the plate asked not to be called.
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class OwedTask:
    """A task that something due brings about; `department` "" is whoever looks after the customer."""

    key: str
    effect: Effect
    department: str


@dataclass(slots=True)
class Owed:
    """One step of a playbook that one occasion makes due, once."""

    playbook: Playbook
    step: Step
    occasion_id: str
    customer_id: str
    branch: str
    plate: str | None
    household: str | None
    number: str
    dates: DueDates
    # The same for the same occasion in every installation: settles ties whatever came first.
    order: str
    cycle: str = ""
    segment: str = ""
    origin: str = TriggerKind.EVENT.value
    previous_id: str | None = None
    owner_id: str | None = None
    bound: bool = False
    barred: tuple[str, ...] = ()
    refused: Reason | None = None
    stratum: str = ""
    # The day that a sample is drawn from; "" where there is none.
    period: str = ""
    once: str = ""
    # The customer has hours of his own: the playbook's do not count (L3).
    own_hours: bool = False
    # What somebody has to do besides the call, or instead of it.
    tasks: tuple[OwedTask, ...] = ()

    @property
    def key(self) -> Key:
        """By what it is known again: the unique key of follow-ups and exclusions."""
        return self.playbook.id, self.occasion_id, self.step.id, self.cycle

    @property
    def seconds(self) -> int:
        """How long it is expected to take, with its form."""
        return int(self.playbook.expected_minutes * 60) + self.playbook.wrap_up_seconds


def owed_on_arrival(
    site: Site, occasion: Row, person: Person, staff: Mapping[str, Collection[str]], now: datetime
) -> Iterator[Owed]:
    """What an occasion makes due by coming in. `staff` are the ids of agents by name and by code."""
    playbooks = site.by_kind.get(occasion["kind"])
    if not playbooks:
        return
    facts = facts_of(occasion, person.record)
    for playbook in playbooks:
        if playbook.trigger.kind in ON_ARRIVAL and playbook.applies_to(occasion["kind"], facts):
            yield from first_steps(site, playbook, occasion, person, facts, staff, now)


def first_steps(
    site: Site,
    playbook: Playbook,
    occasion: Row,
    person: Person,
    facts: Mapping[str, Value],
    staff: Mapping[str, Collection[str]],
    now: datetime,
    *,
    begins_at: datetime | None = None,
    heard: Sequence[Row] = (),
    cycle: str = "",
) -> Iterator[Owed]:
    """The steps of a playbook that start from the occasion, from the date it names, or from a signal.

    `begins_at` is when what triggers it happened; None: as the occasion says. `heard` are signals.
    """
    segment = playbook.segment(facts)
    variant = playbook.variant(segment.id) if segment else playbook
    foreseen = begins_at is not None and playbook.trigger.kind is TriggerKind.CALENDAR
    if begins_at is None:
        begins_at = occasion["happened_at"]
        if playbook.trigger.kind is TriggerKind.DUE:
            foreseen = True
            day = due_day(playbook.trigger, facts, site.zone)
            begins_at = None if day is None else midnight(day, site.zone)
    for place, step in enumerate(variant.steps):
        starts: datetime | None = begins_at
        if step.start is StepStart.SIGNAL and place == 0:
            starts = begin_of_signal(site, step, begins_at or occasion["happened_at"], heard)
            if starts is None:
                continue
        elif step.start is not StepStart.OCCASION:
            continue
        one = owed(
            site,
            variant,
            step,
            occasion,
            person,
            facts,
            staff,
            starts,
            now,
            foreseen=foreseen,
            segment=segment.id if segment else "",
            cycle=cycle,
        )
        if place == 0:
            one.tasks = tuple(
                owed_task(f"at_once/{number}", effect, facts)
                for number, effect in enumerate(variant.at_once)
                if effect.when is None or effect.when.holds(facts)
            )
        yield one


def owed_task(key: str, effect: Effect, facts: Mapping[str, Value]) -> OwedTask:
    """A task for the department that the playbook names, else the one that the occasion does (K6)."""
    return OwedTask(key, effect, effect.department or str(facts.get("department") or ""))


def begin_of_signal(site: Site, step: Step, since: datetime, heard: Sequence[Row]) -> datetime | None:
    """When a step that waits for a signal begins: at the signal, at the longest wait, or not yet."""
    given: list[datetime] = [row["at"] for row in heard if row["name"] == step.signal and row["at"] >= since]
    if given:
        return min(given)
    if step.longest_wait is None:
        return None
    return after_span(since, step.longest_wait, site.zone, site.dates.calendar)


def owed(
    site: Site,
    playbook: Playbook,
    step: Step,
    occasion: Row,
    person: Person,
    facts: Mapping[str, Value],
    staff: Mapping[str, Collection[str]],
    begins_at: datetime | None,
    now: datetime,
    *,
    foreseen: bool = False,
    segment: str = "",
    cycle: str = "",
    previous_id: str | None = None,
) -> Owed:
    """One step that begins at `begins_at`; None: the occasion does not say when."""
    dates = site.dates.of(step, begins_at or occasion["happened_at"], playbook.holidays, foreseen=foreseen)
    number = person.numbers[0] if person.numbers else ""
    owner_id, bound, barred = callers(playbook.caller, occasion.get("staff") or {}, staff, playbook.callers)
    coverage = playbook.coverage
    sampled = coverage.share < 1 and not (coverage.when_all and coverage.when_all.holds(facts))
    late = dates.limit + timedelta(days=site.settings.catch_up_days) < now
    return Owed(
        playbook=playbook,
        step=step,
        occasion_id=occasion["id"],
        customer_id=person.record["id"],
        branch=occasion["branch"],
        plate=occasion.get("plate"),
        household=person.record.get("household"),
        number=number,
        dates=dates,
        order=f"{occasion['kind']}|{occasion['source']}|{occasion['external_id']}",
        cycle=cycle,
        segment=segment,
        origin=playbook.trigger.kind.value,
        previous_id=previous_id,
        owner_id=owner_id,
        bound=bound,
        barred=barred,
        refused=Reason.NO_DATE
        if begins_at is None
        else Reason.TOO_LATE
        if late
        else _forbidden(playbook, person, number, facts),
        stratum=stratum_of(coverage.strata, facts, segment) if sampled else "",
        period=occasion["happened_at"].astimezone(site.zone).date().isoformat() if sampled else "",
        once="|".join(str(facts.get(name)) for name in coverage.once)
        if coverage.once and all(facts.get(name) for name in coverage.once)
        else "",
        own_hours=bool(person.record.get("slot_from") or person.record.get("time_zone")),
    )


def _forbidden(playbook: Playbook, person: Person, number: str, facts: Mapping[str, Value]) -> Reason | None:
    record = person.record
    if record.get("do_not_call") or record.get("forgotten_at") or person.blocked:
        return Reason.DO_NOT_CALL
    if playbook.channels and playbook.channels[0] != "phone":
        return Reason.OTHER_CHANNEL
    if playbook.selling and not _consented(record, facts):
        return Reason.NO_CONSENT
    return None if number else Reason.NO_NUMBER


def _consented(record: Row, facts: Mapping[str, Value]) -> bool:
    consent = record.get("promotion_consent")
    if consent is not None:
        return bool(consent)
    told = facts.get("promotion_consent", facts.get("consent"))
    return told is True or str(told).strip().lower() in _CONSENT


def callers(
    rule: CallerRule,
    served: Mapping[str, str],
    staff: Mapping[str, Collection[str]],
    named: Collection[str] = (),
) -> tuple[str | None, bool, tuple[str, ...]]:
    """Who must call, whether nobody else may, and who must not (P21: who sold; never who served).

    `served` is the occasion's staff by role; `named` the numbers of the only agents who may call at all
    (R12). Where the one who must call is no agent, or not one of those, anybody may.
    """
    if rule is CallerRule.ANY:
        return None, False, ()
    found = [agent for role in sorted(served) for agent in sorted(staff.get(served[role].strip(), ()))]
    if rule is CallerRule.NOT_SERVING_STAFF:
        return None, False, tuple(dict.fromkeys(found))
    if named:
        able = {agent for code in named for agent in staff.get(code, ())}
        found = [agent for agent in found if agent in able]
    return (found[0], True, ()) if found else (None, False, ())
