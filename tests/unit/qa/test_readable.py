"""Facts that nobody could say or compare are missing, and end no check with an error (Q3)."""

import pytest

from qa.checks.library import shipped_rules
from qa.rules.assess import assess
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.readable import readable
from tests.support.labelled import talk

POLICY = {
    "insurer": "明光人寿保险公司",
    "product": "福满年年终身寿险万能型",
    "product_kind": "universal",
    "period": "终身",
    "payment": "instalment",
    "pay": "每年缴费，缴10年",
    "id_tail": "3721",
    "fees": "初始费用5%",
    "shop": "宏达汽车服务站",
    "name": "李",
    "sir": "女士",
    "plate": "京A12345",
}
TALK = (
    ("agent", "您好，我是明光人寿的，请问您是李女士本人吗？您的车牌号是京A12345对吗？请问您身份证后四位？"),
    ("customer", "三七二一"),
    ("agent", "您买的福满年年终身寿险，保险期间是终身，每年缴费，缴十年，初始费用百分之五，您清楚吗？"),
    ("customer", "清楚"),
)


def judged(rule_set: str, facts: dict[str, str]) -> dict[str, Finding]:
    return {one.rule_id: one for one in assess(talk(*TALK), shipped_rules().get(rule_set), facts).findings}


@pytest.mark.parametrize(
    ("rule", "fact", "value"),
    [
        ("fees_named", "fees", "见合同约定"),
        ("fees_named", "fees", "—"),
        ("identity_check", "id_tail", "NULL"),
        ("identity_check", "id_tail", "****"),
        ("identify_self", "insurer", "—"),
        ("product_named", "product", "-"),
        ("period_named", "period", "见合同"),
        ("payment", "pay", "见合同"),
        ("greet", "shop", "—"),
        ("greet", "shop", "无"),
    ],
)
def test_q3_a_fact_that_cannot_be_said_is_missing(rule: str, fact: str, value: str) -> None:
    assert judged("insurance-new-policy", POLICY)[rule].reason is not Reason.FACT_MISSING
    found = judged("insurance-new-policy", {**POLICY, fact: value})[rule]
    assert (found.verdict, found.reason, found.alarm) == (Verdict.UNCLEAR, Reason.FACT_MISSING, False)


@pytest.mark.parametrize("plate", ["未上牌", "-", "京", "临时"])
def test_q3_a_plate_that_is_none_is_missing(plate: str) -> None:
    rules = "after-sales-satisfaction"
    assert judged(rules, POLICY)["right_plate"].verdict is Verdict.PASS
    found = judged(rules, {**POLICY, "plate": plate})["right_plate"]
    assert (found.verdict, found.reason) == (Verdict.UNCLEAR, Reason.FACT_MISSING)


def test_q3_a_name_that_is_none_leaves_what_else_asks_for_the_person() -> None:
    """请问您是本人吗 needs no name: only a wording with one is left out."""
    found = judged("insurance-new-policy", {**POLICY, "name": "?", "sir": ""})["policyholder_self"]
    assert found.verdict is Verdict.PASS


def test_what_can_be_said_stays() -> None:
    assert readable(POLICY, shipped_rules().get("insurance-new-policy")) == POLICY
