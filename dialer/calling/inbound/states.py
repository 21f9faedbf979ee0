"""The life of a ticket: one call of a customer who rang (D9)."""

from enum import StrEnum

from dialer.machine import Machine


class TicketState(StrEnum):
    """Where a ticket stands."""

    # He waits on the line.
    RINGING = "ringing"
    TALKING = "talking"
    # The talk is over; its agent has to say what it was about.
    OPEN = "open"
    # He was not put through: a call-back is owed.
    MISSED = "missed"
    CLOSED = "closed"


class TicketEvent(StrEnum):
    """What moves a ticket."""

    TALK = "talk"
    END = "end"
    MISS = "miss"
    FILE = "file"


class TicketKind(StrEnum):
    """What a customer rang for (D9)."""

    INQUIRY = "inquiry"
    REQUEST = "request"
    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"


class Missed(StrEnum):
    """Why a customer who rang was not put through."""

    LEFT = "left"
    NOBODY_FREE = "nobody_free"
    CLOSED = "closed"
    LOST = "lost"


S, E = TicketState, TicketEvent

MACHINE = Machine(
    "ticket",
    {
        E.TALK: {S.RINGING: S.TALKING},
        E.END: {S.TALKING: S.OPEN},
        E.MISS: {S.RINGING: S.MISSED},
        # Filed while talking it stays with the talk, and is closed after it.
        E.FILE: {S.OPEN: S.CLOSED, S.MISSED: S.CLOSED},
    },
)
