"""Which version judges a call, who may publish, what counts as a flip (Q2, T7)."""

from datetime import UTC, datetime, timedelta

import pytest

from qa.changing.reading import BadRules, data_of, fingerprint, read_rules
from qa.changing.rules import Refusal, Span, add_up, by_rule, compare, in_force, refusal
from qa.checks.library import shipped_rules
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.schema import RuleSet

DAY = datetime(2026, 11, 24, tzinfo=UTC)
SPANS = (Span(1, DAY), Span(2, DAY + timedelta(days=1)), Span(3, DAY + timedelta(days=2), script_from=5))


@pytest.mark.parametrize(
    ("days", "script", "version"),
    [(-1, 1, 1), (0, 1, 1), (1, 1, 2), (2, 4, 2), (2, 5, 3), (2, None, 2), (9, 9, 3)],
)
def test_a_call_is_judged_by_what_was_in_force_for_its_script(days: int, script: int, version: int) -> None:
    """T7: by when it was placed and by which script; a call from before all of them by the first."""
    assert in_force(SPANS, DAY + timedelta(days=days), script) == version


def test_without_versions_nothing_is_in_force() -> None:
    assert in_force((), DAY) is None


def test_a_sole_lead_may_publish_what_he_wrote() -> None:
    def refused(by: str, leads: int, *, four_eyes: bool = True, reason: str = "") -> Refusal | None:
        return refusal(
            authors=["li", "wang"],
            by=by,
            has_right=True,
            other_leads=leads,
            four_eyes=four_eyes,
            replayed=not reason,
            reason=reason,
        )

    assert refused("wang", 1) is Refusal.OWN_DRAFT
    assert refused("wang", 0) is None
    assert refused("wang", 1, four_eyes=False) is None
    assert refused("zhao", 1) is None
    assert refused("zhao", 1, reason="  ") is Refusal.NOT_REPLAYED


def test_flips_are_counted_by_rule_and_change() -> None:
    """A rule that only one of the sets has counts as a flip; the same verdict for another reason does not."""
    before = [Finding("a", Verdict.PASS, Reason.SAID), Finding("gone", Verdict.FAIL, Reason.NOT_SAID)]
    after = [
        Finding("a", Verdict.PASS, Reason.MAYBE_SAID),
        Finding("new", Verdict.UNCLEAR, Reason.MAYBE_SAID),
    ]
    one = compare(before, after)
    assert dict(one.changes) == {"a": "pass>pass", "new": ">unclear", "gone": "fail>"}
    assert [flip.rule_id for flip in one.flips] == ["new", "gone"]
    counts = add_up(add_up({}, [one.changes]), [one.changes])
    assert [(each.rule_id, each.flipped) for each in by_rule(counts)] == [("new", 2), ("gone", 2), ("a", 0)]


@pytest.mark.parametrize("rule_set", sorted(shipped_rules().ids()))
def test_what_is_kept_of_a_rule_set_is_the_whole_of_it(rule_set: str) -> None:
    """A version means the same for ever, whatever becomes of the files it includes."""
    rules = shipped_rules().get(rule_set)
    kept = data_of(rules)
    assert RuleSet.model_validate(kept) == rules
    assert fingerprint(kept) == fingerprint({**kept, "version": 99})


def test_what_is_wrong_in_a_text_has_its_line() -> None:
    text = (
        "id: mine\nversion: 1\nrules:\n  - id: one\n    title: {zh: 一}\n    kind: must_sing\n    say: [好]\n"
    )
    with pytest.raises(BadRules) as wrong:
        read_rules(text, "mine")
    assert wrong.value.problems[0].line == 6
    with pytest.raises(BadRules) as broken:
        read_rules("id: [", "mine")
    assert broken.value.problems[0].line == 2
