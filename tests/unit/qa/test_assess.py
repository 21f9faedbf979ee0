"""Assessments of whole talks: asked and answered, values, identity, the question item (Q3)."""

from collections.abc import Mapping

import pytest

from dialer.telephony.outcomes import Leg
from qa.checks.library import shipped_rules
from qa.rules.assess import Assessment, assess
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.items import QuestionNeed
from qa.speech.port import LegTranscript, Segment, Transcript, Word

A, C = Leg.AGENT, Leg.CUSTOMER
FACTS = {
    "insurer": "明光人寿保险公司",
    "product": "福满年年终身寿险分红型",
    "product_kind": "participating",
    "period": "终身",
    "payment": "instalment",
    "pay": "每年缴费，缴十年",
    "name": "李",
    "surname": "李",
    "sir": "女士",
    "id_tail": "3721",
}
ASKED = "请问您是否清楚，退保可能会有损失，退保金额以现金价值为基础？"
PERIOD = "您这份保险的保险期间是终身，请问您知道吗？"
TAIL = "请您说一下身份证号码的后四位。"


def talk(*turns: tuple[Leg, str]) -> Transcript:
    """One turn after the other, five characters a second, half a second in between."""
    segments: dict[Leg, list[Segment]] = {A: [], C: []}
    second = 0.5
    for leg, text in turns:
        words = tuple(Word(c, second + i * 0.2, second + i * 0.2 + 0.2, 0.95) for i, c in enumerate(text))
        segments[leg].append(Segment(leg, second, words[-1].end, text, 0.95, words))
        second = words[-1].end + 0.5
    legs = {leg: LegTranscript(leg, second, -20.0, tuple(some)) for leg, some in segments.items()}
    return Transcript("test", "test", "zh", second, 0.0, legs)


def judged(*turns: tuple[Leg, str], facts: Mapping[str, str] = FACTS) -> Assessment:
    return assess(talk(*turns), shipped_rules().get("insurance-new-policy"), facts)


def finding(assessment: Assessment, rule: str) -> Finding:
    return next(one for one in assessment.findings if one.rule_id == rule)


def test_what_is_asked_and_answered_passes_with_its_words() -> None:
    one = finding(judged((A, ASKED), (C, "清楚的。")), "surrender_loss")
    assert one.verdict is Verdict.PASS
    assert {proof.channel for proof in one.evidence} == {A, C}


def test_what_is_stated_fails_and_a_question_after_it_mends_it() -> None:
    """Q3 rule 2."""
    stated = "退保是可能有损失的，退保金额按现金价值算。"
    one = finding(judged((A, stated), (C, "好的，知道了。")), "surrender_loss")
    assert (one.verdict, one.reason) == (Verdict.FAIL, Reason.STATED)
    asked = finding(judged((A, stated + "请问您知道吗？"), (C, "知道。")), "surrender_loss")
    assert asked.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("请问您是否知道分红是不确定的？", Verdict.PASS),
        ("请问您知道分红是确定的吗？", Verdict.FAIL),
        ("请问您知道分红是不固定的吗？", Verdict.FAIL),
        ("请问您知道红利不是保证的吗？", Verdict.PASS),
        ("分红每年不一样，准确地说，分红是不确定的，请问您知道吗？", Verdict.PASS),
    ],
)
def test_polarity_decides(said: str, verdict: Verdict) -> None:
    """Q3 rule 12: corrected in the call is a pass."""
    assert finding(judged((A, said), (C, "知道。")), "dividend_uncertain").verdict is verdict


def test_no_loss_is_a_failure_with_an_alarm() -> None:
    """Q3 rule 11."""
    assessment = judged((A, "退保不会有损失的，现金价值都给您，请问您清楚吗？"), (C, "清楚。"))
    one = finding(assessment, "surrender_loss")
    assert (one.verdict, one.reason) == (Verdict.FAIL, Reason.OPPOSITE_SAID)
    assert "surrender_loss" in {alarm.rule_id for alarm in assessment.alarms}


