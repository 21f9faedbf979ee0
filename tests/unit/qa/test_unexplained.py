"""A question that no rule knows leaves what seems not to have been asked to a person (Q4)."""

from qa.rules.assess import assess
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.schema import parse_rule_set
from tests.support.labelled import talk

RULES = """id: t
version: 1
asides: ["您是{name}", 还有什么建议]
rules:
  - {id: ask_fixed, title: {zh: 问}, kind: must_ask, all: [[修好, 解决]]}
  - {id: ask_attitude, title: {zh: 问}, kind: must_ask, all: [[态度]]}
"""


def fixed(*said: str, rules: str = RULES) -> Finding:
    lines = [("agent", text) for text in said]
    return assess(talk(*lines), parse_rule_set(rules, "test"), {"name": "李女士"}).findings[0]


def test_a_question_in_unknown_words_is_shown_and_left_to_a_person() -> None:
    finding = fixed("您好，态度好不好？", "那个怪声音正常了没有？")
    assert (finding.verdict, finding.reason) == (Verdict.UNCLEAR, Reason.MAYBE_SAID)
    assert [proof.words for proof in finding.evidence] == ["那个怪声音正常了没有"]


def test_questions_of_other_rules_and_asides_leave_it_a_fault() -> None:
    finding = fixed("您好，请问您是李女士吗？", "师傅的态度好不好？", "您还有什么建议吗？")
    assert (finding.verdict, finding.reason) == (Verdict.FAIL, Reason.NOT_SAID)


def test_a_question_that_asks_for_something_else_leaves_it_a_fault() -> None:
    """Else each question of small talk would hide what was not asked."""
    assert fixed("您好，态度好不好？", "今天外面冷不冷？").verdict is Verdict.FAIL


def test_a_bare_question_after_one_that_is_known_asks_the_same_again() -> None:
    assert fixed("师傅的态度好不好，您满意吗？").verdict is Verdict.FAIL


def test_statements_in_unknown_words_ask_nothing() -> None:
    assert fixed("您好，那个怪声音没有了。").verdict is Verdict.FAIL


def test_what_was_asked_stays_asked() -> None:
    assert fixed("那个怪声音还有没有？", "车修好了吗？").verdict is Verdict.PASS


def test_a_statement_with_an_unknown_question_after_it_is_for_a_person() -> None:
    """Whether that question was about it cannot be told; one that another rule knows was not."""
    assert fixed("您的车已经修好了，这个结果您这边有什么要说的没有？").verdict is Verdict.UNCLEAR
    assert fixed("您的车已经修好了，师傅的态度好不好？").verdict is Verdict.FAIL


def test_a_list_before_a_question_in_unknown_words_is_what_it_may_be_about() -> None:
    """合同，包括条款，您有没有receive到; what is told as being so is no list."""
    both = RULES.replace("[[修好, 解决]]", "[[车], [修好, 解决]]")
    assert fixed("您的车，连着发票，您有没有check过？", rules=both).verdict is Verdict.UNCLEAR
    assert fixed("您的车已经送回去了，今天那边有没有下雨呀？", rules=both).verdict is Verdict.FAIL


def test_a_rule_may_name_the_words_of_its_topic() -> None:
    """Where the first group of words says nothing of what it is about."""
    named = RULES.replace("all: [[修好, 解决]]}", "all: [[修好], [车]], topic: [毛病]}")
    asked = ("那个毛病整利索没？",)
    assert fixed(*asked, rules=named).verdict is Verdict.UNCLEAR
    assert fixed(*asked).verdict is Verdict.FAIL
