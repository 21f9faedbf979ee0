"""Steps of a call in progress, and the life of a party that is asked into it (D6, V2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.machine import Machine
from dialer.telephony.incall import PartyMode


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


@dataclass(frozen=True, slots=True)
class Party:
    """A further phone in a call."""

    id: str
    attempt_id: str
    extension: str
    agent_id: str | None
    purpose: str
    mode: PartyMode
    state: PartyState
    asked_by: str
    asked_at: datetime
    up_at: datetime | None
    ended_at: datetime | None
    muted: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", PartyMode(self.mode))
        object.__setattr__(self, "state", PartyState(self.state))

    @property
    def talks(self) -> bool:
        """Whether it is one of those who talk with the customer."""
        return self.state is PartyState.UP and self.mode is PartyMode.JOIN
