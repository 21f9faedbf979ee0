"""S2-S4, Q5: scores with weights and fatal lines, agreement with intervals, what to train."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from dialer.followups.workdays import WorkCalendar
from qa.reviews.month import weeks_of
from qa.reviews.rules import (
    Deadlines,
    Fault,
    Opinion,
    OverrideReason,
    agreement,
    estimate,
    hides_machine,
    lessons,
    may_review,
    share,
    still_open,
)
from qa.reviews.scorecards import BadScore, ScorecardError, load_scorecard, score, shipped_scorecard
from qa.reviews.settings import ReviewSettings
from qa.rules.findings import Verdict
from qa.sampling.rules import Plan, Risk

P, F, U, NA = Verdict.PASS, Verdict.FAIL, Verdict.UNCLEAR, Verdict.NA
FULL = {"language": 100, "attitude": 100, "tone": 100, "grasp": 100, "handling": 100}


@pytest.mark.parametrize(
    ("given", "points", "fatal"),
    [
        ({}, "100.00", ()),
        ({"tone": 60}, "94.00", ()),
        ({"language": 80, "attitude": 60}, "86.00", ()),
        # What does not apply gives its weight to the others: (25*60 + 20*3*100) / 85.
        ({"tone": None, "attitude": 60}, "88.24", ()),
        ({"attitude": 0}, "0.00", ("attitude",)),
        ({"language": 0}, "80.00", ()),
    ],
)
def test_the_score(given: dict[str, int | None], points: str, fatal: tuple[str, ...]) -> None:
    found = score(shipped_scorecard(), {**FULL, **given})
    assert (found.points, found.fatal, found.missing) == (Decimal(points), fatal, ())


def test_a_line_that_is_open_makes_no_score() -> None:
    found = score(shipped_scorecard(), {"language": 100})
    assert found.points is None
    assert found.missing == ("attitude", "tone", "grasp", "handling")
    assert score(shipped_scorecard(), dict.fromkeys(FULL)).points is None


@pytest.mark.parametrize("given", [{"charm": 100}, {"tone": 77}])
def test_points_that_the_card_does_not_have(given: dict[str, int]) -> None:
    with pytest.raises(BadScore, match=r"charm|77"):
        score(shipped_scorecard(), given)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("weight: 15", "weight: 16", "add up to 101"),
        ("points: 80", "points: 100", "best first"),
        ("id: tone", "id: language", "used twice"),
    ],
)
def test_a_card_that_cannot_be(tmp_path: Path, old: str, new: str, told: str) -> None:
    shipped = Path(__file__).parents[3] / "playbooks" / "scorecards" / "service-quality.yaml"
    file = tmp_path / "card.yaml"
    file.write_text(shipped.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ScorecardError, match=told):
        load_scorecard(file)


def test_what_a_review_lacks() -> None:
    machine = {"greet": P, "thanks": F, "convenient": U}
    assert still_open({}, machine, blind=False) == {"convenient": "verdict"}
    assert still_open({}, machine, blind=True) == dict.fromkeys(machine, "verdict")
    said = {"greet": Opinion(F), "thanks": Opinion(P, OverrideReason.MISHEARD), "convenient": Opinion(P)}
    assert still_open(said, machine, blind=True) == {"greet": "reason"}


def test_a_call_that_was_not_checked_is_judged_by_a_person_alone() -> None:
    """S1: it counts in the estimates, so none of its rules may be left out."""
    asked = ("greet", "thanks")
    assert still_open({"greet": Opinion(P)}, {}, blind=True, asked=asked) == {"thanks": "verdict"}
    assert still_open({one: Opinion(P) for one in asked}, {}, blind=True, asked=asked) == {}


def test_second_thoughts_settle_a_difference() -> None:
    """S4: he may come round to the machine's verdict, or say why he does not; the first one stays."""
    said = Opinion(F, reconsidered=P)
    assert (said.verdict, said.last) == (F, P)
    assert still_open({"greet": said}, {"greet": P}, blind=True) == {}
    assert still_open({"greet": said}, {"greet": F}, blind=True) == {"greet": "reason"}


def test_an_estimate_is_of_the_calls_in_which_it_could_be_told() -> None:
    """S1: what did not apply is not a call in which the rule was kept."""
    found = estimate([F] * 2 + [P] * 6 + [NA] * 90 + [U] * 2)
    assert (found.broken.part, found.broken.whole) == (2, 8)
    assert (found.not_applicable, found.unclear) == (90, 2)
    assert estimate([NA]).broken.whole == 0


def deadlines(**house: tuple[date, ...]) -> Deadlines:
    calendar = WorkCalendar(
        extra_holidays=frozenset(house.get("off", ())), extra_workdays=frozenset(house.get("on", ()))
    )
    return Deadlines(calendar, ZoneInfo("Asia/Shanghai"), appeal=5, decide=2)


