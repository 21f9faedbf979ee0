"""The life of a review, with the appeal against it."""

from enum import StrEnum

from dialer.machine import Machine


class ReviewState(StrEnum):
    """`claimed` is held by one reviewer; `set_aside` could not be reviewed, with its reason."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SUBMITTED = "submitted"
    SET_ASIDE = "set_aside"
    APPEALED = "appealed"
    DECIDED = "decided"


class ReviewEvent(StrEnum):
    """What moves a review."""

    CLAIM = "claim"
    GIVE_BACK = "give_back"
    # To another reviewer, who begins it anew.
    HAND_ON = "hand_on"
    SUBMIT = "submit"
    SET_ASIDE = "set_aside"
    APPEAL = "appeal"
    DECIDE = "decide"


S, E = ReviewState, ReviewEvent

MACHINE = Machine(
    "review",
    {
        E.CLAIM: {S.WAITING: S.CLAIMED},
        E.GIVE_BACK: {S.CLAIMED: S.WAITING},
        E.HAND_ON: {S.WAITING: S.WAITING, S.CLAIMED: S.WAITING},
        E.SUBMIT: {S.CLAIMED: S.SUBMITTED},
        E.SET_ASIDE: {S.WAITING: S.SET_ASIDE, S.CLAIMED: S.SET_ASIDE},
        E.APPEAL: {S.SUBMITTED: S.APPEALED},
        E.DECIDE: {S.APPEALED: S.DECIDED},
    },
)
