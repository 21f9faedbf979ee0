"""Names and verdicts (A1, A2)."""

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.rules import Limits, Side, archive_name, judge, masked, safe_name
from recordings.settings import RecordingSettings

LIMITS = Limits(tolerance_seconds=0.5, least_speech_share=0.01, judge_silence_after_seconds=3.0)
ZONE = ZoneInfo("Asia/Shanghai")
ATTEMPT = "01JD0000000000000000000001"


def name(branch: str = "郑州东店", plate: str | None = "豫A12345", attempt_id: str = ATTEMPT) -> str:
    return archive_name(
        branch=branch,
        plate=plate,
        customer_id="01CUSTOMER",
        agent="8012",
        attempt_id=attempt_id,
        at=datetime(2026, 11, 22, 17, 5, 9, tzinfo=UTC),
        zone=ZONE,
    )


def test_a2_archived_by_plate_and_the_sites_own_date() -> None:
    assert name() == f"郑州东店/豫A12345/2026-11-23/010509_8012_{ATTEMPT}"


@pytest.mark.parametrize("plate", [None, "", "  "])
def test_a2_archived_by_customer_where_there_is_no_plate(plate: str | None) -> None:
    assert PurePosixPath(name(plate=plate)).parts[1] == "01CUSTOMER"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "_"),
        ("/", "_"),
        ("", "_"),
        ("a\x00b\nc\u202ed", "abcd"),
        ("东店 二部", "东店_二部"),
        (".work", "work"),
        ("C:\\x", "C_x"),
        ("Ａ１２", "A12"),
    ],
)
def test_names_are_made_safe(text: str, safe: str) -> None:
    assert safe_name(text) == safe


@given(branch=st.text(max_size=60), plate=st.none() | st.text(max_size=16))
def test_no_name_leaves_its_folder(branch: str, plate: str | None) -> None:
    parts = name(branch, plate).split("/")
    assert len(parts) == 4
    assert all(part not in ("", ".", "..") and not part.startswith(".") for part in parts)
    assert all(len(part.encode()) <= 255 and part.isprintable() for part in parts)


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_attempts_never_share_a_name(branch: str, other: str) -> None:
    assert name(branch) != name(other, attempt_id=ATTEMPT[:-1] + "2")


@pytest.mark.parametrize(
    ("agent", "customer", "call", "problems", "gap"),
    [
        (Side(60.0, 0.4), Side(59.8, 0.3), 60.2, [], 0.2),
        (Side(60.0, 0.4), Side(60.0, 0.3), None, [], 0.0),
        (Side(50.0, 0.4), Side(56.0, 0.3), 60.0, ["short"], 4.0),
        (Side(61.0, 0.4), Side(61.0, 0.3), 60.0, ["long"], 0.0),
        (Side(60.0, 0.0), Side(60.0, 0.3), 60.0, ["silent_agent"], 0.0),
        (Side(60.0, 0.4), Side(60.0, 0.009), 60.0, ["silent_customer"], 0.0),
        (Side(60.0, 0.4), Side(None, 0.0), 60.0, ["missing_customer"], 0.0),
        (Side(None, 0.0), Side(59.0, 0.3), 60.0, ["short", "missing_agent"], 1.0),
        (Side(2.0, 0.4), Side(2.0, 0.0), 2.0, [], 0.0),
    ],
)
def test_a1_complete_or_the_gap_is_known(
    agent: Side, customer: Side, call: float | None, problems: list[str], gap: float
) -> None:
    verdict = judge(agent, customer, call, LIMITS)
    assert list(verdict.problems) == problems
    assert verdict.gap_seconds == pytest.approx(gap)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("13800001234", "138****1234"), ("02112345678", "021****5678"), ("8012345", "80****45"), ("110", "***")],
)
def test_numbers_are_masked_in_sidecars(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_an_unknown_time_zone_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="give an IANA name such as Asia/Shanghai"):
        RecordingSettings(root="/tmp/x", time_zone="Asia/Nowhere")  # type: ignore[arg-type]


def test_waits_double_up_to_a_limit() -> None:
    settings = RecordingSettings(root="x", retry_seconds=10, retry_limit_seconds=60)  # type: ignore[arg-type]
    assert [settings.retry_after(tries) for tries in (1, 2, 3, 4, 99)] == [10, 20, 40, 60, 60]
    assert timedelta(seconds=settings.retry_after(1)) == timedelta(seconds=10)
