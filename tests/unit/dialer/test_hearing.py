"""What was heard against what was signalled: which of them stands (D3). Pure."""

from dataclasses import replace

import pytest

from dialer.calling.hearing import Effect, Standing, decide
from dialer.followups.rules import HEARD
from dialer.followups.states import FollowUpState
from dialer.telephony.heard import OUTCOME, Heard
from dialer.telephony.outcomes import DialOutcome

WAITS = Standing(
    signalled=DialOutcome.NO_ANSWER,
    state=FollowUpState.WAITING,
    reason="no_answer",
    called_since=False,
    talk_recorded=False,
)
TALK = Standing(DialOutcome.ANSWERED, FollowUpState.WRAP_UP, "answered", False, False)


@pytest.mark.parametrize(
    ("heard", "how", "effect"),
    [
        (Heard.POWERED_OFF, WAITS, Effect.CORRECTED),
        (Heard.POWERED_OFF, replace(WAITS, state=FollowUpState.EXHAUSTED), Effect.CORRECTED),
        # Put elsewhere by somebody since, called again, or closed.
        (Heard.POWERED_OFF, replace(WAITS, reason="call_again"), Effect.TOO_LATE),
        (Heard.POWERED_OFF, replace(WAITS, called_since=True), Effect.TOO_LATE),
        (Heard.POWERED_OFF, replace(WAITS, state=FollowUpState.CALLING), Effect.TOO_LATE),
        (Heard.POWERED_OFF, replace(WAITS, state=FollowUpState.CANCELLED), Effect.TOO_LATE),
        (Heard.SECRETARY, TALK, Effect.CORRECTED),
        (Heard.SECRETARY, replace(TALK, talk_recorded=True), Effect.TALK_KEPT),
        (Heard.SECRETARY, replace(TALK, state=FollowUpState.DONE, talk_recorded=True), Effect.TALK_KEPT),
        (Heard.PERSON, TALK, Effect.NOTHING),
        (Heard.RING_BACK, WAITS, Effect.NOTHING),
        (Heard.SILENCE, WAITS, Effect.NOTHING),
        (Heard.UNCLEAR, WAITS, Effect.NOTHING),
    ],
)
def test_d3_what_was_heard_corrects_only_what_still_stands(
    heard: Heard, how: Standing, effect: Effect
) -> None:
    assert decide(heard, how) is effect


def test_l7_each_thing_that_corrects_has_its_retry_rule() -> None:
    """A new class cannot be half handled."""
    assert set(HEARD) == set(OUTCOME)
    assert DialOutcome.ANSWERED not in OUTCOME.values()
