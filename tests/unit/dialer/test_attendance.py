"""What an agent's day was made of, from the history (F7)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.agents.attendance import attendance, open_stretch
from dialer.agents.queries import AgentSession, Stretch
from dialer.agents.states import AgentState

S = AgentState
NINE = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
MIDNIGHT, TONIGHT = NINE - timedelta(hours=9), NINE + timedelta(hours=15)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def stretch(state: str, begin: float, end: float, reason: str | None = None, event: str = "e") -> Stretch:
    return Stretch("wang", S(state), reason, at(begin), at(end), None, "8001", event, None)


def test_f7_a_day_is_counted_by_state_and_reason() -> None:
    """F7: times add up to the time on duty."""
    rows = [
        stretch("paused", 0, 5, "signed_in"),
        stretch("ready", 5, 15),
        stretch("reserved", 15, 16),
        stretch("ringing", 16, 17),
        stretch("talking", 17, 27),
        stretch("wrap_up", 27, 30),
        stretch("paused", 30, 60, "meal"),
        stretch("ready", 60, 61),
        stretch("paused", 61, 63, "did_not_answer"),
        stretch("offline", 63, 100),
        stretch("paused", 100, 110, "meal"),
    ]
    day = attendance(rows, MIDNIGHT, TONIGHT)["wang"]
    assert (day.began_at, day.ended_at, day.missed) == (at(0), at(110), 1)
    assert day.on_duty == sum(day.by_state.values()) == 73 * 60
    assert dict(day.by_reason) == {"signed_in": 300, "meal": 2400, "did_not_answer": 120}
    assert day.calling == 12 * 60
    assert day.used == pytest.approx(15 / 26)


def test_f7_who_is_here_has_no_end_and_the_present_counts() -> None:
    """F7."""
    session = AgentSession("wang", S.TALKING, None, at(10), "a1", None, None, extension="8009")
    now = open_stretch(session, at(12))
    assert (now.state, now.began_at, now.ended_at, now.extension) == (S.TALKING, at(10), at(12), "8009")
    day = attendance([stretch("ready", 0, 10), now], MIDNIGHT, TONIGHT)["wang"]
    assert (day.began_at, day.ended_at, day.on_duty) == (at(0), None, 12 * 60)


def test_f7_a_night_shift_is_cut_at_midnight() -> None:
    """F7: each day has its own part, and a pause that was missed before midnight is not missed again."""
    rows = [stretch("paused", -600, 30, "phone_unreachable")]
    day = attendance(rows, MIDNIGHT, TONIGHT)["wang"]
    assert (day.began_at, day.on_duty, day.missed) == (MIDNIGHT, 9.5 * 3600, 0)
    before = attendance(rows, MIDNIGHT - timedelta(days=1), MIDNIGHT)["wang"]
    assert (before.on_duty, before.missed) == (3600, 1)


def test_f7_who_was_away_is_not_on_the_list() -> None:
    """F7."""
    assert attendance([stretch("offline", 0, 60)], MIDNIGHT, TONIGHT) == {}
    assert attendance([], MIDNIGHT, TONIGHT) == {}


@given(st.lists(st.tuples(st.sampled_from(sorted(S)), st.floats(0, 500)), max_size=20))
def test_f7_no_second_is_counted_twice_or_lost(states: list[tuple[str, float]]) -> None:
    """F7: whatever the order of states, the time on duty is the time not offline."""
    begin, rows = 0.0, []
    for state, minutes in states:
        rows.append(stretch(state, begin, begin + minutes))
        begin += minutes
    found = attendance(rows, MIDNIGHT - timedelta(days=99), TONIGHT + timedelta(days=99)).get("wang")
    wanted = sum(minutes * 60 for state, minutes in states if state != S.OFFLINE)
    assert (found.on_duty if found else 0.0) == pytest.approx(wanted, abs=0.01)
