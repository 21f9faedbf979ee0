"""State machines as tables: the legal moves, a pure `advance`, and one door that applies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class IllegalMove(Exception):
    """The event is not legal in this state. Whoever sent it saw an older state."""


@dataclass(frozen=True, slots=True)
class Transition(Generic[S]):
    """A move that is legal and not yet applied."""

    before: S
    after: S
    event: str
    at: datetime


@dataclass(frozen=True)
class Machine(Generic[S, E]):
    """`moves[event][state]` is the state after `event`; what is not there is not legal."""

    name: str
    moves: Mapping[E, Mapping[S, S]]

    def advance(self, state: S, event: E, now: datetime) -> Transition[S]:
        """The move that `event` makes from `state`.

        Raises:
            IllegalMove: the table has none.
        """
        after = self.moves.get(event, {}).get(state)
        if after is None:
            raise IllegalMove(f"{self.name}: {event} is not legal in state {state}")
        return Transition(state, after, event, now)

    def allows(self, state: S, event: E) -> bool:
        """Whether `event` is legal in `state`."""
        return state in self.moves.get(event, {})
