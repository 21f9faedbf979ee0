"""Labelled calls as regression tests of the rules: files, figures, limits (Q5)."""

from pathlib import Path

import pytest

from dialer.telephony.outcomes import Leg
from qa.rules.readable import text_facts
from qa.scoring.labelled import LabelsError, heard, load_labelled
from qa.scoring.rules import Limits, Outcome, report, score, shown

CALLS = Path(__file__).parents[3] / "bench" / "calls" / "calls.yaml"


def outcome(rule: str, right: str, told: str, call: str = "one") -> Outcome:
    return Outcome(call, rule, frozenset(right.split("|")), told)


def write(folder: Path, text: str) -> Path:
    path = folder / "labels.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_precision_and_recall_are_of_the_faults() -> None:
    scores = score(
        [
            outcome("greet", "fail", "fail"),
            outcome("greet", "fail", "unclear"),
            outcome("greet", "pass", "fail"),
            outcome("greet", "pass", "pass"),
        ]
    )
    (greet,) = scores.rules
    assert (greet.count, greet.agreement) == (4, 0.5)
    assert (greet.precision, greet.recall) == (0.5, 0.5)
    assert (greet.confident_errors, greet.open_share) == (0.25, 0.25)


def test_what_is_left_to_a_person_is_no_confident_error() -> None:
    scores = score([outcome("question_item", "needed", "for_person"), outcome("a", "pass", "unclear")])
    assert (scores.total.confident_errors, scores.total.open_share) == (0, 1)
    assert not scores.errors()[0].is_confident_error


def test_a_sure_verdict_where_the_label_leaves_it_to_a_person_is_a_confident_error() -> None:
    assert outcome("a", "unclear", "pass").is_confident_error
    assert outcome("a", "unclear", "unclear").agrees


def test_several_verdicts_may_be_right() -> None:
    assert outcome("a", "fail|unclear", "unclear").agrees
    # A call whose label does not insist on the fault is none that recall could miss.
    assert score([outcome("a", "fail|unclear", "unclear")]).total.recall is None


def test_errors_come_with_the_confident_ones_first() -> None:
    scores = score(
        [outcome("a", "pass", "unclear"), outcome("b", "pass", "fail"), outcome("c", "pass", "pass")]
    )
    assert [one.rule for one in scores.errors()] == ["b", "a"]


def test_limits_hold_for_all_together_or_for_each_rule() -> None:
    scores = score([*[outcome("a", "pass", "pass")] * 99, outcome("b", "pass", "fail")])
    assert scores.beyond(Limits(0.95, 0.02)) == ()
    assert [one.rule for one in scores.beyond(Limits(0.95, 0.02, each=True))] == ["b"]
    assert [one.rule for one in scores.beyond(Limits(0.95, 0.001))] == ["total"]
    assert [one.rule for one in scores.beyond(Limits(0.995, 0.02))] == ["total"]


def test_nothing_labelled_keeps_no_limit() -> None:
    assert [one.rule for one in score([]).beyond(Limits())] == ["total"]
    assert shown(score([]).total.agreement) == "–"


def test_the_report_names_every_error() -> None:
    found = report(score([outcome("a", "pass", "fail", "call 7")]))
    assert found["errors"] == [
        {"call": "call 7", "rule": "a", "right": ["pass"], "told": "fail", "confident": True, "words": ""}
    ]


def test_each_wording_is_a_call_of_its_own(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """rule_set: phone-shop
facts: {shop: 明光手机店}
wordings:
  - rule: ask_use
    right: [pass, unclear]
    say: [手机好用吗, 用着顺手吗]
    before: [[customer, 喂]]
    after: [[customer, 好用]]
""",
    )
    one, other = load_labelled(path)
    assert [turn.text for turn in one.turns] == ["喂", "手机好用吗", "好用"]
    assert (other.playbook, other.facts, other.labels) == (
        "phone-shop",
        {"shop": "明光手机店"},
        {"ask_use": frozenset({"pass", "unclear"})},
    )


def test_a_bare_yes_or_no_of_yaml_is_a_verdict(tmp_path: Path) -> None:
    text = "rule_set: a\ncalls: [{id: x, turns: [[agent, 您好]], labels: {dissatisfied: no, complains: yes}}]"
    (call,) = load_labelled(write(tmp_path, text))
    assert call.labels == {"dissatisfied": {"no"}, "complains": {"yes"}}


def test_words_are_heard_one_after_the_other_with_their_punctuation(tmp_path: Path) -> None:
    text = (
        "rule_set: a\ncalls: [{id: x, turns: [[agent, 您好，请讲。], [customer, 嗯]], labels: {greet: pass}}]"
    )
    transcript = heard(load_labelled(write(tmp_path, text))[0])
    agent, customer = transcript.legs[Leg.AGENT], transcript.legs[Leg.CUSTOMER]
    assert [word.text for word in agent.words] == ["您", "好，", "请", "讲。"]
    assert agent.words[-1].end < customer.words[0].start < transcript.seconds


def test_the_labelled_calls_that_are_shipped_can_be_read() -> None:
    calls = load_labelled(CALLS)
    assert [call.id for call in calls if call.playbook == "after-sales-satisfaction"][:2] == [
        "dealer-00",
        "dealer-01",
    ]
    assert heard(calls[0]).legs[Leg.AGENT].segments[0].start == 0.6


def test_facts_of_any_kind_become_words() -> None:
    facts = {
        "fees": ["初始费用5%", {"name": "管理费", "figure": "10元"}],
        "called": True,
        "tail": 3721,
        "x": None,
    }
    assert text_facts(facts) == {
        "fees": "初始费用5%；管理费10元",
        "called": "yes",
        "tail": "3721",
        "x": "",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("calls: [", "no valid YAML"),
        ("calls: []", "give `calls` or `wordings`"),
        ("calls: [{id: x, turns: [[agent, 您好]], labels: {greet: pass}}]", "call x: name its `playbook`"),
        ("rule_set: a\ncalls: [{id: x, turns: [[agent, 1, 您好]], labels: {greet: pass}}]", "a turn is"),
        ("rule_set: a\nwordings: [{rule: greet, right: pass}]", "wordings → 0 → say"),
        ("rule_set: a\ncolour: red", "colour"),
    ],
)
def test_an_error_names_file_and_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LabelsError, match=f"(?s)labels.yaml.*{message}"):
        load_labelled(write(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="no-such"):
        load_labelled(tmp_path / "no-such.yaml")
