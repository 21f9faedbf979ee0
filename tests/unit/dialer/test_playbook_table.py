"""Each line of the table of follow-ups, proved from the shipped data (P1-P23)."""

from decimal import Decimal

import pytest

from dialer.playbooks.expressions.conditions import Value
from dialer.playbooks.form.questions import EffectKind
from dialer.playbooks.form.schema import Anchor, CallerRule, HolidayRule
from dialer.playbooks.form.timing import StepStart, TriggerKind
from tests.support.shipped import LIBRARY, dates, does, effects, ids, questions, segment_dates


def test_p1_after_sales() -> None:
    """P1: next day, third day at the latest, all; 15 items; never by the adviser who served."""
    playbook = LIBRARY.get("after-sales-satisfaction")
    assert dates(playbook.steps[0]) == ("1d", "1d", "3d")
    assert playbook.coverage.share == 1
    assert playbook.caller is CallerRule.NOT_SERVING_STAFF
    items = [item.id for item in playbook.questionnaire if item.when is None]
    assert items == [f"q{number}" for number in (*range(1, 10), *range(11, 15), 16, 17)]
    assert [item.id for item in playbook.questionnaire if item.when] == [f"{item}_why" for item in items]
    assert does(playbook.effects) == {EffectKind.CASE}
    assert playbook.report is not None
    assert playbook.report.form == "每日回访明细统计表"
    assert set(items) < set(playbook.report.columns)


def test_p2_lost_customers_are_an_absence() -> None:
    """P2: six months without a visit, that day; a first backlog is spread."""
    playbook = LIBRARY.get("lost-customer")
    assert (playbook.trigger.kind, str(playbook.trigger.after)) == (TriggerKind.ABSENCE, "6mo")
    assert playbook.trigger.spread_days > 0
    assert dates(playbook.steps[0]) == ("0d", "0d", "0d")
    assert playbook.report is not None
    assert playbook.report.form == "每日流失客户回访明细统计表"
    assert "cause" in ids(playbook)


def test_p3_maintenance_is_due_the_same_day() -> None:
    playbook = LIBRARY.get("maintenance-reminder")
    assert (playbook.trigger.kind, playbook.trigger.fact) == (TriggerKind.DUE, "due_date")
    assert dates(playbook.steps[0]) == ("0d", "0d", "0d")
    assert not playbook.applies_to("settlement-order", {"kind": "settlement-order"})
    assert playbook.report is not None
    assert playbook.report.form == "每日定保客户回访明细统计表"


def test_p4_first_service_is_named_a_week_before() -> None:
    playbook = LIBRARY.get("first-maintenance")
    assert (playbook.trigger.kind, playbook.trigger.fact) == (TriggerKind.DUE, "first_maintenance_due")
    assert (str(playbook.trigger.months), playbook.trigger.kilometres) == ("6mo", 5000)
    assert dates(playbook.steps[0])[:2] == ("-7d", "-7d")
    assert playbook.holidays is HolidayRule.BEFORE


def test_p5_sale_three_days_or_a_week() -> None:
    """P5: scores, use, mileage, did the salesperson keep in touch; care half an hour after delivery (M1)."""
    playbook = LIBRARY.get("sale-satisfaction")
    assert dates(playbook.steps[0]) == ("3d", "3d", "7d")
    assert {"overall", "use", "mileage", "in_touch"} <= set(ids(playbook))
    assert [str(message.at) for message in playbook.messages] == ["30min"]


def test_p6_lost_deals_tell_the_true_reason() -> None:
    playbook = LIBRARY.get("lost-deal")
    assert dates(playbook.steps[0])[:2] == ("3d", "3d")
    assert {"cause", "true_reason", "followed_up"} <= set(ids(playbook))
    assert playbook.caller is CallerRule.NOT_SERVING_STAFF
    assert playbook.report is not None
    assert playbook.report.form == "战败客户回访表"


