"""The life of a check."""

from enum import StrEnum

from dialer.machine import Machine


class CheckState(StrEnum):
    """`waiting` is also where it stands while its rules cannot be used."""

    WAITING = "waiting"
    DONE = "done"


class CheckEvent(StrEnum):
    """What moves a check."""

    FINISH = "finish"
    # The call was transcribed anew, or a person asks for another check.
    AGAIN = "again"


S, E = CheckState, CheckEvent

MACHINE = Machine(
    "check",
    {
        E.FINISH: {S.WAITING: S.DONE},
        E.AGAIN: {S.DONE: S.WAITING},
    },
)
