"""Steps of a call in progress, and the life of a party that is asked into it (D6, V2)."""

from enum import StrEnum

from dialer.machine import Machine


class Step(StrEnum):
    """What somebody does in a call in progress. Each is an event row `call.<step>`."""

    HANG_UP = "hang_up"
    HOLD = "hold"
    RESUME = "resume"
    MUTE = "mute"
    UNMUTE = "unmute"
    DIGITS = "digits"
    TRANSFER = "transfer"
    THIRD = "third"
    # Who has asked for a party takes that back.
    CANCEL = "cancel"
    LISTEN = "listen"
    WHISPER = "whisper"
    JOIN = "join"
    TAKE_OVER = "take_over"
    LEAVE = "leave"


# Steps that ring a phone, or change how one takes part: of a supervisor alone.
SUPERVISING = frozenset({Step.LISTEN, Step.WHISPER, Step.JOIN, Step.TAKE_OVER})
INVITING = frozenset({Step.TRANSFER, Step.THIRD})


class PartyState(StrEnum):
    """Where a party stands."""

    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


class PartyEvent(StrEnum):
    """What moves a party."""

    ANSWER = "answer"
    END = "end"


S, E = PartyState, PartyEvent
MACHINE = Machine(
    "call_party",
    {E.ANSWER: {S.RINGING: S.UP}, E.END: {S.RINGING: S.ENDED, S.UP: S.ENDED}},
)
