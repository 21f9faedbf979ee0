"""The watchdog of sessions, case by case: nothing leaves an agent stuck (D5)."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.agents.settings import AgentSettings
from dialer.agents.states import AgentState, PauseReason
from dialer.calling.settings import CallingSettings
from dialer.calling.states import AttemptState
from dialer.calling.watchdog import (
    Call,
    Finding,
    Phones,
    Remedy,
    Times,
    Verdict,
    Watched,
    follow_phones,
    shift_ended,
    watch,
)

# lead 1, ring 20, gate 4, customer 40, margin 5: the agent's leg lives 30 s, a customer is rung for 45 s.
CALLING = CallingSettings(
    page_lead_seconds=1,
    agent_ring_seconds=20,
    gate_seconds=4,
    customer_ring_seconds=40,
    settle_margin_seconds=5,
)
AGENTS = AgentSettings(
    phone_grace_seconds=10, phone_back_minutes=10, shift_sign_out_minutes=15, doubt_limit_minutes=60
)
TIMES = Times.of(CALLING, AGENTS)

# session, attempt, age in seconds, link: what to do, and why.
ON_A_CALL = """
reserved  -                  0     up    release  no_attempt
talking   -                  0     down  release  no_attempt
reserved  placing_agent      21    up    -        -
reserved  placing_agent      22    up    settle   not_rung
reserved  placing_agent      22    down  -        -
reserved  placing_agent      60    up    settle   not_rung
reserved  placing_agent      61    up    release  not_rung
reserved  placing_agent      61    down  release  not_rung
ringing   placing_agent      30    up    -        -
ringing   placing_agent      31    up    settle   rung_too_long
ringing   placing_agent      61    down  release  rung_too_long
ringing   customer_go        45    up    -        -
ringing   customer_go        46    up    settle   dialled_too_long
reserved  customer_go        46    down  -        -
talking   talking            99999 up    -        -
talking   talking            99999 down  -        -
reserved  unknown            60    up    -        -
reserved  unknown            61    up    release  in_doubt_too_long
ringing   unknown            61    down  release  in_doubt_too_long
ringing   unknown+gone       75    up    -        -
ringing   unknown+gone       76    up    pause    in_doubt_too_long
talking   unknown+gone       3600  down  -        -
talking   unknown+gone       3601  down  pause    in_doubt_too_long
ringing   ended              0     up    release  attempt_ended
reserved  ended              0     down  release  attempt_ended
talking   ended+answered     0     up    wrap_up  talk_ended
ringing   ended+answered     0     down  wrap_up  talk_ended
wrap_up   ended+answered     99999 up    -        -
preview   -                  99999 up    -        -
"""


def call_of(words: str) -> Call | None:
    if words == "-":
        return None
    state, *more = words.split("+")
    return Call(AttemptState(state), gone="gone" in more, answered="answered" in more)


@pytest.mark.parametrize("line", ON_A_CALL.strip().splitlines())
def test_d5_a_session_on_a_call_lasts_no_longer_than_its_call_can(line: str) -> None:
    """D5, D7: settled first; let go when the customer was provably not dialled, or it is over."""
    state, call, age, link, remedy, finding = line.split()
    seen = Watched(AgentState(state), timedelta(seconds=int(age)), call=call_of(call))
    verdict = watch(seen, TIMES, link_up=link == "up")
    told = ("-", "-") if verdict is None else (verdict.remedy, verdict.finding)
    assert told == (remedy, finding)


def test_d5_who_is_let_go_in_doubt_gets_no_call_before_he_says_so() -> None:
    """D5: he may still be talking, where nobody sees it."""
    seen = Watched(AgentState.TALKING, timedelta(hours=2), call=Call(AttemptState.UNKNOWN, gone=True))
    verdict = watch(seen, TIMES, link_up=False)
    assert verdict is not None
    assert verdict.reason is PauseReason.CALL_IN_DOUBT


@pytest.mark.parametrize(("seconds", "paused"), [(9, False), (10, True), (500, True)])
def test_d5_a_ready_agent_whose_phone_is_gone_is_paused_after_a_grace(seconds: int, paused: bool) -> None:
    """D5."""
    gone = timedelta(seconds=seconds)
    verdict = watch(Watched(AgentState.READY, timedelta(0), phone_gone_for=gone), TIMES, link_up=True)
    wanted = Verdict(Remedy.PAUSE, Finding.PHONE_GONE, PauseReason.PHONE_UNREACHABLE)
    assert verdict == (wanted if paused else None)


@pytest.mark.parametrize(
    ("reason", "age", "back_for", "goes_on"),
    [
        ("phone_unreachable", 60, 5, True),
        ("phone_unreachable", 599, 0, True),
        # It came back too late, or it was back before the pause: its call failed for another reason.
        ("phone_unreachable", 1000, 5, False),
        ("phone_unreachable", 60, 61, False),
        ("phone_unreachable", 60, None, False),
        ("meal", 60, 5, False),
        ("did_not_answer", 60, 5, False),
    ],
)
def test_d5_a_phone_that_comes_back_brings_its_agent_back(
    reason: str, age: int, back_for: int | None, goes_on: bool
) -> None:
    """D5: only whom its loss has paused, and only for a while."""
    back = None if back_for is None else timedelta(seconds=back_for)
    seen = Watched(AgentState.PAUSED, timedelta(seconds=age), reason=reason, phone_back_for=back)
    verdict = watch(seen, TIMES, link_up=True)
    assert verdict == (Verdict(Remedy.READY, Finding.PHONE_BACK) if goes_on else None)


SHIFT = """
ready    -           0     pause        shift_over
ready    -           9000  pause        shift_over
reserved -           1     pause_after  -
talking  -           1     pause_after  -
wrap_up  -           1     pause_after  -
preview  -           1     pause_after  -
paused   meal        899   -            -
paused   meal        900   sign_out     -
offline  -           9000  -            -
"""


@pytest.mark.parametrize("line", SHIFT.strip().splitlines())
def test_d5_after_the_shift_no_new_call_comes_and_the_current_one_is_finished(line: str) -> None:
    """D5, L10."""
    state, reason, over_for, remedy, _ = line.split()
    call = Call(AttemptState.PLACING_AGENT) if state in ("reserved", "talking") else None
    seen = Watched(
        AgentState(state),
        timedelta(0),
        reason=None if reason == "-" else reason,
        call=call,
        shift_over_for=timedelta(seconds=int(over_for)),
    )
    verdict = watch(seen, TIMES, link_up=True)
    assert ("-" if verdict is None else verdict.remedy) == remedy
    if verdict is not None:
        assert verdict.finding is Finding.SHIFT_OVER


@pytest.mark.parametrize(("minutes", "age", "signed_out"), [(15, 899, 0), (15, 900, 1), (0, 99999, 0)])
def test_d5_who_is_paused_by_the_end_of_the_shift_is_signed_out_later(
    minutes: int, age: int, signed_out: int
) -> None:
    """D5: or stays paused, where the site wants that."""
    times = Times.of(CALLING, AGENTS.model_copy(update={"shift_sign_out_minutes": minutes}))
    seen = Watched(AgentState.PAUSED, timedelta(seconds=age), reason="shift_over")
    verdict = watch(seen, times, link_up=True)
    assert verdict == (Verdict(Remedy.SIGN_OUT, Finding.SHIFT_OVER) if signed_out else None)


def test_d5_phones_are_followed_from_one_look_to_the_next() -> None:
    """D5: gone since when, back since when; only phones that somebody sits at."""
    sat_at = {"8001", "8002"}
    phones = follow_phones(Phones(), sat_at, {"8001", "8002", "8003"}, 1.0)
    assert phones == Phones()
    phones = follow_phones(phones, sat_at, {"8002"}, 2.0)
    phones = follow_phones(phones, sat_at, {"8002"}, 5.0)
    assert phones.gone_for("8001", 7.0) == timedelta(seconds=5)
    assert phones.gone_for("8002", 7.0) is None
    assert phones.gone_for(None, 7.0) is None
    phones = follow_phones(phones, sat_at, {"8001", "8002"}, 8.0)
    phones = follow_phones(phones, sat_at, {"8001", "8002"}, 9.0)
    assert (phones.gone_for("8001", 9.0), phones.back_for("8001", 9.0)) == (None, timedelta(seconds=1))
    phones = follow_phones(phones, sat_at, {"8002"}, 10.0)
    assert (phones.gone_for("8001", 10.0), phones.back_for("8001", 10.0)) == (timedelta(0), None)


def test_d5_without_a_link_nothing_is_known_and_no_time_runs() -> None:
    """D5: a lost link pauses nobody."""
    gone = follow_phones(Phones(), {"8001"}, frozenset(), 1.0)
    assert follow_phones(gone, frozenset(), frozenset(), 99.0) == Phones()


def test_l10_the_end_of_a_shift_has_its_effect_once() -> None:
    """L10: who goes on after it is left alone; where the next shift begins at once, there is no end."""
    nine, noon, six = (datetime(2026, 11, 25, hour, tzinfo=UTC) for hour in (9, 12, 18))
    late = six + timedelta(minutes=1)
    assert shift_ended([six], [nine], None, noon) is None
    assert shift_ended([six], [nine], None, six) == six
    assert shift_ended([noon, six], [nine, noon], nine, late) == six
    assert shift_ended([noon, six], [nine, noon], nine, noon) is None
    assert shift_ended([six], [nine], six, late) is None
    assert shift_ended([], [], None, late) is None