@pytest.mark.parametrize(
    ("since", "appeal", "decide"),
    [
        # A Thursday; the weekend does not count.
        ("2026-11-19T09:00+08:00", "2026-11-26", "2026-11-23"),
        # Late in the evening of UTC it is the next day in Shanghai.
        ("2026-11-18T23:00+00:00", "2026-11-26", "2026-11-23"),
        # Before the National Day week: 10-01 to 10-07 are off, 10-10 is worked.
        ("2026-09-30T09:00+08:00", "2026-10-13", "2026-10-09"),
    ],
)
def test_appeals_are_counted_in_working_days(since: str, appeal: str, decide: str) -> None:
    """S4: to the end of that day, by the calendar of the site."""
    at = datetime.fromisoformat(since)
    assert f"{deadlines().to_appeal(at):%Y-%m-%d %H:%M}" == f"{appeal} 23:59"
    assert f"{deadlines().to_decide(at):%Y-%m-%d %H:%M}" == f"{decide} 23:59"


def test_days_off_of_the_house_put_an_appeal_off() -> None:
    at = datetime.fromisoformat("2026-11-19T09:00+08:00")
    assert deadlines(off=(date(2026, 11, 20),)).to_decide(at).date() == date(2026, 11, 24)


def test_the_weeks_of_a_month() -> None:
    """S3: the month's sheet holds whole months, its weeks are cut to them."""
    found = weeks_of(date(2026, 11, 1), date(2026, 11, 30))
    assert [(one.day, other.day) for one, other in found] == [
        (1, 1),
        (2, 8),
        (9, 15),
        (16, 22),
        (23, 29),
        (30, 30),
    ]


def test_settings_of_reviews_are_a_plan() -> None:
    settings = ReviewSettings(quota=5, risk_weights={Risk.SHORT: 0})
    plan = settings.plan()
    assert (plan.quota, plan.weights[Risk.SHORT], plan.weights[Risk.ALARM]) == (5, 0, 50)
    assert ReviewSettings().plan() == Plan()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"random_share": 2}, "2 is no share: write one from 0 to 1"),
        ({"share": "-0.1"}, "no share"),
        ({"random_share": "0.6", "share": "0.6"}, "more than all calls of a day"),
        ({"quota": -1}, "write a number from 0 to 1000"),
        ({"risk_weights": {"noise": 3}}, "noise is no risk: the risks are alarm"),
        ({"appeal_workdays": 0}, "a number from 1 to 60"),
        ({"draw_at": "08:00", "draw_latest": "07:00"}, "make it later"),
    ],
)
def test_settings_that_cannot_be_say_what_to_write(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ReviewSettings.model_validate(wrong)


def test_kappa_is_cohens() -> None:
    """The textbook's table: 20 both yes, 15 both no, 5 and 10 apart: observed 0.7, by chance 0.5: 0.4."""
    pairs = [(P, P)] * 20 + [(P, F)] * 5 + [(F, P)] * 10 + [(F, F)] * 15
    found = agreement("x", pairs)
    assert (found.count, found.same) == (50, 35)
    assert found.kappa == pytest.approx(0.4)
    assert found.low == pytest.approx(0.4 - 1.96 * (0.7 * 0.3 / 50) ** 0.5 / 0.5, abs=1e-4)
    assert (found.wrong.part, found.wrong.whole) == (15, 50)


def test_kappa_says_nothing_where_all_say_the_same() -> None:
    found = agreement("x", [(P, P)] * 9)
    assert (found.kappa, found.same) == (None, 9)
    assert agreement("x", []).count == 0
    assert agreement("x", [(U, P), (NA, NA)]).wrong.whole == 0


def test_wilsons_interval() -> None:
    """5 of 100: 2.2 to 11.2 % (Wilson 1927)."""
    found = share(5, 100)
    assert found.low == pytest.approx(0.0215, abs=1e-3)
    assert found.high == pytest.approx(0.1118, abs=1e-3)
    assert share(0, 50).low == 0.0
    assert share(50, 50).high == pytest.approx(1.0)
    assert (share(0, 0).low, share(0, 0).high) == (0.0, 1.0)


def test_what_many_get_wrong_is_for_all() -> None:
    faults = [Fault(f"A{n}", "thanks", f"C{n}") for n in range(4)]
    faults += [Fault("A1", "greet", f"D{n}") for n in range(2)] + [Fault("A2", "right_plate", "E")]
    found = [(one.agent_id, one.rule_id, one.count, one.agents) for one in lessons(faults)]
    assert found == [("", "thanks", 4, 4), ("A1", "greet", 2, 1)]


def test_who_may_review() -> None:
    assert may_review("A1", None, [], "chen")
    assert not may_review("A1", "A1", [], "chen")
    assert not may_review("A1", "A2", ["chen"], "chen")


@pytest.mark.parametrize(
    ("blind", "over", "reviewer", "hidden"),
    [
        (True, False, "chen", True),
        (False, False, "chen", False),
        (True, True, "chen", False),
        (True, False, "li", False),
        (True, False, None, False),
    ],
)
def test_s4_the_machine_is_hidden_from_who_has_yet_to_judge_blind(
    blind: bool, over: bool, reviewer: str | None, hidden: bool
) -> None:
    assert hides_machine(blind=blind, over=over, reviewer=reviewer, user="chen") is hidden
