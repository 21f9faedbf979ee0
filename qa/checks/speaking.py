"""Who of ours spoke when: a call may be handed on, or joined by others (D6). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody besides the customer; of a phone that no agent sits at, both are its number."""

    code: str
    name: str
    # Empty where it is no agent of ours.
    agent_id: str = ""


@dataclass(frozen=True, slots=True)
class Spell:
    """From when to when a speaker was with the customer, in seconds of the recording; None: to its end."""

    who: Speaker
    begins: float
    ends: float | None


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who was on our side of a call. Without spells it was the call's own agent all along.

    `apart` are those with whom one of ours talked in private: the customer had music, as has the recording.
    """

    spells: Sequence[Spell] = ()
    apart: Sequence[Spell] = ()

    def at(self, second: float) -> tuple[Speaker, ...]:
        """Who was there at this second, in the order of their coming.

        Empty: nobody is known, so it was the call's own agent. Several: it was one of them.
        """
        there = [
            spell.who
            for spell in self.spells
            if spell.begins <= second and (spell.ends is None or second < spell.ends)
        ]
        return tuple(dict.fromkeys(there))

    def alone(self, begins: float, ends: float) -> Speaker | None:
        """Who said what was said then; None where it was the call's own agent, or one of several."""
        there = self.at((begins + ends) / 2)
        return there[0] if len(there) == 1 else None

    def names(self, begins: float, ends: float) -> str:
        """Who said what was said then, as people read it; empty where it was the call's own agent."""
        return " / ".join(one.name for one in self.at((begins + ends) / 2))
