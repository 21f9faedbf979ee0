"""Verdicts with evidence: said, not said, opposite, forbidden, cannot tell (Q2-Q4)."""

from collections.abc import Mapping

import pytest

from dialer.telephony.outcomes import Leg
from qa.rules.assess import assess
from qa.rules.findings import Finding, LegQuality, Reason, Verdict
from qa.rules.schema import parse_rule_set
from qa.speech.port import LegTranscript, Segment, Transcript, Word

Turn = tuple[Leg, float, str]
A, C = Leg.AGENT, Leg.CUSTOMER
SECONDS = 60.0


def transcript(*turns: Turn, level: float = -20.0, lost: float = 0.0, confidence: float = 0.9) -> Transcript:
    """Five syllables a second from the turn's start on."""
    legs = {}
    for leg in Leg:
        segments = []
        for who, start, text in turns:
            if who is leg:
                words = tuple(
                    Word(char, start + i * 0.2, start + i * 0.2 + 0.2, confidence)
                    for i, char in enumerate(text)
                )
                segments.append(Segment(leg, start, words[-1].end, text, confidence, words))
        legs[leg] = LegTranscript(leg, SECONDS, level, tuple(segments), lost)
    return Transcript("test", "test", "zh", SECONDS, 0.0, legs)


def check(
    rule: str,
    heard: Transcript,
    facts: Mapping[str, str] | None = None,
    quality: Mapping[Leg, LegQuality] | None = None,
) -> Finding:
    text = "id: t\nversion: 1\nrules:\n  - id: rule\n    title: {zh: 规则}\n" + rule
    return assess(heard, parse_rule_set(text, "test"), facts or {}, quality or {}).findings[0]


NOTICE = "    kind: must_say\n    say: [本次通话将会录音]\n"
FORBIDDEN = (
    "    kind: must_not_say\n    alarm: true\n    say: [不知道, 不可以, 不行]\n    except: [不知道您]\n"
)
DIVIDEND = """    kind: must_say
    slots:
      - say: [分红是不确定的]
        opposites: [分红是不固定的, 分红是确定的, 分红每年不一样]
"""
LOSS = """    kind: must_say
    alarm: true
    slots:
      - say: [请问您是否清楚退保可能会有损失, 退保可能会有损失]
        keep: [可能]
        opposites: [退保不会有损失, 退保没有损失]
"""
PLATE = """    kind: must_say
    alarm: true
    slots:
      - code: "{plate}"
        near: [车牌号是]
        confirm: [对, 没错]
        deny: [不对]
"""


def test_what_was_said_passes_with_its_words_and_times() -> None:
    finding = check(NOTICE, transcript((A, 12.0, "您好本次通话将会露印谢谢")))
    assert (finding.verdict, finding.reason) == (Verdict.PASS, Reason.SAID)
    (proof,) = finding.evidence
    assert (proof.channel, proof.words) == (A, "本次通话将会露印")
    assert proof.start == pytest.approx(12.4)
    assert proof.end == pytest.approx(14.0)
    assert (proof.confidence, proof.wording) == (0.9, "本次通话将会录音")


def test_the_customer_does_not_say_it_for_the_agent() -> None:
    finding = check(NOTICE, transcript((C, 1, "本次通话将会录音"), (A, 4, "您好")))
    assert (finding.verdict, finding.reason) == (Verdict.FAIL, Reason.NOT_SAID)
    (proof,) = finding.evidence
    assert (proof.start, proof.end, proof.words) == (0.0, SECONDS, "")


def test_half_of_it_is_for_a_person() -> None:
    finding = check(NOTICE, transcript((A, 1, "本次通话将改天")))
    assert (finding.verdict, finding.reason) == (Verdict.UNCLEAR, Reason.MAYBE_SAID)


@pytest.mark.parametrize(
    "heard",
    [
        transcript((A, 1, "您好"), level=-70.0),
        transcript((A, 1, "您好"), lost=5.0),
        transcript((A, 1, "您好您好您好您好您好您好"), confidence=0.1),
        transcript((A, 1, "您好"), confidence=0.7),
    ],
    ids=["silent", "looped", "guessed", "noisy"],
)
def test_absence_is_not_proven_by_bad_audio(heard: Transcript) -> None:
    """Q4: without clean audio of the whole leg it is "cannot tell"."""
    for rule in (NOTICE, FORBIDDEN):
        assert check(rule, heard).verdict is Verdict.UNCLEAR
        assert check(rule, heard).reason is Reason.AUDIO_INCOMPLETE


def test_absence_is_not_proven_over_a_gap_but_presence_is() -> None:
    quality = {A: LegQuality(gap=True)}
    assert check(NOTICE, transcript((A, 1, "您好")), quality=quality).verdict is Verdict.UNCLEAR
    assert check(NOTICE, transcript((A, 1, "本次通话将会录音")), quality=quality).verdict is Verdict.PASS
    assert check(FORBIDDEN, transcript((A, 1, "这个不可以")), quality=quality).verdict is Verdict.FAIL