def test_p7_a_complaint_that_is_not_settled_is_opened_again() -> None:
    """P7: two days; major within a week, by the head; ordinary within two weeks."""
    playbook = LIBRARY.get("complaint-verification")
    assert segment_dates(playbook) == [("1d", "2d", "2w")]
    assert segment_dates(playbook, complaint_level="重大") == [("1d", "2d", "1w")]
    assert playbook.to_head is not None
    assert playbook.to_head.holds({"complaint_level": "重大"})
    assert ids(playbook)[0] == "carried_out"
    assert {"effective", "satisfied"} <= set(ids(playbook))
    again = next(one for one in playbook.effects if one.level == "major")
    assert again.do is EffectKind.CASE
    assert again.when is not None
    assert again.when.holds({"effective.bad": True})
    assert not playbook.applies_to("complaint-closed", {"trade": "property"})


def test_p8_five_dimensions_of_a_hospital() -> None:
    """P8: attitude, quality, environment, fees, management; each dissatisfaction to its own department."""
    playbook = LIBRARY.get("hospital-discharge")
    dimensions = ["attitude", "quality", "environment", "fees", "management"]
    assert [item for item in ids(playbook) if item in dimensions] == dimensions
    for dimension in dimensions:
        assert any(f"{dimension}.bad" in effect.when.names for effect in playbook.effects if effect.when)
    assert does(effects(playbook, "recovery")) == {EffectKind.TASK, EffectKind.ALARM}


@pytest.mark.parametrize(
    ("facts", "segment"),
    [
        ({"logins": 0, "transactions": 0}, "not-logged-in"),
        ({"activity": "未登录"}, "not-logged-in"),
        ({"logins": 3, "transactions": 0}, "no-transaction"),
        ({"activity": "从未使用"}, "never-used"),
    ],
)
def test_p9_three_segments_of_e_banking(facts: dict[str, Value], segment: str) -> None:
    """P9: a fault makes a maintenance task; reason, encouragement, survey, offers."""
    playbook = LIBRARY.get("e-banking")
    assert playbook.applies_to("account-activity", facts)
    found = playbook.segment(facts)
    assert found is not None
    assert found.id == segment
    assert {"help", "ease", "willing", "offer"} < set(ids(playbook))
    reasons = [item for item in playbook.questionnaire[:3] if item.when and item.when.holds(facts)]
    assert [effect.department for item in reasons for effect in item.effects] == ["maintenance"]
    assert any(step.id.startswith("encourage") for step in playbook.variant(segment).script)


def test_p9_an_active_customer_is_not_called() -> None:
    assert not LIBRARY.get("e-banking").applies_to("account-activity", {"logins": 9, "transactions": 4})


def test_p10_two_branches_and_each_person_rated() -> None:
    """P10: the stylist's number is checked; dissatisfied: an appointment is insisted on, then handed over."""
    playbook = LIBRARY.get("salon-care")
    assert playbook.compared == ("stylist_number",)
    assert {"stylist_number", "stylist_rate", "assistant_rate", "desk_rate"} <= set(ids(playbook))
    steps = {step.id: step for step in playbook.script}
    good: dict[str, Value] = {"result": "satisfied", "result.bad": False}
    bad: dict[str, Value] = {"result": "so_so", "result.bad": True}
    for name, facts in (("satisfied", good), ("mend", bad)):
        when = steps[name].when
        assert when is not None
        assert when.holds(facts)
        assert not when.holds(bad if facts is good else good)
    when = steps["hand_over"].when
    assert when is not None
    assert when.holds({**bad, "hand_over": "yes"})
    assert steps["mend_again"].when is not None
    assert does(effects(playbook, "mend")) == {EffectKind.TASK}


def test_p11_what_was_charged_is_compared_with_the_record() -> None:
    """P11: attitude, cleaned up, taught, left the service number, solved, charged."""
    playbook = LIBRARY.get("appliance")
    assert {"attitude", "cleaned", "taught", "number_left", "solved", "charged"} <= set(ids(playbook))
    assert playbook.compared == ("amount",)
    alarm = next(effect for effect in playbook.effects if effect.do is EffectKind.ALARM)
    assert alarm.when is not None
    assert alarm.when.holds({"amount": Decimal(80), "charged": Decimal(120)})
    assert not alarm.when.holds({"amount": Decimal(80), "charged": Decimal(80)})
    assert not playbook.applies_to("repair-visit", {"trade": "gas"})


