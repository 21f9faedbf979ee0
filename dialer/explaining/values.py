"""Why a call was made or not, as values: one line a gate, now and as decided then (promise 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialer.planning.rules.gates import Gate


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided at a time: planned, excluded, merged, dialled, put_off; with the gates as they were.

    `outcome` is that of the attempt it led to.
    """

    at: datetime
    verdict: str
    gates: tuple[Gate, ...]
    attempt_id: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The follow-up came to another agent. The agents are names."""

    at: datetime
    before: str | None
    after: str | None
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt."""

    id: str
    at: datetime
    agent: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One follow-up, or one occasion that made none in a playbook (`follow_up_id` None).

    `gates` are those of now; `allowed` whether it could be dialled now, `until` when it can by time alone;
    `reason` is the word for what stands in the way, or for where it stands.
    """

    follow_up_id: str | None
    occasion_id: str
    occasion_kind: str
    happened_at: datetime
    external_id: str
    customer_id: str
    plate: str | None
    playbook: str
    step: str
    state: str
    reason: str
    gates: tuple[Gate, ...]
    allowed: bool
    until: datetime | None = None
    limit_at: datetime | None = None
    agent: str | None = None
    decided: tuple[Decided, ...] = ()
    tries: tuple[Try, ...] = ()
    moves: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Who:
    """A customer that was asked for."""

    id: str
    name: str
    salutation: str


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is known of what was asked for. `customers` is empty where nobody was found."""

    key: str
    customers: tuple[Who, ...]
    explanations: tuple[Explanation, ...]


def gate_of(kept: Mapping[str, Any]) -> Gate:
    """A gate as `decisions` keeps it."""
    until = kept.get("until")
    return Gate(
        str(kept.get("gate", "")),
        str(kept.get("value", "")),
        str(kept.get("limit", "")),
        bool(kept.get("passed")),
        datetime.fromisoformat(until) if isinstance(until, str) else None,
    )
