"""How long agents may stay in a state, as chaos holds it against the site's time-outs (D5)."""

from collections.abc import Mapping

import pytest

from dialer.agents.settings import AgentSettings
from dialer.agents.states import AgentState
from dialer.app.chaos.stays import Seen, Stays, longest
from dialer.calling.settings import CallingSettings
from dialer.calling.watchdog import Times
from tests.support.core import NOW, at

S = AgentState
MOST: Mapping[AgentState, float] = {S.PREVIEW: 30.0, S.TALKING: 60.0}


def seen(state: AgentState) -> Seen:
    return Seen("a1", state, NOW, "01")


def test_a_stay_that_is_too_long_is_told_once_with_its_length() -> None:
    stays = Stays(MOST)
    for second in (0, 20, 31, 40):
        stays.see([seen(S.PREVIEW)], second, life=1)
    assert stays.too_long == ["a1 preview 01: 40 s, at most 30"]
    assert stays.longest == {"preview": 40.0}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((seen(S.PREVIEW)._replace(since=at(1)), 1), id="another stay in the same state"),
        pytest.param((seen(S.TALKING), 1), id="another state"),
        pytest.param((seen(S.PREVIEW), 2), id="another life of the service"),
    ],
)
def test_what_comes_between_begins_anew(other: tuple[Seen, int]) -> None:
    stays = Stays(MOST)
    stays.see([seen(S.PREVIEW)], 0, life=1)
    stays.see([other[0]], 20, life=other[1])
    stays.see([other[0]], 45, life=other[1])
    assert stays.too_long == []


def test_who_is_free_may_be_so_for_ever() -> None:
    stays = Stays(MOST)
    for second in (0, 10_000):
        stays.see([seen(S.READY), seen(S.PAUSED)._replace(agent_id="a2")], second, life=1)
    assert stays.too_long == []


def test_every_state_that_holds_an_agent_has_an_end() -> None:
    times = Times.of(CallingSettings(), AgentSettings())
    most = longest(times, talk=10, preview=120, wrap_up=60)
    assert set(most) == set(S) - {S.OFFLINE, S.READY, S.PAUSED}
    assert most[S.RESERVED] > times.agent.total_seconds()
    assert most[S.TALKING] > 10 + times.dial.total_seconds()
