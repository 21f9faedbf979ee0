"""The script with this customer's own words filled in (T1). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter

from dialer.playbooks.schema import ScriptStep


@dataclass(frozen=True, slots=True)
class Said:
    """One part of a step; `filled` marks what comes from this customer's record."""

    text: str
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to say, ready to be read out."""

    id: str
    parts: tuple[Said, ...]


def fill(steps: Iterable[ScriptStep], facts: Mapping[str, str], language: str) -> tuple[Step, ...]:
    """The steps with `facts` filled in.

    A step about something we do not know of this customer (no plate on record) is left out: the
    agent could not say it.
    """
    filled = []
    for step in steps:
        parts = []
        for text, name, _spec, _conversion in Formatter().parse(step.say.in_(language)):
            if text:
                parts.append(Said(text))
            if name is not None:
                parts.append(Said(facts.get(name, ""), filled=True))
        if all(part.text for part in parts):
            filled.append(Step(step.id, tuple(parts)))
    return tuple(filled)
