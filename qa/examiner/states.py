"""The life of an examiner's package that was asked for on the page."""

from enum import StrEnum

from dialer.machine import Machine


class PackageState(StrEnum):
    """`waiting` is also where it stands after its process was killed; nothing half-written is kept."""

    WAITING = "waiting"
    PACKING = "packing"
    READY = "ready"
    STOPPED = "stopped"
    FAILED = "failed"
    # Its file was taken away after its time.
    GONE = "gone"


class PackageEvent(StrEnum):
    """What moves a package."""

    BEGIN = "begin"
    # The process that had it ended, or was killed.
    GIVE_BACK = "give_back"
    FINISH = "finish"
    FAIL = "fail"
    STOP = "stop"
    AGAIN = "again"
    EXPIRE = "expire"


S, E = PackageState, PackageEvent

MACHINE = Machine(
    "package",
    {
        E.BEGIN: {S.WAITING: S.PACKING},
        E.GIVE_BACK: {S.PACKING: S.WAITING},
        E.FINISH: {S.PACKING: S.READY},
        E.FAIL: {S.PACKING: S.FAILED},
        E.STOP: {S.WAITING: S.STOPPED, S.PACKING: S.STOPPED},
        E.AGAIN: {S.STOPPED: S.WAITING, S.FAILED: S.WAITING, S.GONE: S.WAITING},
        E.EXPIRE: {S.READY: S.GONE},
    },
)
