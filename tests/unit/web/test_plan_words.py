"""Reasons, gates and verdicts of the plan as a person reads them, in both languages (promise 2)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer.assigning.forecast import Rescue
from dialer.assigning.rules import Unplaced, Why
from dialer.planning.rules.gates import Gate
from dialer.planning.rules.reasons import Reason
from web.i18n import LANGUAGES, translator
from web.plan import words

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


def test_every_reason_has_a_word() -> None:
    """A new reason cannot be shown as its bare key."""
    assert set(words.LEFT) == set(Reason)
    assert set(words.WHY) == set(Why)
    assert set(words.UNPLACED) == set(Unplaced)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Calling hours 12:30 allowed 09:00-12:00, 14:00-20:00 wait until 14:00"),
        ("zh", "可拨打时段 12:30 允许：09:00-12:00, 14:00-20:00 等到 14:00"),
    ],
)
def test_promise_2_a_gate_is_one_line(language: str, line: str) -> None:
    text = translator(language)
    gate = Gate("window", "12:30", "09:00-12:00, 14:00-20:00", False, NOW + timedelta(hours=1, minutes=30))
    said = (
        words.gate_name(gate, text),
        words.gate_value(gate.value, text, ZONE, NOW),
        text(words.ALLOWED, limit=words.gate_value(gate.limit, text, ZONE, NOW)),
        words.gate_verdict(gate, text, ZONE, NOW),
    )
    assert " ".join(said) == line


def test_moments_are_those_of_the_site() -> None:
    text = translator("en")
    assert words.gate_value("2026-11-24T06:00+00:00", text, ZONE, NOW) == "14:00"
    assert words.gate_value("2026-11-25T01:00+00:00", text, ZONE, NOW) == "11-25 09:00"
    assert words.gate_value("2027-01-01T01:00+00:00", text, ZONE, NOW) == "2027-01-01 09:00"
    for other in ("2026-11-24", "12:30", "no-contact-at-all", ""):
        assert words.moment_of(other) is None


def test_a_public_holiday_is_said_with_the_hour() -> None:
    assert words.gate_value("10:00 on a public holiday", translator("zh"), ZONE, NOW) == "10:00 （公休日）"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["people", "hours", "first"])
def test_promise_4_what_saves_is_a_sentence(language: str, kind: str) -> None:
    said = words.rescue(Rescue(kind, 2, "care", 3), 37, "保养提醒", translator(language))
    assert "34" in said
    assert "3" in said
    assert "{" not in said


def test_a_gate_nobody_has_thought_of_is_shown_as_it_is() -> None:
    gate = Gate("moon", "full", "new", False)
    text = translator("zh")
    assert words.gate_name(gate, text) == "moon"
    assert words.obstacle("moon", text) == "moon"
    assert words.gate_verdict(gate, text, ZONE, NOW) == "不通过"
