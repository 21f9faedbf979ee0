"""Names said short, other names, periods and payments in other spoken forms (Q3 rules 5, 9, 10)."""

from collections.abc import Mapping

import pytest

from qa.rules.assess import assess
from qa.rules.findings import Finding, Verdict
from qa.rules.names import own_part, product_core
from tests.support.labelled import only_rule, talk

FACTS = {
    "insurer": "江海人寿保险公司",
    "shop": "宏达汽车服务站",
    "product": "江海岁岁安康年金保险分红型",
    "period": "至75岁",
    "payment": "instalment",
    "pay": "每半年缴费，缴十年",
}


def said(
    kind: str, value: str, *turns: str, answer: str = "知道", facts: Mapping[str, str] = FACTS
) -> Finding:
    lines = [one for text in turns for one in (("agent", text), ("customer", answer))]
    rules = only_rule(f"kind: {kind}, value: {value}")
    return assess(talk(*lines), rules, facts).findings[0]


def test_what_of_a_name_is_its_own() -> None:
    assert own_part("明光人寿保险股份有限公司") == "明光"
    assert own_part("嘉信汽车销售服务有限公司") == "嘉信"
    assert own_part("中国人寿保险公司") == "中国人寿保险公司"
    assert product_core("江海岁岁安康年金保险分红型", "江海人寿保险公司") == "岁岁安康"


@pytest.mark.parametrize(
    ("value", "text", "verdict"),
    [
        ("insurer", "您好，我是江海人寿的客服", Verdict.PASS),
        ("insurer", "您好，这里是江海，给您做个回访", Verdict.PASS),
        ("insurer", "您好，我是保险公司的客服", Verdict.FAIL),
        ("insurer", "您好，您买的是江海五谷丰年金保险", Verdict.FAIL),
        ("shop", "您好，宏达的客服，做个回访", Verdict.PASS),
        ("shop", "您好，修车店的，做个回访", Verdict.FAIL),
        ("product", "您买的是岁岁安康年金保险", Verdict.PASS),
        ("product", "您那个江海五谷丰年金保险，十万块钱的", Verdict.FAIL),
        ("product", "您买的是岁岁安康两全保险分红型", Verdict.FAIL),
        ("product", "您买的是岁岁安康，这份年金您还记得吧", Verdict.PASS),
    ],
)
def test_a_name_said_short_and_another_one(value: str, text: str, verdict: Verdict) -> None:
    """Q3 rule 5: 保险公司的 names nobody, another product is a fault."""
    assert said("must_say", value, text).verdict is verdict


@pytest.mark.parametrize(
    ("value", "text", "verdict"),
    [
        ("period", "保到七十五周岁，您知道吗？", Verdict.PASS),
        ("period", "这份是保到八十岁的，您知道吗？", Verdict.FAIL),
        ("period", "保到七十五岁，对吧？", Verdict.UNCLEAR),
        ("period", "保险期间到八十岁，哎，说错了，是到七十五岁，您知道吗？", Verdict.PASS),
        ("period", "保险期间到八十岁，交费交十年，您知道吗？", Verdict.FAIL),
        ("pay", "半年一交，一共交十年，您知道吗？", Verdict.PASS),
        ("pay", "一年一交，交十年，您知道吗？", Verdict.FAIL),
        ("pay", "到时候您卡里有钱就成。", Verdict.FAIL),
    ],
)
def test_a_period_and_a_payment_as_people_say_them(value: str, text: str, verdict: Verdict) -> None:
    assert said("must_ask", value, text).verdict is verdict


FEES = "初始费用第一年3%；保单管理费每月5元"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("初始费用第一年收百分之三，保单管理费每月五元，您清楚吗？", Verdict.PASS),
        ("有百分之三的初始费用，还有每月五块钱的保单管理费，您清楚吗？", Verdict.PASS),
        ("初始费用百分之三，管理费每个月五元钱，您清楚吗？", Verdict.UNCLEAR),
        ("初始费用百分之三，保单管理费每月六元，您清楚吗？", Verdict.FAIL),
    ],
)
def test_fees_by_name_and_figure(text: str, verdict: Verdict) -> None:
    """Q3 rule 13: the year is no figure, a name cut short is for a person."""
    assert said("must_ask", "fees", text, facts={**FACTS, "fees": FEES}).verdict is verdict
