"""When an answer fits, when a form is complete, and what a disposition means (T2, T3). Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from dialer.followups.states import FollowUpEvent
from dialer.playbooks.schema import AnswerType, Playbook

MAX_TEXT = 2000


class Disposition(StrEnum):
    """What came of a talk in business terms. Never mixed with what the network did."""

    COMPLETED = "completed"
    CALL_AGAIN = "call_again"
    REFUSED = "refused"
    WRONG_PERSON = "wrong_person"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a disposition does: the follow-up's next event, and what it asks for."""

    event: FollowUpEvent
    needs_all_answers: bool = False
    needs_time: bool = False


# One row for every disposition: a new one cannot be half handled.
MEANING = {
    Disposition.COMPLETED: Meaning(FollowUpEvent.COMPLETE, needs_all_answers=True),
    Disposition.CALL_AGAIN: Meaning(FollowUpEvent.CALL_AGAIN, needs_time=True),
    Disposition.REFUSED: Meaning(FollowUpEvent.CANCEL),
    Disposition.WRONG_PERSON: Meaning(FollowUpEvent.CANCEL),
    Disposition.CUT_OFF: Meaning(FollowUpEvent.CALL_AGAIN),
}


class BadAnswer(ValueError):
    """The answer or form does not fit. The message says what is wrong and what to do."""


def check_answer(playbook: Playbook, question_id: str, value: str) -> None:
    """Refuse what is not an answer to this question.

    Raises:
        BadAnswer: no such question, or not one of its choices.
    """
    question = playbook.question(question_id)
    if question is None:
        raise BadAnswer(f"the questionnaire {playbook.id} has no question {question_id!r}")
    if question.type is AnswerType.TEXT:
        if len(value) > MAX_TEXT:
            raise BadAnswer(f"the text is longer than {MAX_TEXT} characters: shorten it")
    elif question.choice(value) is None:
        known = ", ".join(choice.value for choice in question.choices)
        raise BadAnswer(f"{value!r} is no answer to {question_id}: choose one of {known}")


def missing_answers(playbook: Playbook, answered: Collection[str]) -> list[str]:
    """Required questions without an answer, in their order."""
    return [item.id for item in playbook.questionnaire if item.required and item.id not in answered]


def check_form(
    playbook: Playbook, disposition: Disposition, answered: Collection[str], *, has_time: bool
) -> None:
    """Refuse a form that says more than is there: an incomplete one is not closed as complete.

    Raises:
        BadAnswer: answers or the time of the next call are missing.
    """
    meaning = MEANING[disposition]
    missing = missing_answers(playbook, answered)
    if meaning.needs_all_answers and missing:
        raise BadAnswer(f"questions without an answer: {', '.join(missing)}")
    if meaning.needs_time and not has_time:
        raise BadAnswer("say when the customer is to be called again")
