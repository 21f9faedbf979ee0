"""What an agent is doing, and the moves between (D5)."""

from enum import StrEnum

from dialer.machine import Machine


class AgentState(StrEnum):
    """An agent session's state."""

    OFFLINE = "offline"
    READY = "ready"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class AgentEvent(StrEnum):
    """What moves an agent session."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    READY = "ready"
    PAUSE = "pause"
    RESERVE = "reserve"
    RING = "ring"
    TALK = "talk"
    AGENT_FAILED = "agent_failed"
    NOT_REACHED = "not_reached"
    CALL_ENDED = "call_ended"
    WRAPPED_UP = "wrapped_up"


class PauseReason(StrEnum):
    """Why an agent is paused. The first three are the system's own."""

    SIGNED_IN = "signed_in"
    DID_NOT_ANSWER = "did_not_answer"
    PHONE_UNREACHABLE = "phone_unreachable"
    BREAK = "break"
    MEAL = "meal"
    MEETING = "meeting"
    TRAINING = "training"
    OTHER = "other"


CHOSEN_BY_AGENT = (
    PauseReason.BREAK,
    PauseReason.MEAL,
    PauseReason.MEETING,
    PauseReason.TRAINING,
    PauseReason.OTHER,
)

S, E = AgentState, AgentEvent
_ON_A_CALL = (S.RESERVED, S.RINGING, S.TALKING)

MACHINE = Machine(
    "agent_session",
    {
        E.SIGN_IN: {S.OFFLINE: S.PAUSED},
        E.SIGN_OUT: {S.READY: S.OFFLINE, S.PAUSED: S.OFFLINE},
        E.READY: {S.PAUSED: S.READY},
        E.PAUSE: {S.READY: S.PAUSED},
        E.RESERVE: {S.READY: S.RESERVED},
        E.RING: {S.RESERVED: S.RINGING},
        E.TALK: {S.RESERVED: S.TALKING, S.RINGING: S.TALKING},
        # The agent's own phone did not answer: no further call until the agent says so.
        E.AGENT_FAILED: dict.fromkeys(_ON_A_CALL, S.PAUSED),
        # The customer was not reached: there is nothing to wrap up.
        E.NOT_REACHED: dict.fromkeys(_ON_A_CALL, S.READY),
        E.CALL_ENDED: dict.fromkeys(_ON_A_CALL, S.WRAP_UP),
        E.WRAPPED_UP: {S.WRAP_UP: S.READY},
    },
)
