"""Why something due is not called: one word each, for pages, counts and `explain` (L9)."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a due occasion is left out."""

    DO_NOT_CALL = "do_not_call"
    NO_NUMBER = "no_number"
    NO_CONSENT = "no_consent"
    # The playbook's first channel is not the telephone: notices never dial (L4).
    OTHER_CHANNEL = "other_channel"
    # It came in too long after its limit.
    TOO_LATE = "too_late"
    # The occasion does not name the date that it is due on.
    NO_DATE = "no_date"
    # Waits for the draw; not in the sample.
    TO_DRAW = "to_draw"
    NOT_DRAWN = "not_drawn"
    # The same thing, reported by another unit, is called (P12).
    CALLED_ONCE = "called_once"
    QUARTER_CAP = "quarter_cap"
    MIN_GAP = "min_gap"
    # What the source now says of the occasion makes nothing due any more.
    NO_LONGER_DUE = "no_longer_due"
    # The absent customer came back.
    VISITED = "visited"


SOFT = (Reason.QUARTER_CAP, Reason.MIN_GAP)
"""What may change when another follow-up of the customer goes."""

PLANNERS = frozenset(reason.value for reason in Reason)
"""Reasons of cancelled follow-ups that the planner may take back."""
