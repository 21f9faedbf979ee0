"""The smaller parts of a playbook: coverage, limits, retries, what is said, what is reported. Pure."""

from decimal import Decimal
from enum import StrEnum

from pydantic import Field, model_validator

from dialer.playbooks.base import Data, Text
from dialer.playbooks.expressions.conditions import Condition
from dialer.playbooks.spans import Span


class Coverage(Data):
    """How many of the due ones are called (L2)."""

    share: Decimal = Field(default=Decimal(1), gt=0, le=1)
    strata: tuple[str, ...] = Field(
        default=(), description="Facts that make a stratum: unit, branch, kind, staff."
    )
    when_all: Condition | None = Field(default=None, description="Those of whom it holds are called all.")
    once: tuple[str, ...] = Field(
        default=(),
        description="Facts that name one thing whoever reports it, as repair_number: it is called once.",
    )


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


class Anchor(StrEnum):
    """What a time of keeping counts from (A5)."""

    CALL_END = "call_end"
    CONTRACT_END = "contract_end"


class Retention(Data):
    """How long recordings and forms are kept (A5)."""

    keep: Span = Span.parse("2y")
    anchor: Anchor = Anchor.CALL_END
    law: Text | None = Field(
        default=None, description="The law that asks for it: kept even of who wants to be forgotten (X3)."
    )

    @model_validator(mode="after")
    def _is_some_time(self) -> "Retention":
        if self.keep.count <= 0:
            raise ValueError("keep: a time after the call is needed, such as 2y")
        return self
