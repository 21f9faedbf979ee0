"""Why a follow-up may be false."""

from enum import StrEnum


class DoubtReason(StrEnum):
    """What speaks against a form; pages show a sentence for each."""

    NEVER_ASKED = "never_asked"
    NOT_ANSWERED = "not_answered"
    ANSWER_DIFFERS = "answer_differs"
    TALK_TOO_SHORT = "talk_too_short"
    CUSTOMER_SILENT = "customer_silent"
    MACHINE_HEARD = "machine_heard"
    SAME_ANSWERS = "same_answers"
    OWN_NUMBER = "own_number"
    SHARED_NUMBER = "shared_number"
    ANSWERED_EARLY = "answered_early"
    ANSWERED_LATE = "answered_late"
