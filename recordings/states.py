"""The life of a call's recording."""

from enum import StrEnum

from dialer.machine import Machine


class RecordingState(StrEnum):
    """Where a recording stands.

    `missing`: the call was answered and no file came. `failed`: the files cannot be read; they
    stay where the telephone system left them. Both are left when sound files turn up.
    """

    EXPECTED = "expected"
    ARCHIVED = "archived"
    MISSING = "missing"
    FAILED = "failed"


class RecordingEvent(StrEnum):
    """What moves a recording."""

    ARCHIVE = "archive"
    MISS = "miss"
    FAIL = "fail"
    RETRY = "retry"
    # The archived file is not what was archived, and the source still has the call.
    SPOIL = "spoil"


S, E = RecordingState, RecordingEvent

MACHINE = Machine(
    "recording",
    {
        E.ARCHIVE: {S.EXPECTED: S.ARCHIVED, S.MISSING: S.ARCHIVED},
        E.MISS: {S.EXPECTED: S.MISSING},
        E.FAIL: {S.EXPECTED: S.FAILED, S.MISSING: S.FAILED},
        E.RETRY: {S.MISSING: S.EXPECTED, S.FAILED: S.EXPECTED},
        E.SPOIL: {S.ARCHIVED: S.EXPECTED},
    },
)
