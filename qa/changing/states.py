"""The lives of a draft of rules, and of its replay on stored calls."""

from enum import StrEnum

from dialer.machine import Machine


class DraftState(StrEnum):
    """`offered` is what the product ships anew: it waits for a person, and changes nothing by itself."""

    OPEN = "open"
    OFFERED = "offered"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class DraftEvent(StrEnum):
    """What moves a draft."""

    TAKE = "take"
    PUBLISH = "publish"
    DISCARD = "discard"


class ReplayState(StrEnum):
    """`stopped` and `failed` ones go on from the call they had come to, when a person says so."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


class ReplayEvent(StrEnum):
    """What moves a replay."""

    FINISH = "finish"
    STOP = "stop"
    FAIL = "fail"
    GO_ON = "go_on"


D, E = DraftState, DraftEvent
R, V = ReplayState, ReplayEvent

DRAFT = Machine(
    "rule_draft",
    {
        E.TAKE: {D.OFFERED: D.OPEN},
        E.PUBLISH: {D.OPEN: D.PUBLISHED},
        E.DISCARD: {D.OPEN: D.DISCARDED, D.OFFERED: D.DISCARDED},
    },
)

REPLAY = Machine(
    "rule_replay",
    {
        V.FINISH: {R.RUNNING: R.DONE},
        V.STOP: {R.RUNNING: R.STOPPED},
        V.FAIL: {R.RUNNING: R.FAILED},
        V.GO_ON: {R.STOPPED: R.RUNNING, R.FAILED: R.RUNNING},
    },
)
