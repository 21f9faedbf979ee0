"""The pure rules of the panel: waiting after wrong passwords, masks, paths, whom an event concerns."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.storage.feed import EventRow
from web.auth.queries import User
from web.auth.rules import BadUser, Failures, check_new_user, home_of, safe_path
from web.live.rules import concerns
from web.masking import masked
from web.render import duration

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LONGEST = timedelta(seconds=300)


def wait(count: int, seconds_ago: float = 0) -> float:
    failures = Failures(count, NOW - timedelta(seconds=seconds_ago))
    return failures.wait(5, LONGEST, NOW).total_seconds()


@pytest.mark.parametrize(
    ("count", "seconds"), [(1, 0), (4, 0), (5, 1), (6, 2), (8, 8), (13, 256), (14, 300), (5000, 300)]
)
def test_the_wait_doubles_up_to_its_limit(count: int, seconds: float) -> None:
    """X2."""
    assert wait(count) == seconds


def test_the_wait_passes_and_is_forgotten() -> None:
    assert wait(8, seconds_ago=3) == 5
    assert wait(8, seconds_ago=9) == 0
    assert Failures(8, NOW - timedelta(hours=1)).as_of(NOW) == Failures()


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800000001", "138****0001"),
        ("037165001234", "037*****1234"),
        ("65001234", "******34"),
        ("110", "*10"),
        ("", ""),
    ],
)
def test_numbers_are_masked(number: str, shown: str) -> None:
    """X1."""
    assert masked(number) == shown


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "", "x", "/a\nb", "\\/x"]
)
def test_after_the_login_nobody_is_led_elsewhere(wanted: str) -> None:
    """X2."""
    assert safe_path(wanted) == "/"


def test_own_paths_are_kept() -> None:
    assert safe_path("/qa?page=2") == "/qa?page=2"


def test_an_agent_who_is_a_user_is_accepted() -> None:
    check_new_user("wang", frozenset({"agent", "qa"}), "A1")


@pytest.mark.parametrize(("login", "roles"), [("", {"qa"}), ("x", set()), ("x", {"king"}), ("x", {"agent"})])
def test_what_cannot_be_a_user_is_refused(login: str, roles: set[str]) -> None:
    with pytest.raises(BadUser):
        check_new_user(login, frozenset(roles), None)


def test_each_role_has_its_page() -> None:
    assert home_of(frozenset({"agent", "supervisor"})) == "/agent"
    assert home_of(frozenset({"supervisor", "qa"})) == "/supervisor"
    assert home_of(frozenset({"qa"})) == "/qa"
    assert home_of(frozenset({"admin"})) == "/supervisor"


def test_durations_read_like_a_clock() -> None:
    assert [duration(s) for s in (0, 65, 3665, -3, None)] == ["0:00", "1:05", "1:01:05", "0:00", ""]


def user(*roles: str, agent_id: str | None = None) -> User:
    return User("U", "u", "U", frozenset(roles), agent_id, "zh", "t", "c", NOW)


@pytest.mark.parametrize(
    ("kind", "subject", "data", "told"),
    [
        ("agent_session.ready", "A1", {}, True),
        ("agent_session.ready", "A2", {}, False),
        ("attempt.talking", "X", {"agent": "A1"}, True),
        ("attempt.talking", "X", {"agent": "A2"}, False),
        ("follow_up.planned", "F", {"playbook": "p"}, False),
        ("engine.stopping", "engine", {}, True),
        ("halt.begun", "everything", {}, True),
        ("alarm.raised", "asterisk", {"kind": "link_down"}, True),
        ("alarm.raised", "X", {"kind": "recording_missing"}, False),
        ("user.logged_in", "U2", {}, False),
    ],
)
def test_an_agent_hears_only_of_himself_and_of_the_system(
    kind: str, subject: str, data: dict[str, str], told: bool
) -> None:
    """X1."""
    row = EventRow(1, NOW, kind, subject, data)
    assert concerns(row, user("agent", agent_id="A1")) is told
    assert concerns(row, user("supervisor"))
