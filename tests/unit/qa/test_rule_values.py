"""The customer's name and an amount of money: wrong ones are told, others are nobody's fault (Q3)."""

import pytest

from qa.rules.assess import assess
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.schema import RuleSetError
from tests.support.labelled import only_rule, talk

NAME = "if_said: true, alarm: true, first_seconds: 60, slots: [{name: name, value: name}]"
AMOUNT = "if_said: true, slots: [{name: amount, value: amount, all: [[费用, 一共, 总共, 保费]], within: 20}]"


def said(rule: str, text: str, facts: dict[str, str], *more: str) -> Finding:
    lines = [one for each in (text, *more) for one in (("agent", each), ("customer", "嗯"))]
    return assess(talk(*lines), only_rule(f"kind: must_say, {rule}"), facts).findings[0]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("您好，请问您是李女士吗", Verdict.PASS),
        ("李女士您好，这里是明光", Verdict.PASS),
        ("您好，请问您是李秀梅女士本人吗", Verdict.PASS),
        # 黎 sounds the same, and an engine writes either.
        ("您好，请问您是黎女士吗", Verdict.PASS),
        ("您好，请问您是王先生吗", Verdict.FAIL),
        ("张女士您好，这里是明光", Verdict.FAIL),
        # Half the sound: a person decides.
        ("您好，请问您是齐女士吗", Verdict.UNCLEAR),
        # Nobody is addressed, or somebody else is spoken of.
        ("您好，请问您是投保人本人吗", Verdict.NA),
        ("您好，您的业务员是王先生，他跟您讲过吧", Verdict.NA),
        ("您好，那位先生是您家人吧", Verdict.NA),
        ("您好，跟您联系的是王女士吗", Verdict.NA),
    ],
)
def test_q3_another_name_is_told_at_once(text: str, verdict: Verdict) -> None:
    found = said(NAME, text, {"name": "李", "sir": "女士"})
    assert (found.verdict, found.alarm) == (verdict, verdict is Verdict.FAIL)


def test_q3_who_mends_the_name_has_said_it() -> None:
    found = said(NAME, "您好，请问您是王先生吗", {"name": "李"}, "不好意思，您是李女士吧")
    assert (found.verdict, found.reason) == (Verdict.PASS, Reason.CORRECTED)


def test_q3_a_surname_of_two_is_one_name() -> None:
    assert said(NAME, "诸葛女士您好，这里是明光", {"name": "诸葛"}).verdict is Verdict.PASS


def test_q3_a_company_has_no_surname() -> None:
    found = said(NAME, "您好，请问您是王先生吗", {"name": "宏达物流公司"})
    assert found.verdict is Verdict.NA


@pytest.mark.parametrize(
    ("amount", "text", "verdict"),
    [
        ("1280", "这次一共是一千二百八十块钱", Verdict.PASS),
        ("1280", "这次一共一千二百八", Verdict.PASS),
        ("1200", "费用是一千二，您看对吗", Verdict.PASS),
        ("12000", "每年保费一万二千元", Verdict.PASS),
        ("1280.5", "一共一千二百八十块五", Verdict.PASS),
        ("1280", "这次一共是一千三百八十块钱", Verdict.FAIL),
        ("1280", "这次的费用您清楚吗", Verdict.NA),
        ("1280", "一共做了三个项目", Verdict.NA),
    ],
)
def test_money_is_said_as_it_is_on_record(amount: str, text: str, verdict: Verdict) -> None:
    found = said(AMOUNT, text, {"amount": amount})
    assert (found.verdict, found.alarm) == (verdict, verdict is Verdict.FAIL)


def test_an_amount_that_is_none_is_compared_with_nothing() -> None:
    assert said(AMOUNT, "一共一千二", {"amount": "面议"}).verdict is Verdict.NA


def test_if_said_needs_a_value() -> None:
    with pytest.raises(RuleSetError, match="`if_said` belongs to must_say"):
        said("if_said: true, say: [您好]", "您好", {})