def test_p12_a_fifth_of_each_units_work() -> None:
    """P12: units draw apart, one repair once; important and incident users all; four indicators."""
    playbook = LIBRARY.get("gas-service")
    assert dates(playbook.steps[0]) == ("1d", "1d", "1d")
    assert playbook.coverage.share == Decimal("0.2")
    assert playbook.coverage.strata == ("unit", "branch", "kind")
    assert playbook.coverage.once == ("repair_number",)
    everyone = playbook.coverage.when_all
    assert everyone is not None
    assert everyone.holds({"grade": "重要用户"})
    assert everyone.holds({"incident": True})
    assert {"timeliness", "attitude", "quality", "standard"} <= set(ids(playbook))
    assert does(effects(playbook, "integrity")) == {EffectKind.ALARM, EffectKind.CASE}
    bad = [
        choice.value
        for item in questions(playbook)
        if item.id == "integrity"
        for choice in item.choices
        if choice.bad
    ]
    assert bad == ["yes"]
    gas = {"trade": "gas"}
    for kind in ("inspection", "repair-visit", "installation"):
        assert playbook.applies_to(kind, {**gas, "kind": kind})


def test_p12_p13_the_hotlines_tickets_are_shared_out() -> None:
    """P12: the other tickets and answered calls; P13: those of 12345 and repairs, and new connections."""
    gas, hotline = LIBRARY.get("gas-service"), LIBRARY.get("city-hotline-12345")
    for ticket in ("12345", "报修", "咨询", "来电"):
        facts: dict[str, Value] = {"kind": "hotline-ticket", "trade": "gas", "ticket_kind": ticket}
        assert gas.applies_to("hotline-ticket", facts) != hotline.applies_to("hotline-ticket", facts)
    new: dict[str, Value] = {"kind": "installation", "trade": "gas", "newly_connected": True}
    assert hotline.applies_to("installation", new)
    assert not gas.applies_to("installation", new)


def test_p13_all_tickets_of_the_day_before() -> None:
    """P13: all; of newly connected users a sample within two days."""
    playbook = LIBRARY.get("city-hotline-12345")
    assert segment_dates(playbook, kind="hotline-ticket") == [("1d", "1d", "1d")]
    assert playbook.coverage.share == 1
    assert segment_dates(playbook, kind="installation") == [("1d", "1d", "2d")]
    assert playbook.variant("newly-connected").coverage.share < 1


def test_p14_identity_conduct_and_risk() -> None:
    """P14: three working days, all; identity, data true, conduct, forbidden acts told again, risk notice."""
    playbook = LIBRARY.get("securities-account")
    assert str(playbook.steps[0].limit) == "3wd"
    assert playbook.coverage.share == 1
    assert playbook.identity == "document_tail"
    assert {"own_will", "data_true", "promise", "operate", "private_money", "risk_clear"} <= set(
        ids(playbook)
    )
    assert {"forbidden", "risk"} <= {step.id for step in playbook.script}
    assert playbook.caller is CallerRule.NOT_SERVING_STAFF
    assert EffectKind.ALARM in does(playbook.effects)


def test_p15_two_tiers_and_the_quarters_limit() -> None:
    """P15, L4: each tier draws; abnormal and special ones are all called and exempt."""
    playbook = LIBRARY.get("securities-periodic")
    assert playbook.coverage.strata[0] == "tier"
    assert playbook.variant("quarterly").coverage.share < 1
    assert playbook.variant("quarterly").caps.per_quarter == 2
    for activity, name in (("异常交易", "abnormal"), ("专项回访", "special")):
        found = playbook.segment({"activity": activity})
        assert found is not None
        assert found.id == name
        variant = playbook.variant(name)
        assert variant.coverage.share == 1
        assert variant.caps.exempt


