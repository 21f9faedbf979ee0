"""The life of a follow-up."""

from enum import StrEnum

from dialer.machine import Machine


class FollowUpState(StrEnum):
    """Where a follow-up stands."""

    # In a plan that a supervisor has not released yet.
    PLANNED = "planned"
    WAITING = "waiting"
    # Another follow-up's call also does this one (L5).
    MERGED = "merged"
    CALLING = "calling"
    WRAP_UP = "wrap_up"
    DONE = "done"
    # Every try is used up: another means is owed (L8).
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class FollowUpEvent(StrEnum):
    """What moves a follow-up."""

    RELEASE = "release"
    MERGE = "merge"
    # The planner thought better of a merging or a cancelling of its own.
    PART = "part"
    DIAL = "dial"
    # Whoever had it before him does not call now.
    GIVE_BACK = "give_back"
    NOT_REACHED = "not_reached"
    # Heard afterwards: it was no customer who answered, or the network said something else (D3).
    HEARD = "heard"
    TRIES_USED_UP = "tries_used_up"
    TALKED = "talked"
    COMPLETE = "complete"
    CALL_AGAIN = "call_again"
    CANCEL = "cancel"


S, E = FollowUpState, FollowUpEvent

MACHINE = Machine(
    "follow_up",
    {
        E.RELEASE: {S.PLANNED: S.WAITING},
        E.MERGE: {
            S.PLANNED: S.MERGED,
            S.WAITING: S.MERGED,
            S.CANCELLED: S.MERGED,
            # The call that also does it is owed again after all.
            S.EXHAUSTED: S.MERGED,
        },
        E.PART: {S.MERGED: S.PLANNED, S.CANCELLED: S.PLANNED},
        E.DIAL: {S.WAITING: S.CALLING},
        E.GIVE_BACK: {S.CALLING: S.WAITING},
        E.NOT_REACHED: {S.CALLING: S.WAITING},
        E.HEARD: {
            S.WAITING: S.WAITING,
            S.WRAP_UP: S.WAITING,
            S.EXHAUSTED: S.WAITING,
        },
        E.TRIES_USED_UP: {
            S.CALLING: S.EXHAUSTED,
            # What is merged goes with the call that also does it.
            S.MERGED: S.EXHAUSTED,
            # Heard afterwards.
            S.WAITING: S.EXHAUSTED,
            S.WRAP_UP: S.EXHAUSTED,
        },
        E.TALKED: {S.CALLING: S.WRAP_UP},
        E.COMPLETE: {S.WRAP_UP: S.DONE, S.MERGED: S.DONE},
        E.CALL_AGAIN: {S.WRAP_UP: S.WAITING},
        E.CANCEL: {
            S.PLANNED: S.CANCELLED,
            S.WAITING: S.CANCELLED,
            S.WRAP_UP: S.CANCELLED,
            S.MERGED: S.CANCELLED,
        },
    },
)

# A talk is owed, is going on, or is bound to come.
OPEN = (S.PLANNED, S.WAITING, S.MERGED, S.CALLING, S.WRAP_UP)
# Nothing has been done about it yet where it also has no tries: planning may still think better of it.
UNTOUCHED = (S.PLANNED, S.WAITING, S.MERGED)
