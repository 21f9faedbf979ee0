"""The form of a playbook file, checked when it is read. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from dialer.playbooks.base import Data, Text
from dialer.playbooks.conditions import Condition, Facts
from dialer.playbooks.questions import AnswerType, Choice, Effect, Question
from dialer.playbooks.spans import Span
from dialer.playbooks.timing import HolidayRule, Step, Trigger, Window

__all__ = ["AnswerType", "Choice", "Effect", "Playbook", "Question", "ScriptStep", "Step", "Text", "Window"]


class OccasionFilter(Data):
    """Which occasions make this follow-up due."""

    kinds: Annotated[tuple[str, ...], Field(min_length=1)]
    when: Condition | None = None


class Segment(Data):
    """Customers for whom parts of the playbook differ. The first whose condition holds counts."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,30}$")
    when: Condition
    name: Text
    reason: Text | None = None
    steps: tuple[Step, ...] = ()
    share: Decimal | None = Field(default=None, gt=0, le=1)


class Coverage(Data):
    """How many of the due ones are called (L2)."""

    share: Decimal = Field(default=Decimal(1), gt=0, le=1)
    strata: tuple[str, ...] = Field(
        default=(), description="Facts that make a stratum: unit, branch, kind, staff."
    )
    when_all: Condition | None = Field(default=None, description="Those of whom it holds are called all.")


class CallerRule(StrEnum):
    """Who may call (P21: who sold; dealers: never the adviser who served)."""

    ANY = "any"
    SAME_STAFF = "same_staff"
    NOT_SERVING_STAFF = "not_serving_staff"


class Caps(Data):
    """Limits of contact besides the site's own (L4)."""

    exempt: bool = Field(default=False, description="Not counted in the quarter's limit: abnormal, special.")
    per_quarter: int | None = Field(default=None, ge=1)
    min_gap_days: int = Field(default=0, ge=0)


class Merging(Data):
    """With which other playbooks one call is shared (L5)."""

    accept: tuple[str, ...] = ()
    max_minutes: int = Field(default=10, ge=1)
    max_questions: int = Field(default=25, ge=1)


class Retry(Data):
    """How often and how soon after one cause it is tried again; what is left out is the site's (L7)."""

    after: Span | None = None
    tries: int | None = Field(default=None, ge=0)


class OtherMeans(Data):
    """What is owed when the telephone did not do (L8)."""

    means: tuple[str, ...] = Field(default=("message",), description="visit, letter, mail, link, message")
    within: Span = Span.parse("5wd")


class ScriptStep(Data):
    """What the agent says at one point; {name}, {plate} and the like are filled in (T1)."""

    id: str
    say: Text
    when: Condition | None = Field(default=None, description="Said only where this holds: a branch.")
    place: str = Field(default="opening", pattern=r"^(opening|body|recap|closing)$")


class Objection(Data):
    """What to answer when the customer objects."""

    id: str = Field(pattern=r"^[a-z0-9_-]{1,30}$")
    heard: Text
    say: Text


class Message(Data):
    """A notice that goes out by itself; it never dials (L4, M1)."""

    id: str
    at: Span
    text: Text
    promotion: bool = False


class Report(Data):
    """The table of a day (F1)."""

    form: str
    columns: tuple[str, ...] = ()


class Retention(Data):
    """How long recordings and forms are kept (A5)."""

    keep: Span = Span.parse("2y")
    anchor: str = Field(default="call_end", pattern=r"^(call_end|contract_end)$")


class Playbook(Data):
    """One kind of follow-up."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    version: int = Field(ge=1)
    name: Text
    reason: Text = Field(description="Why we call, in a line for the agent and the customer.")
    occasions: OccasionFilter
    segments: tuple[Segment, ...] = ()
    trigger: Trigger = Trigger()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    coverage: Coverage = Coverage()
    caller: CallerRule = CallerRule.ANY
    skill: str = Field(default="", description="What its callers must be able to do.")
    to_head: Condition | None = Field(default=None, description="Major checks: the head's own (L6).")
    merge: Merging = Merging()
    caps: Caps = Caps()
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    holidays: HolidayRule = HolidayRule.CALL
    retry: Mapping[str, Retry] = Field(default_factory=dict, description="By outcome, as busy.")
    channels: tuple[str, ...] = Field(default=("phone",), description="The first is tried first.")
    other_means: OtherMeans = OtherMeans()
    facts: tuple[str, ...] = Field(default=(), description="What must be known before the call.")
    compared: tuple[str, ...] = Field(default=(), description="Facts compared with what the customer says.")
    identity: str = Field(default="", description="The fact whose tail the customer must name (T4).")
    expected_minutes: Decimal = Field(default=Decimal(4), gt=0, description="Until a median is known.")
    wrap_up_seconds: int = Field(default=60, ge=5, le=1800)
    script: tuple[ScriptStep, ...] = ()
    objections: tuple[Objection, ...] = ()
    never_say: tuple[str, ...] = Field(default=(), description="Words shown beside the script.")
    questionnaire: Annotated[tuple[Question, ...], Field(min_length=1)]
    effects: tuple[Effect, ...] = Field(default=(), description="Of all answers; each needs `when`.")
    rules: str = Field(description="The rule set its calls are checked against.")
    report: Report | None = None
    messages: tuple[Message, ...] = ()
    retention: Retention = Retention()
    selling: bool = Field(default=False, description="Never merged with a playbook that must not sell (P16).")

    @model_validator(mode="after")
    def _ids_differ(self) -> "Playbook":
        for what, ids in (
            ("questions", [question.id for question in self.questionnaire]),
            ("steps", [step.id for step in self.steps]),
            ("segments", [segment.id for segment in self.segments]),
            ("objections", [objection.id for objection in self.objections]),
        ):
            if len(ids) != len(set(ids)):
                raise ValueError(f"two {what} have the same id")
        return self

    def question(self, question_id: str) -> Question | None:
        """The question with this id."""
        return next((item for item in self.questionnaire if item.id == question_id), None)

    def segment(self, facts: Facts) -> Segment | None:
        """The segment of these facts, the first that holds."""
        return next((segment for segment in self.segments if segment.when.holds(facts)), None)

    def applies_to(self, kind: str, facts: Facts) -> bool:
        """Whether an occasion of this kind with these facts is one of this playbook."""
        if kind not in self.occasions.kinds:
            return False
        return self.occasions.when is None or self.occasions.when.holds(facts)