INSURANCE = """
contract read copied signed cover exclusions period payment_known surrender dividend fees_known loss_possible
"""


def test_p16_asks_every_rule_and_takes_only_a_clear_yes() -> None:
    """P16, Q3: any answer but a clear yes makes a question item."""
    playbook = LIBRARY.get("insurance-new-policy")
    assert playbook.identity == "document_tail"
    for name in INSURANCE.split():
        item = playbook.question(name)
        assert item is not None, name
        assert item.ask.zh.endswith("？")
        assert [choice.value for choice in item.choices if not choice.bad] == ["yes"]
        assert does(item.effects) == {EffectKind.QUESTION_ITEM}
    assert not any(step.id.startswith("explain") for step in playbook.script)


@pytest.mark.parametrize(
    ("question", "facts", "asked"),
    [
        ("payment_known", {"payment": "年交"}, True),
        ("payment_known", {"payment": "趸交"}, False),
        ("payment_known", {}, False),
        ("dividend", {"product_kind": "participating"}, True),
        ("dividend", {"product_kind": "traditional"}, False),
        ("fees_known", {"product_kind": "universal"}, True),
        ("fees_known", {"product_kind": "linked"}, True),
        ("fees_known", {"product_kind": "participating"}, False),
        ("loss_possible", {"product_kind": "linked"}, True),
        ("loss_possible", {"product_kind": "universal"}, False),
    ],
)
def test_p16_asks_what_the_product_calls_for(question: str, facts: dict[str, Value], asked: bool) -> None:
    item = LIBRARY.get("insurance-new-policy").question(question)
    assert item is not None
    assert item.when is not None
    assert item.when.holds(facts) is asked


def test_p16_is_never_merged_with_selling() -> None:
    """P16: nothing is sold; telephone first; kept ten years from the end of the contract."""
    playbook = LIBRARY.get("insurance-new-policy")
    assert playbook.no_selling
    assert playbook.channels[0] == "phone"
    assert playbook.merge.accept == ()
    assert not any(playbook.may_share_a_call_with(other) for other in LIBRARY if other.selling)
    assert (str(playbook.retention.keep), playbook.retention.anchor) == ("10y", Anchor.CONTRACT_END)


PROPERTY = [
    pytest.param({"kind": "complaint-closed"}, [("1d", "2d", "1w")], id="complaint"),
    pytest.param({"kind": "repair-visit"}, [("0min", "15min", "30min")], id="repair"),
    pytest.param({"kind": "repair-visit", "repair_type": "大修"}, [("4w", "1mo", "5w")], id="works"),
    pytest.param({"kind": "opinion"}, [("0d", "0d", "0d")], id="suggestion"),
    pytest.param({"kind": "special-service"}, [("5d", "10d", "10d")], id="special-service"),
    pytest.param({"kind": "delivery-order"}, [("3w", "1mo", "5w")], id="moved-in"),
    pytest.param({"kind": "contact-list"}, [("0d", "2w", "1mo")], id="survey"),
    pytest.param({"kind": "hotline-ticket"}, [("1d", "3d", "1w")], id="other"),
    pytest.param(
        {"kind": "repair-visit", "repair_type": "急修"},
        [("0h", "24h", "24h"), ("2d", "2d", "2d")],
        id="urgent",
    ),
    pytest.param(
        {"kind": "repair-visit", "repair_type": "漏水"}, [("3d", "3d", "3d"), ("0d", "1d", "3d")], id="leak"
    ),
]


@pytest.mark.parametrize(("facts", "wanted"), PROPERTY)
def test_p17_each_kind_has_its_own_dates(facts: dict[str, Value], wanted: list[tuple[str, str, str]]) -> None:
    playbook = LIBRARY.get("property")
    assert playbook.applies_to(str(facts["kind"]), {"trade": "property", **facts})
    assert segment_dates(playbook, **facts) == wanted
    assert playbook.coverage.share == 1


