"""What becomes of an attempt in doubt, row by row (D7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.calling.progress import Ending
from dialer.calling.settling import Decision, Doubt, Settlement, settle
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallTrail, GatePosition, LiveCall
from tests.support.core import NOW, at

# The telephone system's clock is wrong by years: only its differences may count.
THEIRS = datetime(2019, 3, 5, tzinfo=UTC)

PATIENCE = timedelta(seconds=9)
PLACED = Doubt(go_at=None, answered_at=None, doubted_at=at(30), absent=timedelta(0), patience=PATIENCE)
GONE = replace(PLACED, go_at=at(10))
TALKED = replace(GONE, answered_at=at(25))
RANG = replace(GONE, ringing_at=at(12))

EMPTY = CallTrail(attempt_id="one")
LATER = at(70)
EARLY, LATE, HOURS = timedelta(0), PATIENCE, timedelta(hours=9)  # for so long nothing of it was alive

FAILED = Ending(DialOutcome.FAILED, dialled=False)


def theirs(seconds: float) -> datetime:
    return THEIRS + timedelta(seconds=seconds)


def live(gate: GatePosition, *, dialled: bool = False, answered: bool = False) -> LiveCall:
    return LiveCall(attempt_id="one", gate=gate, customer_dialled=dialled, customer_answered=answered)


RINGING, WAITING = live(GatePosition.RINGING), live(GatePosition.WAITING)
PASSED = live(GatePosition.PASSED)
DIALLING = live(GatePosition.PASSED, dialled=True)
TALKING = live(GatePosition.PASSED, dialled=True, answered=True)

UP = replace(EMPTY, agent_answered_at=theirs(0))
LEFT = replace(UP, agent_ended_at=theirs(4))
LONG = replace(UP, agent_ended_at=theirs(30))
TORN = replace(EMPTY, customer_ended_at=theirs(20), agent_ended_at=theirs(20))
DIALLED = replace(UP, customer_started_at=theirs(1))
BUSY = replace(DIALLED, customer_ended_at=theirs(3), customer_cause=17, agent_ended_at=theirs(3))
CUT = replace(DIALLED, customer_answered_at=theirs(12))
WHOLE = replace(CUT, customer_ended_at=theirs(72), customer_cause=16, agent_ended_at=theirs(73))

S = Settlement
ROWS = [
    # Alive: go on with it, wherever it stands.
    pytest.param(PLACED, RINGING, EMPTY, LATE, S.WAIT, id="agent-rings"),
    pytest.param(PLACED, WAITING, EMPTY, EARLY, S.GRANT_GO, id="agent-waits-and-no-go"),
    pytest.param(PLACED, WAITING, None, LATE, S.GRANT_GO, id="agent-waits-log-unreadable"),
    pytest.param(GONE, WAITING, EMPTY, EARLY, S.OPEN_GATE_AGAIN, id="go-committed-and-not-sent"),
    pytest.param(GONE, DIALLING, DIALLED, LATE, S.ADOPT_DIALLING, id="customer-is-being-dialled"),
    # The picture of what is alive is a moment older, or he has left and the agent's leg has not yet.
    pytest.param(GONE, DIALLING, CUT, LATE, S.WAIT, id="answered-since-it-was-asked"),
    pytest.param(GONE, PASSED, CUT, LATE, S.WAIT, id="he-has-left-by-the-log"),
    pytest.param(TALKED, PASSED, None, LATE, S.WAIT, id="he-has-left-by-what-was-seen"),
    pytest.param(GONE, PASSED, DIALLED, LATE, S.ADOPT_DIALLING, id="let-through-a-moment-ago"),
    pytest.param(GONE, TALKING, CUT, LATE, S.ADOPT_TALKING, id="talking"),
    pytest.param(GONE, TALKING, None, LATE, S.ADOPT_TALKING, id="talking-log-unreadable"),
    # Gone, and the go was never committed: the customer was provably never dialled.
    pytest.param(PLACED, None, EMPTY, EARLY, S.WAIT, id="never-gone-request-under-way"),
    pytest.param(PLACED, None, None, EARLY, S.WAIT, id="never-gone-log-unreadable"),
    pytest.param(PLACED, None, EMPTY, LATE, S.END, id="never-gone-and-time-is-over"),
    pytest.param(PLACED, None, None, LATE, S.END, id="never-gone-needs-no-log"),
    pytest.param(
        PLACED, None, replace(EMPTY, agent_ended_at=theirs(4)), EARLY, S.END, id="never-gone-agent-left"
    ),
    # Gone after the go: the log decides, and nothing else.
    pytest.param(GONE, None, None, EARLY, S.KEEP_UNKNOWN, id="gone-log-unreadable"),
    pytest.param(GONE, None, None, HOURS, S.KEEP_UNKNOWN, id="gone-log-unreadable-for-hours"),
    pytest.param(TALKED, None, None, LATE, S.KEEP_UNKNOWN, id="talked-log-unreadable"),
    pytest.param(GONE, None, EMPTY, EARLY, S.WAIT, id="gone-log-may-lag"),
    pytest.param(GONE, None, UP, EARLY, S.WAIT, id="gone-agent-up-log-may-lag"),
    # The power went while the customer was being dialled: his leg may have been lost with the log's tail.
    pytest.param(GONE, None, UP, LATE, S.KEEP_UNKNOWN, id="gone-log-stops-with-the-agent-up"),
    pytest.param(GONE, None, LEFT, EARLY, S.END, id="gone-agent-left-no-leg"),
    # A log with a hole proves nothing by what it lacks.
    pytest.param(GONE, None, EMPTY, LATE, S.KEEP_UNKNOWN, id="gone-log-without-the-call"),
    pytest.param(GONE, None, TORN, EARLY, S.WAIT, id="gone-log-without-its-beginning-yet"),
    pytest.param(GONE, None, TORN, LATE, S.KEEP_UNKNOWN, id="gone-log-without-its-beginning"),
    pytest.param(RANG, None, UP, LATE, S.KEEP_UNKNOWN, id="rang-and-the-log-has-no-leg"),
    pytest.param(GONE, None, LONG, LATE, S.KEEP_UNKNOWN, id="agent-stayed-longer-than-the-gate-holds"),
    pytest.param(TALKED, None, EMPTY, EARLY, S.WAIT, id="talked-log-may-lag"),
    pytest.param(TALKED, None, EMPTY, LATE, S.END, id="talked-log-without-the-call"),
    pytest.param(TALKED, None, BUSY, LATE, S.END, id="talked-log-without-the-answer"),
    pytest.param(GONE, None, DIALLED, EARLY, S.WAIT, id="gone-leg-without-an-end-yet"),
    pytest.param(GONE, None, DIALLED, LATE, S.END, id="gone-leg-without-an-end"),
    pytest.param(GONE, None, BUSY, EARLY, S.END, id="gone-busy"),
    pytest.param(GONE, None, CUT, EARLY, S.END, id="gone-answered-without-an-end"),
    pytest.param(GONE, None, WHOLE, EARLY, S.END, id="gone-answered-and-ended"),
]


@pytest.mark.parametrize(("doubt", "alive", "trail", "absent", "settlement"), ROWS)
def test_each_row_of_the_table(
    doubt: Doubt, alive: LiveCall | None, trail: CallTrail | None, absent: timedelta, settlement: Settlement
) -> None:
    """D7: live channels first, then the log; without proof nothing ends."""
    decision = settle(replace(doubt, absent=absent), alive, trail, LATER)
    assert decision.settlement is settlement
    assert (decision.ending is not None) is (settlement is S.END)
    assert decision.why


@pytest.mark.parametrize(
    ("doubt", "trail", "ending"),
    [
        pytest.param(PLACED, EMPTY, FAILED, id="never-gone"),
        pytest.param(GONE, LEFT, FAILED, id="no-leg-to-the-customer"),
        pytest.param(TALKED, EMPTY, Ending(DialOutcome.ANSWERED, True), id="we-saw-the-answer"),
        pytest.param(GONE, BUSY, Ending(DialOutcome.BUSY, True, 17), id="busy"),
        pytest.param(GONE, DIALLED, Ending(DialOutcome.UNKNOWN, True), id="dialled-and-nothing-more"),
        pytest.param(GONE, CUT, Ending(DialOutcome.ANSWERED, True), id="cut-while-talking"),
        pytest.param(GONE, WHOLE, Ending(DialOutcome.ANSWERED, True, 16), id="whole-talk"),
    ],
)
def test_an_ending_says_whether_the_customer_was_dialled(
    doubt: Doubt, trail: CallTrail, ending: Ending
) -> None:
    """D7, L7: only a customer who was dialled burns a try; in doubt it counts as dialled."""
    assert settle(replace(doubt, absent=LATE), None, trail, LATER).ending == ending


@pytest.mark.parametrize(("doubt", "proven"), [(PLACED, S.END), (GONE, S.KEEP_UNKNOWN)])
def test_silence_is_proof_after_the_patience_and_not_a_second_before(doubt: Doubt, proven: S) -> None:
    """D7: by the time in which nothing of it was alive, whatever the clock shows."""
    for absent, settlement in ((PATIENCE - timedelta(seconds=1), S.WAIT), (PATIENCE, proven)):
        for now in (LATER, NOW - timedelta(days=1), NOW + timedelta(days=1)):
            assert settle(replace(doubt, absent=absent), None, UP, now).settlement is settlement


def talk(doubt: Doubt, trail: CallTrail) -> tuple[datetime | None, datetime | None]:
    decision = settle(replace(doubt, absent=LATE), None, trail, LATER)
    return decision.answered_at, decision.ended_at


def test_times_of_a_talk_are_durations_of_the_logs_clock_from_our_go() -> None:
    """D7: 12 s from the agent's answer to the customer's, then 60 s of talk; never the log's own time."""
    assert talk(GONE, WHOLE) == (at(22), at(82))


def test_the_answer_we_saw_ourselves_comes_first() -> None:
    assert talk(TALKED, WHOLE) == (at(25), at(85))
    assert talk(TALKED, EMPTY) == (at(25), at(30)), "not later than our doubt"


def test_a_talk_without_an_end_ends_where_it_was_doubted() -> None:
    """After kill -9 of the telephone system nobody wrote the end: it is not later than our doubt."""
    assert talk(GONE, CUT) == (at(22), at(30))
    assert talk(replace(GONE, doubted_at=at(15)), CUT) == (at(22), at(22))


def test_without_the_agents_answer_the_log_begins_at_the_customers_leg() -> None:
    assert talk(GONE, replace(WHOLE, agent_answered_at=None)) == (at(21), at(81))
    assert talk(GONE, replace(WHOLE, agent_answered_at=None, customer_started_at=None)) == (at(10), at(70))


def test_an_adopted_talk_began_when_the_log_says() -> None:
    """D7: without a log it began now, so that no second of it is claimed without proof."""
    assert settle(GONE, TALKING, CUT, LATER).answered_at == at(22)
    assert settle(GONE, TALKING, None, LATER) == Decision(
        S.ADOPT_TALKING, "both parties are connected", answered_at=LATER
    )
