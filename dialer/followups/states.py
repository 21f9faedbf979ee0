"""The life of a follow-up."""

from enum import StrEnum

from dialer.machine import Machine


class FollowUpState(StrEnum):
    """Where a follow-up stands."""

    WAITING = "waiting"
    CALLING = "calling"
    WRAP_UP = "wrap_up"
    DONE = "done"
    # Every try is used up: another means is owed (L8).
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class FollowUpEvent(StrEnum):
    """What moves a follow-up."""

    DIAL = "dial"
    NOT_REACHED = "not_reached"
    TRIES_USED_UP = "tries_used_up"
    TALKED = "talked"
    COMPLETE = "complete"
    CALL_AGAIN = "call_again"
    CANCEL = "cancel"


S, E = FollowUpState, FollowUpEvent

MACHINE = Machine(
    "follow_up",
    {
        E.DIAL: {S.WAITING: S.CALLING},
        E.NOT_REACHED: {S.CALLING: S.WAITING},
        E.TRIES_USED_UP: {S.CALLING: S.EXHAUSTED},
        E.TALKED: {S.CALLING: S.WRAP_UP},
        E.COMPLETE: {S.WRAP_UP: S.DONE},
        E.CALL_AGAIN: {S.WRAP_UP: S.WAITING},
        E.CANCEL: {S.WAITING: S.CANCELLED, S.WRAP_UP: S.CANCELLED},
    },
)
