"""The script with this customer's own words filled in (T1). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from string import Formatter

from dialer.playbooks.expressions.conditions import Facts, Value
from dialer.playbooks.form.schema import ScriptStep

_PLACES = ("opening", "body", "recap", "closing")


@dataclass(frozen=True, slots=True)
class Said:
    """One part of a step; `filled` marks what comes from this customer's record."""

    text: str
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to say, ready to be read out, and its place in the talk."""

    id: str
    parts: tuple[Said, ...]
    place: str = "opening"


def branch(steps: Iterable[ScriptStep], facts: Facts) -> list[ScriptStep]:
    """The steps that are said to this customer after these answers, in the order of their places."""
    return in_places(step for step in steps if step.when is None or step.when.holds(facts))


def in_places(steps: Iterable[ScriptStep]) -> list[ScriptStep]:
    """The steps in the order of their places: opening, body, recap, closing."""
    return sorted(steps, key=lambda step: _PLACES.index(step.place))


def fill(steps: Iterable[ScriptStep], facts: Mapping[str, str], language: str) -> tuple[Step, ...]:
    """The steps with `facts` filled in.

    A step about something we do not know of this customer (no plate on record) is left out: the
    agent could not say it.
    """
    filled = []
    for step in steps:
        parts = parts_of(step.say.in_(language), facts)
        if all(part.text for part in parts):
            filled.append(Step(step.id, parts, step.place))
    return tuple(filled)


def parts_of(template: str, facts: Mapping[str, str]) -> tuple[Said, ...]:
    """A text with `facts` filled in, in parts; what is not known is empty."""
    parts = []
    for text, name, _spec, _conversion in Formatter().parse(template):
        if text:
            parts.append(Said(text))
        if name is not None:
            parts.append(Said(facts.get(name, ""), filled=True))
    return tuple(parts)


def spoken(facts: Facts, secret: Iterable[str]) -> dict[str, str]:
    """The facts as they are said; never those that the customer must name himself (T4)."""
    hidden = {"document_tail", *secret}
    return {name: _said(value) for name, value in facts.items() if name not in hidden}


def _said(value: Value) -> str:
    match value:
        case None | bool():
            return ""
        case tuple():
            return "、".join(value)
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:.2f}"
    return str(value)
