"""What the network did, from the evidence of a leg: cause before dial status (D3)."""

import pytest

from dialer.telephony.outcomes import DialOutcome, LegEvidence, customer_outcome

# Fate of the customer's leg as Asterisk tells it: dial status, cause, rang -> outcome.
FATES = [
    pytest.param("BUSY", 17, True, DialOutcome.BUSY, id="486-busy"),
    pytest.param("CONGESTION", 34, False, DialOutcome.CONGESTION, id="503-no-line"),
    pytest.param("CHANUNAVAIL", 1, False, DialOutcome.INVALID_NUMBER, id="404-no-such-number"),
    pytest.param("CHANUNAVAIL", 21, True, DialOutcome.REJECTED, id="603-rejected"),
    pytest.param("NOANSWER", 19, False, DialOutcome.NO_ANSWER, id="480-unavailable"),
    pytest.param("NOANSWER", 0, True, DialOutcome.NO_ANSWER, id="ring-time-out"),
    pytest.param("NOANSWER", 16, True, DialOutcome.NO_ANSWER, id="ring-time-out-normal-clearing"),
    pytest.param("CANCEL", 16, True, DialOutcome.NO_ANSWER, id="agent-hung-up-while-ringing"),
    pytest.param("CHANUNAVAIL", 0, False, DialOutcome.FAILED, id="trunk-not-usable"),
    pytest.param("INVALIDARGS", None, False, DialOutcome.FAILED, id="dial-refused"),
    pytest.param("ANSWER", 16, True, DialOutcome.ANSWERED, id="answered"),
    pytest.param(None, 28, False, DialOutcome.INVALID_NUMBER, id="number-incomplete"),
    pytest.param(None, 22, False, DialOutcome.INVALID_NUMBER, id="number-changed"),
    pytest.param(None, 38, False, DialOutcome.CONGESTION, id="network-out-of-order"),
    pytest.param(None, None, True, DialOutcome.NO_ANSWER, id="rang-and-nothing-more"),
    pytest.param(None, None, False, DialOutcome.UNKNOWN, id="nothing-seen"),
]


@pytest.mark.parametrize(("status", "cause", "rang", "outcome"), FATES)
def test_each_fate_has_its_outcome(
    status: str | None, cause: int | None, rang: bool, outcome: DialOutcome
) -> None:
    assert customer_outcome(LegEvidence(rang=rang, dial_status=status, cause=cause)) is outcome


@pytest.mark.parametrize("cause", [0, 16, 17, 21, 34])
def test_a_leg_that_was_answered_stays_answered_whatever_ended_it(cause: int) -> None:
    """A talk that the network cut is still a talk: its recording is expected (A1)."""
    leg = LegEvidence(answered=True, rang=True, dial_status="CANCEL", cause=cause)
    assert customer_outcome(leg) is DialOutcome.ANSWERED
