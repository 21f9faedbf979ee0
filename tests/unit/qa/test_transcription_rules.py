"""What is transcribed first and in which hours, when it is ready, and swapped channels (Q1)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bench.speech import LabelledCall, load_calls
from dialer.telephony.outcomes import Leg
from qa.speech.port import LegTranscript, Segment
from qa.transcripts.rules import Forecast, Hours, Load, Priority, Urgency, forecast, least_priority
from qa.transcripts.swapped import looks_swapped

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = Hours(time(20, 30), time(7, 30))


def local(hour: int, minute: int = 0, day: int = 22) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def test_q1_hours_are_read_as_people_write_them() -> None:
    assert Hours.parse("20:30-7:30") == NIGHT
    assert Hours.parse("") is None
    with pytest.raises(ValueError, match="20:30-07:30"):
        Hours.parse("night")


@pytest.mark.parametrize(
    ("hour", "least"),
    [
        (local(20, 29), Priority.FLAGGED),
        (local(20, 30), Priority.BACKLOG),
        (local(0), Priority.BACKLOG),
        (local(7, 29), Priority.BACKLOG),
        (local(7, 30), Priority.FLAGGED),
        (local(12), Priority.FLAGGED),
    ],
)
def test_q1_the_backlog_waits_for_the_night(hour: datetime, least: Priority) -> None:
    assert least_priority(hour, NIGHT, ZONE) is least
    assert least_priority(hour, None, ZONE) is Priority.BACKLOG


def test_q1_a_person_goes_before_a_complaint_and_that_before_the_rest() -> None:
    assert Urgency.ASKED.priority > Urgency.COMPLAINT.priority == Urgency.ALARM.priority > Priority.BACKLOG


HOUR = 3600.0


@pytest.mark.parametrize(
    ("load", "hours", "now", "ready"),
    [
        # 40 hours of calls at 0.2 on two workers are four hours of work.
        (Load(40 * HOUR, 0), None, local(9), local(13)),
        (Load(40 * HOUR, 0), NIGHT, local(9), local(0, 30, day=23)),
        # What is urgent is done by day: one hour of the four.
        (Load(40 * HOUR, 10 * HOUR), NIGHT, local(9), local(23, 30)),
        # Fifteen hours of work: eleven in the first night, four in the next.
        (Load(150 * HOUR, 0), NIGHT, local(9), local(0, 30, day=24)),
        # In the middle of the night.
        (Load(40 * HOUR, 0), NIGHT, local(2), local(6)),
        (Load(0, 0), NIGHT, local(9), local(9)),
        (Load(10 * HOUR, 10 * HOUR), NIGHT, local(9), local(10)),
    ],
)
def test_q1_the_forecast_counts_only_the_hours_of_work(
    load: Load, hours: Hours | None, now: datetime, ready: datetime
) -> None:
    expected = Forecast(0.2, load.seconds * 0.2 / 2, ready)
    assert forecast(load, 0.2, 2, hours, ZONE, now) == expected


def test_q1_without_a_measurement_nobody_can_tell() -> None:
    assert forecast(Load(60, 0), None, 2, None, ZONE, local(9)) is None


def test_q1_spans_of_an_hour_that_is_never_over() -> None:
    """Equal ends are the whole day: the spans join."""
    always = Hours(time(8), time(8))
    assert always.hold(local(7, 59), ZONE) and always.hold(local(8), ZONE)
    spans = always.spans(local(9), ZONE)
    first, second = next(spans), next(spans)
    assert first == (local(9), local(8, day=23))
    assert second[0] == first[1]
    assert second[1] - second[0] == timedelta(days=1)


def legs(agent: str, customer: str) -> dict[Leg, LegTranscript]:
    return {
        leg: LegTranscript(leg, 60.0, -20.0, (Segment(leg, 0.0, 60.0, text, 0.9, ()),))
        for leg, text in ((Leg.AGENT, agent), (Leg.CUSTOMER, customer))
    }


@pytest.mark.parametrize("call", load_calls(), ids=lambda call: call.id)
def test_q4_exchanged_channels_are_suspected_and_right_ones_never(call: LabelledCall) -> None:
    """Every labelled call, as it is and with its channels exchanged."""
    agent, customer = call.said(Leg.AGENT), call.said(Leg.CUSTOMER)
    assert not looks_swapped(legs(agent, customer))
    assert looks_swapped(legs(customer, agent))


def test_q4_a_silent_or_a_missing_leg_is_no_exchange() -> None:
    assert not looks_swapped(legs("", ""))
    assert not looks_swapped(legs("", "您好，请问您是哪位？"))
    assert not looks_swapped({Leg.AGENT: legs("请问您的工号，回访", "")[Leg.AGENT]})