def test_another_value_is_an_alarm_and_a_missing_fact_is_unclear() -> None:
    """Q3 rule 9."""
    said = "您这份保险的保险期间是二十年，请问您知道吗？"
    assessment = judged((A, said), (C, "知道。"))
    one = finding(assessment, "period_named")
    assert (one.verdict, one.reason, one.alarm) == (Verdict.FAIL, Reason.OTHER_VALUE, True)
    unknown = finding(judged((A, said), (C, "知道。"), facts={**FACTS, "period": ""}), "period_named")
    assert (unknown.verdict, unknown.reason) == (Verdict.UNCLEAR, Reason.FACT_MISSING)


@pytest.mark.parametrize(
    ("turns", "verdict", "reason"),
    [
        (((A, TAIL), (C, "三七二幺。")), Verdict.PASS, Reason.IDENTIFIED),
        (((A, TAIL), (C, "啊？没听清。"), (A, TAIL), (C, "三七二一。")), Verdict.PASS, Reason.IDENTIFIED),
        (((A, TAIL + "吧"), (C, "三七二一。"), (A, "对，三七二一。")), Verdict.PASS, Reason.IDENTIFIED),
        (((A, TAIL), (C, "八八四六。")), Verdict.FAIL, Reason.TAIL_DIFFERS),
        (((A, TAIL), (C, "三七二四。")), Verdict.UNCLEAR, Reason.TAIL_UNSURE),
        (((A, "您身份证后四位是三七二幺，对吧？"), (C, "对。")), Verdict.FAIL, Reason.READ_OUT),
    ],
)
def test_identity(turns: tuple[tuple[Leg, str], ...], verdict: Verdict, reason: Reason) -> None:
    """Q3 rule 4."""
    one = finding(judged(*turns), "identity_check")
    assert (one.verdict, one.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("answer", "need"),
    [
        ("知道。", QuestionNeed.NOT_NEEDED),
        ("嗯。", QuestionNeed.FOR_PERSON),
        ("这个我不太清楚，业务员没跟我讲过。", QuestionNeed.NEEDED),
        ("清楚，对了，你们那个意外险多少钱一年？", QuestionNeed.FOR_PERSON),
    ],
)
def test_answers_make_the_question_item(answer: str, need: QuestionNeed) -> None:
    """Q3 rule 14."""
    assert judged((A, PERIOD), (C, answer)).question_item is need


def test_a_later_yes_does_not_cancel_it_and_it_must_be_raised() -> None:
    """Q3 rule 14."""
    turns = ((A, PERIOD), (C, "不知道。"), (A, "现在请问您知道保险期间是终身了吗？"), (C, "知道。"))
    assessment = judged(*turns)
    assert assessment.question_item is QuestionNeed.NEEDED
    assert finding(assessment, "question_item_raised").verdict is Verdict.FAIL
    raised = judged(*turns, (A, "您的疑问我已经记录，会转给相关部门，之后再给您回电话。"))
    assert finding(raised, "question_item_raised").verdict is Verdict.PASS


def test_two_items_before_an_answer_are_one_too_many() -> None:
    """Q3 rule 3."""
    together = judged((A, PERIOD + "您选择的是每年缴费，缴十年，请问您清楚缴费方式吗？"), (C, "都知道。"))
    assert finding(together, "one_question_at_a_time").verdict is Verdict.FAIL
    apart = judged((A, PERIOD), (C, "知道。"), (A, ASKED), (C, "清楚。"))
    assert finding(apart, "one_question_at_a_time").verdict is Verdict.PASS


def test_records_judge_what_no_call_can_prove() -> None:
    """Q3 rules 1, 15."""
    silent = judged((A, PERIOD), (C, "知道。"))
    assert finding(silent, "phone_first").reason is Reason.NOT_IN_CALL
    known = judged((A, PERIOD), (C, "知道。"), facts={**FACTS, "phone_first": "no"})
    assert finding(known, "phone_first").verdict is Verdict.FAIL


def test_where_it_is_not_known_who_spoke_nobody_is_accused() -> None:
    """Q4: a mono file, swapped legs."""
    rules = shipped_rules().get("insurance-new-policy")
    heard = talk((A, PERIOD), (C, "不知道。"))
    assessment = assess(heard, rules, FACTS, unsure_who=Reason.SPEAKER_UNKNOWN)
    assert {one.verdict for one in assessment.findings} <= {Verdict.UNCLEAR, Verdict.NA}
    assert assessment.question_item is QuestionNeed.FOR_PERSON
    assert assessment.alarms == ()
