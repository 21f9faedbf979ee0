"""The life of a transcript."""

from enum import StrEnum

from dialer.machine import Machine


class TranscriptState(StrEnum):
    """`waiting` is also where it stands between two tries; `failed` waits for a person."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class TranscriptEvent(StrEnum):
    """What moves a transcript."""

    FINISH = "finish"
    GIVE_UP = "give_up"
    # The recording was archived anew, or a person asks for another try.
    AGAIN = "again"


class Failure(StrEnum):
    """Why a recording is set aside."""

    UNREADABLE = "unreadable"  # its file is no sound audio
    CRASHED = "crashed"  # it ends the worker that decodes it
    HUNG = "hung"  # its decoding does not come to an end
    OTHER = "other"


S, E = TranscriptState, TranscriptEvent

MACHINE = Machine(
    "transcript",
    {
        E.FINISH: {S.WAITING: S.DONE},
        E.GIVE_UP: {S.WAITING: S.FAILED},
        E.AGAIN: {S.DONE: S.WAITING, S.FAILED: S.WAITING},
    },
)
