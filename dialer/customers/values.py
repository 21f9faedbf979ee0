"""What a source tells of a customer and of what happened (C1, C2). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Taken(StrEnum):
    """What became of one occasion."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    # Not stored: the person asked to be forgotten (X3). Counts as rejected; `TakenIn.why` says so.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFields:
    """What a source tells of the customer besides name, numbers and plate; None: it tells nothing (C1)."""

    # person, company, household, commercial, owner, tenant
    kind: str | None = None
    grade: str | None = None
    member_number: str | None = None
    segments: Sequence[str] | None = None
    document_tail: str | None = None
    language: str | None = None
    # The slot agreed at the counter, as 18:00 and 20:00 of the customer's own zone.
    slot_from: str | None = None
    slot_to: str | None = None
    time_zone: str | None = None
    # Customers of one household share their contact limits.
    household: str | None = None
    birthday: date | None = None
    owner: str | None = None
    deputy: str | None = None
    means: str | None = None
    frequency: str | None = None
    promotion_consent: bool | None = None


NOTHING_TOLD = CustomerFields()


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One business record that may make a follow-up due."""

    kind: str
    source: str
    external_id: str
    happened_at: datetime
    branch: str
    name: str
    salutation: str
    numbers: tuple[str, ...]
    plate: str | None = None
    items: Sequence[str] = ()
    # Role and name: {"adviser": "王强"}.
    staff: Mapping[str, str] = field(default_factory=dict)
    amount_fen: int | None = None
    unit: str = ""
    products: Sequence[str] = ()
    # What else the source told: policy number, payment, due date (ISO text)...
    facts: Mapping[str, str | int | bool] = field(default_factory=dict)
    customer: CustomerFields = NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Ids of what was taken in, and what became of it. Both ids are "" where it was refused."""

    occasion_id: str
    customer_id: str
    what: Taken
    # Why it was refused: "forgotten".
    why: str = ""
