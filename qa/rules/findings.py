"""What a check says: a verdict for each rule, and the proof a click can play (Q4)."""

from dataclasses import dataclass
from enum import StrEnum

from dialer.telephony.outcomes import Leg


class Verdict(StrEnum):
    """`unclear` is for a person: the machine heard something, or could not hear enough."""

    PASS = "pass"
    FAIL = "fail"
    UNCLEAR = "unclear"
    NA = "na"


class Reason(StrEnum):
    """Why the verdict is what it is; pages show a sentence for each."""

    SAID = "said"
    NOT_SAID = "not_said"
    MAYBE_SAID = "maybe_said"
    OPPOSITE_SAID = "opposite_said"
    FORBIDDEN_SAID = "forbidden_said"
    MAYBE_FORBIDDEN = "maybe_forbidden"
    NOTHING_FORBIDDEN = "nothing_forbidden"
    CODE_SAID = "code_said"
    CODE_CONFIRMED = "code_confirmed"
    CODE_UNSURE = "code_unsure"
    OTHER_CODE = "other_code"
    DENIED = "denied"
    AUDIO_INCOMPLETE = "audio_incomplete"
    FACT_MISSING = "fact_missing"
    # Asked, stated, answered (Q3).
    ASKED = "asked"
    STATED = "stated"
    MAYBE_STATED = "maybe_stated"
    LEADING = "leading"
    CORRECTED = "corrected"
    BOTH_SAID = "both_said"
    ANSWERED_NO = "answered_no"
    # Values and persons.
    VALUE_SAID = "value_said"
    VALUE_NOT_SAID = "value_not_said"
    VALUE_UNSURE = "value_unsure"
    OTHER_VALUE = "other_value"
    IDENTIFIED = "identified"
    READ_OUT = "read_out"
    TAIL_DIFFERS = "tail_differs"
    TAIL_UNSURE = "tail_unsure"
    # The course of the call.
    ONE_AT_A_TIME = "one_at_a_time"
    SEVERAL_AT_ONCE = "several_at_once"
    MAYBE_SEVERAL = "maybe_several"
    IN_ORDER = "in_order"
    OUT_OF_ORDER = "out_of_order"
    RAISED = "raised"
    NOT_RAISED = "not_raised"
    EXPLAINED = "explained"
    NO_QUESTION = "no_question"
    # Records, measures, and whose words they are.
    ON_RECORD = "on_record"
    AGAINST_RECORD = "against_record"
    NOT_IN_CALL = "not_in_call"
    MEASURED = "measured"
    OUT_OF_BOUNDS = "out_of_bounds"
    NOT_MEASURED = "not_measured"
    SPEAKER_UNKNOWN = "speaker_unknown"
    LEGS_SWAPPED = "legs_swapped"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class LegQuality:
    """What is known of one leg: absence is proven only on a clean one.

    `gap` comes from the recording's audit; `silent` and `not_understood` are also seen by the transcription.
    """

    gap: bool = False
    silent: bool = False
    not_understood: bool = False

    @property
    def clean(self) -> bool:
        return not (self.gap or self.silent or self.not_understood)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in the recording. Seconds from its start; `score` is likeness to `wording`, 0 to 100;
    `confidence` is the engine's own, 0 to 1. For absence: the whole leg and no words."""

    channel: Leg
    start: float
    end: float
    words: str
    wording: str
    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule on one call. `slot` names the part of the rule that decided, empty for the whole of it."""

    rule_id: str
    verdict: Verdict
    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    slot: str = ""
    alarm: bool = False
