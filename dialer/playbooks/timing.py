"""When a follow-up is owed and when customers may be called: the dates of a playbook. Pure."""

from datetime import time
from enum import StrEnum

from pydantic import Field, model_validator

from dialer.playbooks.base import Data
from dialer.playbooks.conditions import Condition
from dialer.playbooks.spans import Span


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


class Cadence(Data):
    """Every so often, for those of whom `when` holds. The first that holds counts."""

    when: Condition | None = None
    every: Span
    first: Span | None = Field(default=None, description="After the first occasion, for new customers.")


class Trigger(Data):
    """What makes a follow-up due, and what it needs to know for that."""

    kind: TriggerKind = TriggerKind.EVENT
    fact: str = Field(default="", description="due: the occasion's fact that names the date.")
    after: Span | None = Field(default=None, description="absence: how long without an occasion.")
    spread_days: int = Field(
        default=0, ge=0, le=366, description="absence: over how many working days a first backlog is spread."
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
