"""What an engine wrote as something else is not absent, and not another value (Q1, Q3 rule 4, Q4)."""

import pytest

from dialer.telephony.outcomes import Leg
from qa.matching.syllables import Spoken, hear
from qa.rules.assess import assess
from qa.rules.codes import CodeHeard, find_code
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.numbers import in_hanzi, may_be
from qa.rules.schema import parse_rule_set
from qa.speech.port import LegTranscript, Segment, Transcript, Word
from qa.speech.text import simplified, simplified_each

PASS, FAIL, UNCLEAR = Verdict.PASS, Verdict.FAIL, Verdict.UNCLEAR
FEES = "    kind: must_ask\n    value: fees\n    all: [[费用, 管理费]]\n"
PERIOD = "    kind: must_ask\n    value: period\n    all: [[保险期间, 保]]\n"
PRODUCT = "    kind: must_say\n    value: product\n"
TAIL = "    kind: identity\n    say: [后四位]\n    all: [[身份证], [四位]]\n"
PLATE = "    kind: must_say\n    code: '{plate}'\n    near: [车牌]\n    deny: [不对]\n    confirm: [对]\n"


def words(text: str, at: float, sureness: float) -> tuple[Word, ...]:
    """A syllable each fifth of a second; one after `?` is a guess."""
    made: list[Word] = []
    guess = False
    for char in text:
        if char == "?":
            guess = True
            continue
        made.append(Word(char, at, at + 0.2, 0.3 if guess else sureness))
        guess, at = False, at + 0.2
    return tuple(made)


def check(rule: str, facts: dict[str, str], *turns: str, sureness: float = 0.95) -> Finding:
    """The turns are `A 您好` and `C 嗯`, one after the other."""
    legs: dict[Leg, list[Segment]] = {leg: [] for leg in Leg}
    now = 0.5
    for turn in turns:
        leg = Leg.AGENT if turn[0] == "A" else Leg.CUSTOMER
        said = words(turn[2:], now, sureness)
        legs[leg].append(Segment(leg, now, said[-1].end, turn[2:], sureness, said))
        now = said[-1].end + 0.6
    made = {leg: LegTranscript(leg, now, -20.0, tuple(said)) for leg, said in legs.items()}
    text = "id: t\nversion: 1\nrules:\n  - id: rule\n    title: {zh: 规则}\n" + rule
    heard = Transcript("test", "test", "zh", now, 0.0, made)
    return assess(heard, parse_rule_set(text, "test"), facts).findings[0]


def test_traditional_characters_are_simplified_by_whole_texts() -> None:
    assert simplified_each(["您", "是否", "瞭", "解?"]) == ["您", "是否", "了", "解?"]
    assert (simplified("拿著"), simplified("甚麼"), simplified("著名")) == ("拿着", "什么", "著名")


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("保单管理费每月五元", PASS), ("保单管理费务员", UNCLEAR), ("保单管理费每月都要收", FAIL)],
)
def test_a_figure_that_only_sounds_so_is_for_a_person(said: str, verdict: Verdict) -> None:
    told = check(FEES, {"fees": "保单管理费5元"}, f"A {said}，您知道吗？", "C 知道。")
    assert told.verdict is verdict


def test_figures_that_are_mistaken_for_one_another() -> None:
    assert may_be(75, 15)  # 期十五
    assert may_be(4, 10)
    assert not may_be(5, 15)
    assert [in_hanzi(figure) for figure in (0.5, 1.5, 10, 15, 30, 120)] == [
        "零点五", "一点五", "十", "十五", "三十", "120",
    ]  # fmt: skip
    wrong = check(PERIOD, {"period": "15年"}, "A 保险期间七十五年，您知道吗？", "C 知道。")
    assert wrong.verdict is UNCLEAR
    assert check(PERIOD, {"period": "15年"}, "A 保险期间二十年，您知道吗？", "C 知道。").verdict is FAIL


def test_a_figure_that_the_engine_guessed_is_no_other_value() -> None:
    told = check(PERIOD, {"period": "70岁"}, "A 保险期间到您?十岁，您知道吗？", "C 知道。")
    assert told.verdict is UNCLEAR


def test_a_product_whose_class_was_understood_without_its_name_is_for_a_person() -> None:
    facts = {"product": "喜满门年金保险分红型"}
    assert check(PRODUCT, facts, "A 是起码门年金保险分红形，对吧？", "C 对。").verdict is UNCLEAR
    assert check(PRODUCT, facts, "A 您在我们公司买过一份，对吧？", "C 对。").verdict is FAIL


def test_one_digit_half_heard_is_the_digit_and_another_digit_is_not() -> None:
    asked = "A 请说身份证后四位。"
    assert check(TAIL, {"id_tail": "2718"}, asked, "C 二七有八。").verdict is PASS
    assert check(TAIL, {"id_tail": "2718"}, asked, "C 二七九八。").verdict is UNCLEAR
    # One that slipped is no other number, two that differ are.
    assert check(TAIL, {"id_tail": "2263"}, asked, "C 二六三五。").verdict is UNCLEAR
    assert check(TAIL, {"id_tail": "2263"}, asked, "C 二九八三。").verdict is FAIL


def leg(text: str, sureness: float = 0.95) -> Spoken:
    return hear(words(text, 0.0, sureness))


def test_what_looks_like_a_plate_is_one_that_was_not_understood() -> None:
    found = find_code("晋K2W39B", ("车牌",), leg("您那个近K二达不六三九B前天换的"))
    assert found is not None
    assert found.heard is CodeHeard.OFF_BY_ONE
    found = find_code("蒙B64T2E", ("车牌",), leg("蒙碧六四?提?爱以这个车"))
    assert found is not None
    assert find_code("京A12345", ("车牌",), leg("跑了五万公里，六四年的")) is None


def test_a_plate_of_guesses_is_not_anothers_and_a_denied_one_may_be_mended() -> None:
    facts = {"plate": "京A12345"}
    assert check(PLATE, facts, "A 车牌京B九九八八八。", "C 嗯。").verdict is FAIL
    assert check(PLATE, facts, "A 车牌京B?九?九八八八。", "C 嗯。").verdict is UNCLEAR
    denied = check(PLATE, facts, "A 车牌京A一二三四六。", "C 不对。", "A 对不起，是京A一二三四七。", "C 嗯。")
    assert (denied.verdict, denied.reason) == (UNCLEAR, Reason.DENIED)


def test_absence_is_proven_only_where_the_engine_is_sure_of_the_leg() -> None:
    rule = "    kind: must_say\n    say: [本次通话将会录音]\n"
    assert check(rule, {}, "A 您好，请问您是李女士吗？", "C 是。").verdict is FAIL
    unsure = check(rule, {}, "A 您好，请问您是李女士吗？", "C 是。", sureness=0.83)
    assert (unsure.verdict, unsure.reason) == (UNCLEAR, Reason.AUDIO_INCOMPLETE)


def test_through_noise_much_is_written_that_was_not_said() -> None:
    rule = "    kind: must_say\n    say: [本次通话将会录音]\n"
    heard = "A 您好本次通话将会录音，请问您是李女士吗？"
    assert check(rule, {}, heard, "C 是。", sureness=0.78).verdict is PASS
    assert check(rule, {}, heard, "C 是。", sureness=0.65).verdict is UNCLEAR
