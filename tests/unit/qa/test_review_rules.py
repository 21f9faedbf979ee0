"""S2-S4, Q5: scores with weights and fatal lines, agreement with intervals, what to train."""

from decimal import Decimal
from pathlib import Path

import pytest

from qa.reviews.rules import Fault, Opinion, OverrideReason, agreement, lessons, may_review, share, still_open
from qa.reviews.scorecards import BadScore, ScorecardError, load_scorecard, score, shipped_scorecard
from qa.rules.findings import Verdict

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
