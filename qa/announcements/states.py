"""The life of what was heard on a line."""

from enum import StrEnum

from dialer.machine import Machine


class HearingState(StrEnum):
    """`waiting` is also where it stands between two tries; `failed`: the signalling stands alone."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class HearingEvent(StrEnum):
    """What moves it."""

    FINISH = "finish"
    GIVE_UP = "give_up"


S, E = HearingState, HearingEvent

MACHINE = Machine("announcement", {E.FINISH: {S.WAITING: S.DONE}, E.GIVE_UP: {S.WAITING: S.FAILED}})
