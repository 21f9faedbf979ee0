"""The life of a doubt about a follow-up."""

from enum import StrEnum

from dialer.machine import Machine


class DoubtState(StrEnum):
    """`noted` is under the threshold; only a person clears or confirms."""

    NOTED = "noted"
    SUSPECTED = "suspected"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"


class DoubtEvent(StrEnum):
    """What moves a doubt."""

    SUSPECT = "suspect"
    # Scored anew with less against it.
    EASE = "ease"
    CLEAR = "clear"
    CONFIRM = "confirm"
    REOPEN = "reopen"


S, E = DoubtState, DoubtEvent

MACHINE = Machine(
    "doubt",
    {
        E.SUSPECT: {S.NOTED: S.SUSPECTED},
        E.EASE: {S.SUSPECTED: S.NOTED},
        E.CLEAR: {S.NOTED: S.CLEARED, S.SUSPECTED: S.CLEARED},
        E.CONFIRM: {S.NOTED: S.CONFIRMED, S.SUSPECTED: S.CONFIRMED},
        E.REOPEN: {S.CLEARED: S.SUSPECTED, S.CONFIRMED: S.SUSPECTED},
    },
)
DECIDED = (S.CLEARED, S.CONFIRMED)