def test_a_leg_that_was_not_transcribed_proves_nothing() -> None:
    whole = transcript((A, 1, "您好"))
    only = Transcript("test", "test", "zh", SECONDS, 0.0, {C: whole.legs[C]})
    assert check(NOTICE, only).reason is Reason.AUDIO_INCOMPLETE


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("请问您知道分红是不确定的吗", Verdict.PASS),
        ("分红是不固定的", Verdict.FAIL),
        ("分红是确定的", Verdict.FAIL),
        ("分红每年不一样", Verdict.FAIL),
        ("分红不是固定的准确地说分红是不确定的", Verdict.PASS),
    ],
)
def test_dividend_right_and_wrong_wording_compete(said: str, verdict: Verdict) -> None:
    """Q3 rule 12: 不固定 and 确定 without 不 fail, a correction in the call passes."""
    assert check(DIVIDEND, transcript((A, 1, said))).verdict is verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("请问您是否清楚退保可能会有损失退保金额以现金价值为基础", Verdict.PASS),
        ("退保不会有损失的您放心", Verdict.FAIL),
        ("退保会有损失", Verdict.UNCLEAR),
    ],
)
def test_loss_on_surrender(said: str, verdict: Verdict) -> None:
    """Q3 rule 11: 不会有损失 is a failure and an alarm; a missing 可能 is for a person."""
    finding = check(LOSS, transcript((A, 1, said)))
    assert (finding.verdict, finding.alarm) == (verdict, verdict is Verdict.FAIL)


@pytest.mark.parametrize("said", ["这个我不知道", "不可以的", "不行就是不行"])
def test_forbidden_words_fail_and_alarm(said: str) -> None:
    finding = check(FORBIDDEN, transcript((A, 5, said)))
    assert (finding.verdict, finding.reason, finding.alarm) == (Verdict.FAIL, Reason.FORBIDDEN_SAID, True)
    assert finding.evidence[0].start >= 5


@pytest.mark.parametrize(
    "said", ["您看可不可以", "不知道您现在方便吗", "您知不知道", "这样行不行", "好的没问题", "您知道吗"]
)
def test_words_that_only_hold_forbidden_ones_pass(said: str) -> None:
    finding = check(FORBIDDEN, transcript((A, 5, said)))
    assert (finding.verdict, finding.reason) == (Verdict.PASS, Reason.NOTHING_FORBIDDEN)


def test_a_homophone_of_a_forbidden_word_is_for_a_person_where_the_engine_was_unsure() -> None:
    words = (A, 5, "您可以步行过来")
    unsure = check(FORBIDDEN, transcript(words, confidence=0.6))
    assert (unsure.verdict, unsure.reason) == (Verdict.UNCLEAR, Reason.MAYBE_FORBIDDEN)
    assert check(FORBIDDEN, transcript(words)).verdict is Verdict.PASS


def test_the_customer_confirms_a_plate_heard_in_part() -> None:
    asks = (A, 5.0, "您的车牌号是经1235对吗")
    facts = {"plate": "京A12345"}
    assert check(PLATE, transcript(asks, (C, 8.0, "对")), facts).reason is Reason.CODE_CONFIRMED
    assert check(PLATE, transcript(asks), facts).reason is Reason.CODE_UNSURE
    assert check(PLATE, transcript(asks, (C, 40.0, "对")), facts).reason is Reason.CODE_UNSURE


def test_another_plate_is_an_alarm() -> None:
    asks = (A, 5.0, "您的车牌号是京A12345对吗")
    other = {"plate": "豫N86K20"}
    for heard, reason in (
        (transcript(asks), Reason.OTHER_CODE),
        (transcript(asks, (C, 8.0, "对")), Reason.OTHER_CODE),
        (transcript(asks, (C, 8.0, "不对")), Reason.DENIED),
    ):
        finding = check(PLATE, heard, other)
        assert (finding.verdict, finding.reason, finding.alarm) == (Verdict.FAIL, reason, True)


def test_a_missing_fact_is_named() -> None:
    finding = check(PLATE, transcript((A, 1, "您好")), {"plate": ""})
    assert (finding.verdict, finding.reason, finding.slot) == (Verdict.UNCLEAR, Reason.FACT_MISSING, "plate")


def test_a_rule_of_another_product_does_not_apply() -> None:
    rule = DIVIDEND + "    only_if: {product: participating}\n"
    assert check(rule, transcript((A, 1, "您好")), {"product": "universal"}).verdict is Verdict.NA
    assert check(rule, transcript((A, 1, "您好")), {"product": "participating"}).verdict is Verdict.FAIL


def test_only_its_part_of_the_call_counts() -> None:
    opening = "    kind: must_say\n    say: [您好]\n    first_seconds: 10\n"
    closing = "    kind: must_say\n    say: [谢谢您]\n    last_seconds: 10\n"
    assert check(opening, transcript((A, 1, "您好"))).verdict is Verdict.PASS
    assert check(opening, transcript((A, 30, "您好"))).verdict is Verdict.FAIL
    assert check(closing, transcript((A, 55, "谢谢您"))).verdict is Verdict.PASS
    assert check(closing, transcript((A, 30, "谢谢您"))).verdict is Verdict.FAIL


