"""What an agent is doing, and the moves between (D5)."""

from enum import StrEnum

from dialer.machine import Machine


class AgentState(StrEnum):
    """An agent session's state."""

    OFFLINE = "offline"
    READY = "ready"
    # A follow-up lies before the agent: he looks, and calls or does not.
    PREVIEW = "preview"
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
    OFFER = "offer"
    GIVE_BACK = "give_back"
    RESERVE = "reserve"
    RING = "ring"
    TALK = "talk"
    AGENT_FAILED = "agent_failed"
    NOT_REACHED = "not_reached"
    CALL_ENDED = "call_ended"
    WRAPPED_UP = "wrapped_up"
    RELEASED = "released"
    TAKE_BACK = "take_back"


class PauseReason(StrEnum):
    """Why an agent is paused. The first ones are not of the agent's choosing."""

    SIGNED_IN = "signed_in"
    DID_NOT_ANSWER = "did_not_answer"
    PHONE_UNREACHABLE = "phone_unreachable"
    SHIFT_OVER = "shift_over"
    BY_SUPERVISOR = "by_supervisor"
    CALL_IN_DOUBT = "call_in_doubt"
    PREVIEW_OVER = "preview_over"
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
        # A paused agent may ask for a call by hand; after it he is paused again.
        E.OFFER: {S.READY: S.PREVIEW, S.PAUSED: S.PREVIEW},
        E.GIVE_BACK: {S.PREVIEW: S.READY},
        # A paused colleague may be asked into a call; after it he is paused again.
        E.RESERVE: {S.READY: S.RESERVED, S.PREVIEW: S.RESERVED, S.PAUSED: S.RESERVED},
        E.RING: {S.RESERVED: S.RINGING},
        E.TALK: {S.RESERVED: S.TALKING, S.RINGING: S.TALKING},
        # The agent's own phone did not answer: no further call until the agent says so.
        E.AGENT_FAILED: dict.fromkeys((S.PREVIEW, *_ON_A_CALL), S.PAUSED),
        # The customer was not reached: there is nothing to wrap up.
        E.NOT_REACHED: dict.fromkeys(_ON_A_CALL, S.READY),
        E.CALL_ENDED: dict.fromkeys(_ON_A_CALL, S.WRAP_UP),
        E.WRAPPED_UP: {S.WRAP_UP: S.READY},
        # The watchdog found a session that nothing else would have let go.
        E.RELEASED: dict.fromkeys((*_ON_A_CALL, S.WRAP_UP), S.READY),
        # A call in doubt whose agent was let go turns out to go on, or to have been a talk.
        E.TAKE_BACK: {S.READY: S.TALKING, S.PAUSED: S.TALKING},
    },
)
