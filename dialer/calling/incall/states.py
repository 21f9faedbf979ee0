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
    # Talk with somebody in private while the customer waits, and then back to the customer. While it lasts,
    # TRANSFER and THIRD are with whom one talks.
    CONSULT = "consult"
    BACK = "back"
    # Who has asked for a party takes that back.
    CANCEL = "cancel"
    LISTEN = "listen"
    WHISPER = "whisper"
    JOIN = "join"
    TAKE_OVER = "take_over"
    LEAVE = "leave"


# Steps that ring a phone, or change how one takes part: of a supervisor alone.
SUPERVISING = frozenset({Step.LISTEN, Step.WHISPER, Step.JOIN, Step.TAKE_OVER})
INVITING = frozenset({Step.TRANSFER, Step.THIRD, Step.CONSULT})


class PartyState(StrEnum):
    """Where a party stands."""

    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


OPEN = (PartyState.RINGING, PartyState.UP)


class PartyEvent(StrEnum):
    """What moves a party."""

    ANSWER = "answer"
    END = "end"


S, E = PartyState, PartyEvent
MACHINE = Machine(
    "call_party",
    {E.ANSWER: {S.RINGING: S.UP}, E.END: {S.RINGING: S.ENDED, S.UP: S.ENDED}},
)


class CommandState(StrEnum):
    """Where a step stands that was asked for at a service that does not have the call."""

    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    REFUSED = "refused"
    # Nobody waits for the answer any more.
    EXPIRED = "expired"


class CommandEvent(StrEnum):
    """What moves it."""

    TAKE = "take"
    DO = "do"
    REFUSE = "refuse"
    EXPIRE = "expire"


C, D = CommandState, CommandEvent
COMMAND = Machine(
    "call_command",
    {
        D.TAKE: {C.WAITING: C.TAKEN},
        D.DO: {C.TAKEN: C.DONE},
        D.REFUSE: {C.TAKEN: C.REFUSED},
        D.EXPIRE: {C.WAITING: C.EXPIRED, C.TAKEN: C.EXPIRED},
    },
)


@dataclass(frozen=True, slots=True)
class Party:
    """A further phone in a call. `number`: one outside, which rings through `trunk`."""

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
    number: str | None = None
    trunk: str | None = None
    cause: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", PartyMode(self.mode))
        object.__setattr__(self, "state", PartyState(self.state))

    @property
    def talks(self) -> bool:
        """Whether it is one of those who talk with the customer."""
        return self.state is PartyState.UP and self.mode is PartyMode.JOIN

    @property
    def consulted(self) -> bool:
        """Whether one of ours talks with it in private now."""
        return self.state is PartyState.UP and self.mode is PartyMode.CONSULT