def test_all_slots_must_be_there() -> None:
    rule = """    kind: must_say
    slots:
      - {name: hello, say: [您好]}
      - {name: shop, say: ["{shop}"]}
"""
    facts = {"shop": "宏达汽车服务站"}
    assert check(rule, transcript((A, 1, "您好我是红达汽车服务站的")), facts).verdict is Verdict.PASS
    finding = check(rule, transcript((A, 1, "您好我是保险公司的")), facts)
    assert (finding.verdict, finding.slot) == (Verdict.FAIL, "shop")


ONCE_MORE = """    kind: must_not_say
    unless_negated: true
    slots:
      - all: [[推荐, 介绍], [医疗险, 教育金]]
        unsure: [[打折]]
      - say: [加保]
"""


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("给您推荐一个医疗险", Verdict.FAIL),
        ("您加保吧", Verdict.FAIL),
        ("我不给您推荐医疗险", Verdict.PASS),
        ("要不给她推荐医疗险", Verdict.FAIL),
        ("这个月打折", Verdict.UNCLEAR),
        ("我打这个电话是做回访", Verdict.PASS),
    ],
)
def test_a_prohibition_of_several_slots_with_signs_of_it(text: str, verdict: Verdict) -> None:
    """Q3 rule 2: signs are for a person, a negation excuses, and what only sounds alike proves nothing."""
    assert check(ONCE_MORE, transcript((A, 1, text), confidence=0.95)).verdict is verdict


SCORE = """    kind: must_not_say
    slots:
      - say: [打满分]
        unless: [不用]
"""


@pytest.mark.parametrize(
    ("turns", "verdict"),
    [
        (((A, 1, "麻烦您打满分"),), Verdict.FAIL),
        (((A, 1, "不用特意打满分"),), Verdict.PASS),
        (((A, 1, "那个不用了"), (A, 3.0, "麻烦您打满分")), Verdict.UNCLEAR),
        (((A, 1, "那个不用了"), (A, 9, "麻烦您打满分")), Verdict.FAIL),
    ],
)
def test_words_before_excuse_in_their_clause_and_raise_a_doubt_after_it(
    turns: tuple[Turn, ...], verdict: Verdict
) -> None:
    assert check(SCORE, transcript(*turns, confidence=0.95)).verdict is verdict


def test_the_kind_of_his_own_product_is_no_sign_of_selling() -> None:
    sign = "    kind: must_not_say\n    slots:\n      - say: [再买一份]\n        unsure: [[意外险]]\n"
    heard = transcript((A, 1, "您这份意外险我核实一下"), confidence=0.95)
    assert check(sign, heard).verdict is Verdict.UNCLEAR
    assert check(sign, heard, {"product": "平安意外伤害保险"}).verdict is Verdict.PASS


COMPETING = """    kind: must_say
    slots:
      - all: [[退保], [损失, 亏]]
        wrong: [[退保], [没有损失, 不会吃亏]]
"""


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("退保可能有损失", Verdict.PASS),
        ("退保没有损失的", Verdict.FAIL),
        ("退保您不会吃亏", Verdict.FAIL),
        ("退保没有损失的说法不对退保是有损失的", Verdict.PASS),
    ],
)
def test_words_inside_the_wrong_statement_are_not_the_right_one(text: str, verdict: Verdict) -> None:
    assert check(COMPETING, transcript((A, 1, text), confidence=0.95)).verdict is verdict


TAIL = "    kind: identity\n    say: [后四位]\n"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("三七二一", Verdict.PASS),
        ("就三七二一吧", Verdict.PASS),
        ("三七二一三七二一", Verdict.PASS),
        ("一三八零三七二一五五", Verdict.UNCLEAR),
        ("九九八八", Verdict.FAIL),
    ],
)
def test_the_tail_itself_and_not_digits_that_hold_it(answer: str, verdict: Verdict) -> None:
    """Q3 rule 4: a telephone number with the same four digits in it is no document's tail."""
    heard = transcript((A, 1, "请说后四位"), (C, 4, answer))
    assert check(TAIL, heard, {"id_tail": "3721"}).verdict is verdict


def test_a_tail_that_was_said_was_asked_for_in_some_words() -> None:
    heard = transcript((A, 1, "请念一下证件最末的那几个数"), (C, 6, "三七二一"))
    assert check(TAIL, heard, {"id_tail": "3721"}).verdict is Verdict.UNCLEAR
    assert (
        check(TAIL, transcript((A, 1, "您好"), (C, 6, "你好")), {"id_tail": "3721"}).verdict is Verdict.FAIL
    )


def test_a_question_misheard_is_no_word_of_refusal() -> None:
    assert check(FORBIDDEN, transcript((A, 5, "您看刻不可以"))).verdict is Verdict.PASS
