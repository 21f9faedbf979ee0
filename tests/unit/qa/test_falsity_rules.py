"""What makes a follow-up doubtful, and what does not (promise 10: 虚假回访)."""

from dataclasses import replace

import pytest

from dialer.telephony.outcomes import Leg
from qa.falsity.reasons import DoubtReason as R
from qa.falsity.rules import Followed, FormAnswer, Habit, judge
from qa.falsity.settings import shipped_settings
from qa.matching.syllables import hear
from tests.unit.qa_store.world import GOOD_CALL, Turn, heard

SETTINGS = shipped_settings()
FORM = (
    FormAnswer("q1", "您对我们服务人员的接待态度满意吗？", "满意", True, False, 26.0),
    FormAnswer("q2", "维修的项目和费用有没有向您解释清楚？", "是", True, False, 33.0),
    FormAnswer("q3", "您车辆的故障是否已经解决？", "是", True, False, 39.0),
)


def followed(turns: tuple[Turn, ...] = GOOD_CALL, answers: tuple[FormAnswer, ...] = FORM) -> Followed:
    legs = {leg: hear(said.words) for leg, said in heard(turns).legs.items()}
    return Followed(answers, 60.0, legs, frozenset(Leg))


def without(*texts: str) -> tuple[Turn, ...]:
    return tuple(turn for turn in GOOD_CALL if not any(text in turn[2] for text in texts))


def reasons(call: Followed) -> list[R]:
    return [doubt.reason for doubt in judge(call, SETTINGS).doubts]


def test_an_honest_form_has_nothing_against_it() -> None:
    judged = judge(followed(), SETTINGS)
    assert (judged.score, judged.doubts) == (0.0, ())


def test_a_dissatisfied_customer_and_a_satisfied_form() -> None:
    """The words themselves are the proof, with their second."""
    turns = tuple((leg, at, text.replace("满意，挺好的", "不太满意，等太久")) for leg, at, text in GOOD_CALL)
    judged = judge(followed(turns), SETTINGS)
    (doubt,) = judged.doubts
    assert (doubt.reason, doubt.words, doubt.questions) == (R.ANSWER_DIFFERS, "不太满意", ("q1",))
    assert doubt.start == pytest.approx(25.0)
    assert judged.score >= SETTINGS.suspected


def test_a_question_nobody_asked_is_ticked() -> None:
    """Two of three were never asked; where the agent's leg was not understood, nothing is said of it."""
    call = followed(without("费用", "解释清楚", "故障", "已经好了"))
    (doubt,) = judge(call, SETTINGS).doubts
    assert (doubt.reason, doubt.questions) == (R.NEVER_ASKED, ("q2", "q3"))
    assert reasons(replace(call, clear=frozenset())) == []


def test_a_question_in_other_words_was_asked() -> None:
    """An agent who says it his own way is no forger."""
    own = (FormAnswer("q1", "您觉得我们服务人员接待您的态度怎么样，还满意吗？", "满意", False, False, 26.0),)
    assert reasons(followed(answers=own)) == []


def test_a_customer_who_says_nothing() -> None:
    silent = tuple(turn for turn in GOOD_CALL if turn[0] is Leg.AGENT)
    assert set(reasons(followed(silent))) == {R.CUSTOMER_SILENT, R.NOT_ANSWERED}
    assert reasons(replace(followed(silent), clear=frozenset({Leg.AGENT}))) == []
    assert reasons(replace(followed(), machine="您好，我是机主的智能助理")) == [R.MACHINE_HEARD]


def test_a_score_no_customer_gave() -> None:
    assert reasons(followed(without("满意，挺好的"))) == [R.NOT_ANSWERED]


def test_times_that_cannot_be() -> None:
    """Answers before their question or after the hang-up; a talk too short for its questions."""
    early = tuple(replace(answer, second=2.0) for answer in FORM)
    assert reasons(followed(answers=early)) == [R.ANSWERED_EARLY]
    late = tuple(replace(answer, late=30.0) for answer in FORM)
    assert reasons(followed(answers=late)) == [R.ANSWERED_LATE]
    short = replace(followed(), talk_seconds=6.0, legs=None)
    (doubt,) = judge(short, SETTINGS).doubts
    assert (doubt.reason, doubt.data["needed"]) == (R.TALK_TOO_SHORT, 14.0)


@pytest.mark.parametrize(
    ("habit", "suspicious"),
    [
        (Habit(row=12, alike=12, others=40), True),
        # Nearly everybody is satisfied here: twelve alike are no wonder.
        (Habit(row=12, alike=38, others=40), False),
        (Habit(row=4, alike=0, others=40), False),
        # Too few others to say what is usual.
        (Habit(row=12, alike=0, others=5), False),
    ],
)
def test_the_same_answers_call_after_call(habit: Habit, suspicious: bool) -> None:
    assert (R.SAME_ANSWERS in reasons(replace(followed(), habit=habit))) is suspicious


def test_numbers_that_are_no_customers() -> None:
    own = judge(replace(followed(), own_number=True), SETTINGS)
    assert own.score >= SETTINGS.alarm
    assert reasons(replace(followed(), customers_of_number=3)) == [R.SHARED_NUMBER]
    assert reasons(replace(followed(), customers_of_number=2)) == []


def test_reasons_add_up_and_never_pass_a_hundred() -> None:
    call = replace(followed(), own_number=True, machine="空号", habit=Habit(30, 0, 40))
    judged = judge(call, SETTINGS)
    assert judged.doubts[0].reason is R.OWN_NUMBER
    assert 95.0 < judged.score <= 100.0
