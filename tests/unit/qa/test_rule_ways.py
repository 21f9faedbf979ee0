"""Words in ways, refusals at the end of a clause, questions of two halves (Q2, Q3 rule 8, Q6)."""

import pytest

from qa.rules.assess import assess
from qa.rules.findings import Finding, Verdict
from qa.rules.schema import RuleSetError, parse_rule_set
from qa.scoring.labelled import LabelledCall, heard

PASS, FAIL, UNCLEAR = Verdict.PASS, Verdict.FAIL, Verdict.UNCLEAR
COVER = """    kind: must_ask
    ways: [[[什么, 哪些], [赔, 保]], [[保, 保障], [什么, 哪些]]]
"""
REFUSAL = """    kind: must_not_say
    say: [不行, 不知道]
    sure_at_end: [不行, 不知道]
"""
HALVES = """    kind: must_ask
    asked_together: true
    slots:
      - {name: cover, topic: [责任], all: [[保什么]]}
      - {name: exclusions, topic: [不赔], all: [[免责]]}
"""


def check(rule: str, *turns: str) -> Finding:
    """The turns are `A 您好` and `C 嗯`."""
    text = "id: t\nversion: 1\nrules:\n  - id: rule\n    title: {zh: 规则}\n" + rule
    said = [[{"A": "agent", "C": "customer"}[turn[0]], turn[2:]] for turn in turns]
    call = LabelledCall.model_validate(
        {"id": "one", "playbook": "t", "turns": said, "labels": {"rule": "pass"}}
    )
    return assess(heard(call), parse_rule_set(text, "test"), {}).findings[0]


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("什么情况下给赔，您清楚吗？", PASS),
        ("它保障些什么，您清楚吗？", PASS),
        ("哪些病能保，您清楚吗？", PASS),
        ("哪些情况不给赔，您清楚吗？", FAIL),  # a negation before the word makes it another one
        ("什么时候给您打电话，保费您清楚吗？", FAIL),  # 什么 and 保 in two clauses, with other words between
    ],
)
def test_a_way_is_its_words_in_order_and_in_one_clause(asked: str, verdict: Verdict) -> None:
    assert check(COVER, f"A {asked}", "C 清楚。").verdict is verdict


def test_a_way_may_run_over_a_pause_where_nothing_stands_between() -> None:
    rule = "    kind: must_ask\n    ways: [[[通话, 说话], [合适吗, 方便吗]]]\n"
    assert check(rule, "A 现在跟您通话，合适吗？", "C 合适。").verdict is PASS


def test_ways_hold_no_facts() -> None:
    with pytest.raises(RuleSetError, match="`ways` hold no facts"):
        check("    kind: must_say\n    ways: [[['{name}'], [您好]]]\n", "A 您好")


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("这个我不知道啊，您问师傅去。", FAIL),
        ("打折不行。", FAIL),
        ("不行我们给您重做一遍。", UNCLEAR),
        ("师傅跟您说不知道，这是不对的。", UNCLEAR),
        ("要是不行，您再来。", UNCLEAR),
        ("您看行不行？", PASS),
    ],
)
def test_a_refusal_is_sure_where_it_ends_its_clause_and_is_his_own(said: str, verdict: Verdict) -> None:
    assert check(REFUSAL, f"A {said}", "C 好。").verdict is verdict


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("保什么、免责有哪些，您清楚吗？", PASS),
        ("保什么，还有喝酒开车这些不赔的，您清楚吗？", UNCLEAR),
        ("保什么，您清楚吗？", FAIL),
    ],
)
def test_words_beside_one_half_of_a_question_may_be_the_other_half(asked: str, verdict: Verdict) -> None:
    assert check(HALVES, f"A {asked}", "C 清楚。").verdict is verdict
