"""Dispositions and answers, without a database (T2, T3)."""

import pytest

from dialer.followups.states import MACHINE, FollowUpState
from dialer.forms.rules import (
    MAX_TEXT,
    MEANING,
    BadAnswer,
    Disposition,
    check_answer,
    check_form,
)
from dialer.playbooks.asking import asked
from dialer.playbooks.form.schema import AnswerType, Playbook, Question, Text
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import PLAYBOOK

WORDS = Text(zh="问", en="ask")


def with_questions(*questions: Question) -> Playbook:
    return PLAYBOOK.model_copy(update={"questionnaire": questions})


FREE = Question(id="wish", type=AnswerType.TEXT, ask=WORDS, required=False)
OPEN = with_questions(*PLAYBOOK.questionnaire[:2], FREE)


def test_every_disposition_has_a_meaning_that_a_finished_talk_allows() -> None:
    """A new disposition cannot be half handled."""
    assert set(MEANING) == set(Disposition)
    for meaning in MEANING.values():
        assert MACHINE.allows(FollowUpState.WRAP_UP, meaning.event)


def test_a_disposition_is_never_an_outcome() -> None:
    """What came of a talk and what the network did are two words."""
    assert not {one.value for one in Disposition} & {one.value for one in DialOutcome}


def test_only_required_questions_are_missing() -> None:
    """T2: in their order."""
    assert asked(OPEN, {}, {}).missing == ["q1", "q2"]
    assert asked(OPEN, {"q1": "satisfied", "q2": "satisfied"}, {}).missing == []


@pytest.mark.parametrize("disposition", Disposition)
def test_what_each_disposition_asks_for(disposition: Disposition) -> None:
    """T3: only a complete form needs every answer, only "later" a time."""
    everything = {"q1": "satisfied", "q2": "satisfied"}
    check_form(asked(OPEN, everything, {}), disposition, has_time=True)
    without = {
        Disposition.COMPLETED: ({"q1": "satisfied"}, True, "questions without an answer: q2"),
        Disposition.CALL_AGAIN: (everything, False, "say when"),
    }
    if disposition in without:
        answered, has_time, words = without[disposition]
        with pytest.raises(BadAnswer, match=words):
            check_form(asked(OPEN, answered, {}), disposition, has_time=has_time)
    else:
        check_form(asked(OPEN, {}, {}), disposition, has_time=False)


def test_every_shipped_choice_is_an_answer_and_its_digit_is_not() -> None:
    """What is stored is the value; the key is only how it is given."""
    for question in PLAYBOOK.questionnaire:
        for choice in question.choices:
            check_answer(PLAYBOOK, question.id, choice.value)
    with pytest.raises(BadAnswer):
        check_answer(PLAYBOOK, "q1", PLAYBOOK.questionnaire[0].choices[0].key)


def test_a_text_has_a_bound() -> None:
    check_answer(OPEN, "wish", "好" * MAX_TEXT)
    with pytest.raises(BadAnswer, match="longer than 2000 characters: shorten it"):
        check_answer(OPEN, "wish", "好" * (MAX_TEXT + 1))
