"""When a follow-up is owed and when customers may be called: the dates of a playbook. Pure."""

from datetime import time
from enum import StrEnum

from pydantic import Field, model_validator

from dialer.playbooks.base import Data
from dialer.playbooks.expressions.conditions import Condition
from dialer.playbooks.form.questions import Effect, EffectKind
from dialer.playbooks.spans import Span, Unit

_MONTHS = frozenset({Unit.MONTH, Unit.QUARTER, Unit.YEAR})


class TriggerKind(StrEnum):
    """What makes a follow-up due."""

    EVENT = "event"  # an occasion happened
    DUE = "due"  # a date that an occasion names
    ABSENCE = "absence"  # no occasion for so long
    CALENDAR = "calendar"  # a festival, or every so often
    LIST = "list"  # the customer stands on a list (an occasion of kind contact-list)
    SIGNAL = "signal"  # a person or a program says so
    CASE = "case"  # a case was closed
    ANSWER = "answer"  # an answer in another follow-up


class Planned(StrEnum):
    """On which day an absence is called about (P2)."""

    DAY = "day"  # when it is complete
    MONTH_START = "month_start"  # the first working day of the month after that


class Cadence(Data):
    """Every so often, for those of whom `when` holds; with `task` a visit or another task, not a call (P18).

    Of those that call the first that holds counts, and of those that make a task.
    """

    when: Condition | None = None
    season: tuple[int, ...] = Field(default=(), description="Months of the year; left out: the whole year.")
    every: Span
    first: Span | None = Field(default=None, description="After the first occasion, for new customers.")
    task: Effect | None = Field(default=None, description="What somebody does instead of a call.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "Cadence":
        if not all(1 <= month <= 12 for month in self.season):
            raise ValueError("season: months are numbers from 1 to 12")
        if self.task is not None and (self.task.do is not EffectKind.TASK or self.task.when is not None):
            raise ValueError("task: only `do: task`, and its condition is the cadence's `when`")
        return self


class Trigger(Data):
    """What makes a follow-up due, and what it needs to know for that."""

    kind: TriggerKind = TriggerKind.EVENT
    fact: str = Field(default="", description="due: the occasion's fact that names the date.")
    months: Span | None = Field(
        default=None,
        description="due: so long after the occasion, where that is earlier than the date named.",
    )
    kilometres: int | None = Field(
        default=None,
        gt=0,
        description="due: when the projected odometer reads so much, where that is the earliest.",
    )
    counted_from: tuple[str, ...] = Field(
        default=(),
        description="due: kinds of occasions from which months and kilometres count; left out: all.",
    )
    after: Span | None = Field(default=None, description="absence: how long without an occasion.")
    spread_days: int = Field(
        default=0, ge=0, le=366, description="absence: over how many working days a first backlog is spread."
    )
    planned: Planned = Field(
        default=Planned.DAY, description="absence: called on its day, or at the start of the next month."
    )
    cadence: tuple[Cadence, ...] = Field(default=(), description="calendar: every so often.")
    on: tuple[str, ...] = Field(
        default=(), description="calendar: days of the year, as solar:10-01, lunar:08-15 or fact:birthday."
    )
    signal: str = Field(default="", description="signal: its name.")

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Trigger":
        needed = {
            TriggerKind.DUE: bool(self.fact),
            TriggerKind.ABSENCE: self.after is not None,
            TriggerKind.CALENDAR: bool(self.cadence or self.on),
            TriggerKind.SIGNAL: bool(self.signal),
        }
        if not needed.get(self.kind, True):
            raise ValueError(
                f"trigger {self.kind}: due needs fact, absence needs after, calendar needs cadence or on, "
                "signal needs signal"
            )
        projects = self.months is not None or self.kilometres is not None
        if projects and self.kind is not TriggerKind.DUE:
            raise ValueError(f"trigger {self.kind}: months and kilometres are of a due date")
        if self.months is not None and (self.months.unit not in _MONTHS or self.months.count < 1):
            raise ValueError(f"months: {self.months} is no time after the occasion in months (6mo, 1q, 1y)")
        return self


class StepStart(StrEnum):
    """What the dates of a step count from."""

    OCCASION = "occasion"
    PREVIOUS_DONE = "previous_done"
    SIGNAL = "signal"


class Step(Data):
    """One call of a playbook.

    Spans in days and longer: earliest is a day's beginning, target and limit its end.
    """

    id: str = Field(default="call", pattern=r"^[a-z0-9-]{1,30}$")
    start: StepStart = StepStart.OCCASION
    earliest: Span
    target: Span
    limit: Span
    signal: str = Field(default="", description="start: signal; its name.")
    longest_wait: Span | None = Field(
        default=None,
        description="start: signal; without one the step begins then.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Step":
        if not self.earliest.roughly <= self.target.roughly <= self.limit.roughly:
            raise ValueError("earliest <= target <= limit is needed")
        if self.start is StepStart.SIGNAL and not self.signal:
            raise ValueError(f"step {self.id} starts with a signal: name it in `signal`")
        return self


class HolidayRule(StrEnum):
    """What a public holiday does to a follow-up (L3)."""

    CALL = "call"
    SHIFT_DEADLINE = "shift_deadline"
    BEFORE = "before"


class Window(Data):
    """Hours of the day in which customers may be called, in the site's time zone (L3)."""

    start: time
    end: time

    @model_validator(mode="after")
    def _in_order(self) -> "Window":
        if not self.start < self.end:
            raise ValueError("a window's start must be before its end")
        return self
