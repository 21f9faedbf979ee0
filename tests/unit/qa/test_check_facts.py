"""What sources write, in the words of the rules (Q3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qa.checks import policy
from qa.checks.facts import OnRecord, OtherMeans, facts_of_call, in_rules_words, surname
from qa.rules.readable import text_facts
from qa.scoring.labelled import load_labelled

BENCH = Path(__file__).parents[3] / "bench"
AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
CALL = OnRecord(
    kind="settlement-order",
    name="陈建国",
    salutation="先生",
    document_tail="",
    plate=None,
    branch="东店",
    agent="8001",
    products=(),
    amount_fen=None,
    told={},
    first_call=AT,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("陈建国", "陈"),
        ("欧阳娜", "欧阳"),
        ("陈", "陈"),
        ("Smith", "Smith"),
        ("", ""),
        ("宏达物流公司", "宏达物流公司"),
    ],
)
def test_a_customer_is_addressed_by_surname(name: str, expected: str) -> None:
    assert surname(name) == expected


def test_a_fact_nobody_knows_is_left_out() -> None:
    """The rule that needs it then says so, instead of looking for the wrong words."""
    known = facts_of_call(CALL, "")
    assert (known["shop"], known["name"], known["full_name"], known["sir"]) == (
        "东店",
        "陈",
        "陈建国",
        "先生",
    )
    assert known["agent"] == "8001"
    assert not {"plate", "insurer", "product", "payment", "pay", "period", "fees", "amount"} & set(known)


@pytest.mark.parametrize(
    ("told", "product", "expected"),
    [
        ("分红型", "", "participating"),
        ("分红险", "", "participating"),
        ("分红保险", "", "participating"),
        ("人身保险-分红型", "", "participating"),
        ("万能型", "", "universal"),
        ("投连", "", "linked"),
        ("投资连结型", "", "linked"),
        ("普通型", "", "traditional"),
        ("传统险", "", "traditional"),
        ("非分红型", "", "traditional"),
        ("participating", "", "participating"),
        ("Universal", "", "universal"),
        ("", "福满年年终身寿险（分红型）", "participating"),
        ("寿险", "福满年年终身寿险（万能型）", "universal"),
        # The name of an ordinary product says nothing.
        ("", "福满年年终身寿险", ""),
        ("寿险", "福满年年", ""),
        ("分红型、万能型", "", ""),
    ],
)
def test_the_kind_of_a_product(told: str, product: str, expected: str) -> None:
    assert policy.product_kind(told, product) == expected


@pytest.mark.parametrize(
    ("way", "term", "payment", "pay"),
    [
        ("年交", "10年", "instalment", "每年缴费，缴10年"),
        ("年缴", "20", "instalment", "每年缴费，缴20年"),
        ("年", "十年", "instalment", "每年缴费，缴10年"),
        ("按年", "至60周岁", "instalment", "每年缴费"),
        ("月交", "120个月", "instalment", "每月缴费，缴10年"),
        ("半年交", "5年交", "instalment", "每半年缴费，缴5年"),
        ("季缴", "", "instalment", "每季缴费"),
        ("12个月交", "10年", "instalment", "每年缴费，缴10年"),
        ("6个月", "10年", "instalment", "每半年缴费，缴10年"),
        ("10年交", "", "instalment", "缴10年"),
        ("期交", "10年期", "instalment", "缴10年"),
        ("期交", "", "instalment", ""),
        ("银行转账", "3年", "instalment", "缴3年"),
        ("", "终身交", "instalment", ""),
        ("趸交", "", "single", ""),
        ("一次交清", "一次性交清", "single", ""),
        ("", "趸缴", "single", ""),
        ("instalment", "", "instalment", ""),
        ("single", "", "single", ""),
        # Not told, not both, and what is paid when one likes.
        ("", "", "", ""),
        ("银行转账", "", "", ""),
        ("年交", "趸交", "", "每年缴费"),
        ("不定期交", "", "", ""),
        ("年交", "1年", "instalment", "每年缴费"),
    ],
)
def test_how_one_pays(way: str, term: str, payment: str, pay: str) -> None:
    assert (policy.payment(way, term), policy.pay(way, term)) == (payment, pay)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("终身", "终身"),
        ("保至终身", "终身"),
        ("终身(至105周岁)", "终身"),
        ("至70岁", "至70周岁"),
        ("保至七十五周岁", "至75周岁"),
        ("70岁", "至70周岁"),
        ("20年", "20年"),
        ("20年期", "20年"),
        ("二十年", "20年"),
        ("２０年", "20年"),
        ("30", "30年"),
        ("240个月", "20年"),
        ("2026-11-22 00:00 至 2056-11-21 24:00", "30年"),
        ("2026年11月22日零时起至2046年11月21日二十四时止", "20年"),
        ("2026/11/22-9999/12/31", "终身"),
        # To such an age is a whole life, or not.
        ("至105周岁", ""),
        ("2026-11-22至2027-03-01", ""),
        ("见合同", ""),
        ("", ""),
    ],
)
def test_how_long_a_policy_runs(told: str, expected: str) -> None:
    assert policy.period(told) == expected


def test_fees_come_in_one_column_or_in_several() -> None:
    told = {"fees": "初始费用5%", "fee_policy": "每月10元"}
    assert in_rules_words(told)["fees"] == "初始费用5%；保单管理费每月10元"
    # A spreadsheet's 5 %, and no fee.
    told = {"fee_initial": "0.05", "fee_policy": "0", "fee_account": "0%"}
    assert in_rules_words(told)["fees"] == "初始费用5%"


def test_a_policy_is_told_by_its_insurer_and_its_main_product() -> None:
    told = {"policy_number": "P1", "payment": "年交", "term": "终身", "gender": "女"}
    policyholder = replace(
        CALL,
        kind="policy",
        name="李梅",
        salutation="",
        document_tail="3721",
        branch="北京分公司",
        products=["附加意外伤害保险", "福满年年终身寿险（分红型）"],
        amount_fen=1_280_050,
        told=told,
    )
    known = facts_of_call(policyholder, "明光人寿")
    expected = {
        "shop": "明光人寿",
        "insurer": "明光人寿",
        "product": "福满年年终身寿险（分红型）",
        "product_kind": "participating",
        "id_tail": "3721",
        "amount": "12800.5",
        "sir": "女士",
    }
    assert {name: known.get(name) for name in expected} == expected
    known = facts_of_call(replace(policyholder, told={**told, "insurer": "江海人寿"}), "明光人寿")
    assert (known["insurer"], known["shop"]) == ("江海人寿", "江海人寿")
    # Who the insurer is nobody said: the branch's name would be a guess.
    assert "insurer" not in facts_of_call(policyholder, "")


def test_a_branch_without_a_name_is_called_by_the_companys() -> None:
    assert facts_of_call(replace(CALL, branch="本店"), "宏达汽车服务站")["shop"] == "宏达汽车服务站"
    assert facts_of_call(CALL, "宏达汽车集团")["shop"] == "东店"
    assert "shop" not in facts_of_call(replace(CALL, branch="本店"), "")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ((), "yes"),
        ((OtherMeans(AT + timedelta(days=5), frozenset({"8002"})),), "yes"),
        # A visit before any call, and a visit by who sold it.
        ((OtherMeans(AT - timedelta(days=1), frozenset({"8002"})),), "no"),
        ((OtherMeans(AT + timedelta(days=5), frozenset({"8003", "张强"})),), "no"),
    ],
)
def test_q3_rule_15_is_told_by_calls_and_tasks(others: tuple[OtherMeans, ...], expected: str) -> None:
    call = replace(CALL, other_means=others, served_by=frozenset({"张强"}))
    assert facts_of_call(call, "")["phone_first"] == expected


@pytest.mark.parametrize(
    ("told", "expected"), [("是", "yes"), ("未告知", "no"), (True, "yes"), ("电话", "电话")]
)
def test_q3_rule_1_is_told_by_the_source(told: object, expected: str) -> None:
    assert facts_of_call(replace(CALL, told={"sale_notice": told}), "")["sale_notice"] == expected


def test_facts_in_the_words_of_the_rules_stay_as_they_are() -> None:
    files = [BENCH / "calls" / "calls.yaml", *sorted((BENCH / "unseen" / "written").glob("*.yaml"))]
    for call in (call for file in files for call in load_labelled(file)):
        known = {name: value for name, value in text_facts(call.facts).items() if value}
        if "period" in known:
            known["period"] = policy.period(known["period"])  # 至80岁 is 至80周岁
            assert known["period"], call.id
        assert in_rules_words(known) == known, call.id