def test_p17_second_steps_wait_for_the_first_and_for_rain() -> None:
    playbook = LIBRARY.get("property")
    assert playbook.variant("urgent-repair").steps[1].start is StepStart.PREVIOUS_DONE
    rain = playbook.variant("leak").steps[1]
    assert (rain.start, rain.signal) == (StepStart.SIGNAL, "rain")
    assert rain.longest_wait is not None


@pytest.mark.parametrize(
    ("facts", "every"),
    [
        ({"season": "旺季"}, "1w"),
        ({"grade": "VIP"}, "1q"),
        ({"grade": "重点"}, "6mo"),
        ({"grade": "普通"}, "1y"),
    ],
)
def test_p18_cadence_by_grade_and_season(facts: dict[str, Value], every: str) -> None:
    """P18: a new customer within a week."""
    cadences = LIBRARY.get("regular-customers").trigger.cadence
    found = next(one for one in cadences if one.when is None or one.when.holds(facts))
    assert (str(found.every), str(found.first)) == (every, "1w")
    assert {"competitor_what", "need"} <= set(ids(LIBRARY.get("regular-customers")))
    (visits,) = (one for one in cadences if one.task is not None)
    assert (str(visits.every), visits.when and visits.when.holds({"season": "旺季"})) == ("15d", True)


def test_p19_festivals_of_both_calendars_and_the_shops_own_days() -> None:
    playbook = LIBRARY.get("special-period")
    assert {day.split(":")[0] for day in playbook.trigger.on} == {"solar", "lunar", "fact"}
    assert playbook.holidays is HolidayRule.BEFORE
    assert playbook.selling


def test_p20_eight_steps_and_two_offers() -> None:
    """P20: refusal is handled twice and never a third time; what was agreed is repeated."""
    playbook = LIBRARY.get("renewal-telesales")
    steps = [step.id.split("-")[0] for step in playbook.script if step.id != "let_go"]
    assert list(dict.fromkeys(steps)) == [
        "prepare", "greet", "introduce", "purpose", "interest", "refusal", "confirm", "thank",
    ]  # fmt: skip
    assert steps.count("refusal") == 2
    assert playbook.selling
    last = playbook.question("last_offer")
    assert last is not None
    assert last.when is not None
    assert last.when.holds({"offer_again": "no"})
    assert {"confirmed_item", "confirmed_amount"} <= set(ids(playbook))


def test_p21_the_one_who_sold_calls_on_the_seventh_day() -> None:
    """P21: a message the same day."""
    playbook = LIBRARY.get("phone-shop")
    assert dates(playbook.steps[0]) == ("7d", "7d", "7d")
    assert playbook.caller is CallerRule.SAME_STAFF
    assert [str(message.at) for message in playbook.messages] == ["0d"]
    phone, car = {"trade": "phone"}, {"trade": "car"}
    assert playbook.applies_to("delivery-order", phone)
    assert not playbook.applies_to("delivery-order", car)
    assert not LIBRARY.get("sale-satisfaction").applies_to("delivery-order", phone)


def test_p22_distributors_every_month() -> None:
    """P22: sales, new needs, complaints."""
    playbook = LIBRARY.get("distributor-care")
    assert [str(one.every) for one in playbook.trigger.cadence] == ["1mo"]
    assert {"sales_state", "new_need", "complaint_any"} <= set(ids(playbook))


def test_p23_told_within_two_weeks_and_not_before_the_measures() -> None:
    """P23: two days to tell the department, three for its measures, two weeks to tell the customer."""
    playbook = LIBRARY.get("opinion-feedback")
    assert (str(playbook.steps[0].earliest), str(playbook.steps[0].limit)) == ("5d", "2w")
    assert [str(task.within) for task in playbook.at_once] == ["2d", "5d"]
    assert {"department", "result"} <= set(playbook.facts)
    assert playbook.applies_to("opinion", {"kind": "opinion"})
    assert playbook.applies_to("hotline-ticket", {"kind": "hotline-ticket", "ticket_kind": "建议"})
