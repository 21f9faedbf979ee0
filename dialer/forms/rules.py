"""When an answer fits, when a form is complete, and what a disposition means (T2-T4). Pure."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from dialer.followups.states import FollowUpEvent
from dialer.playbooks.asking import IDENTITY, Asked
from dialer.playbooks.form.questions import AnswerType, Question
from dialer.playbooks.form.schema import Playbook

MAX_TEXT = 2000
# A tail of fewer characters could be guessed.
MIN_TAIL = 4
# So often the customer may be asked in one call for the tail of the document.
MAX_IDENTITY_TRIES = 3

_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_LARGEST = Decimal("1e10")


class Disposition(StrEnum):
    """What came of a talk in business terms. Never mixed with what the network did."""

    COMPLETED = "completed"
    CALL_AGAIN = "call_again"
    REFUSED = "refused"
    DO_NOT_CALL = "do_not_call"
    UPSET = "upset"
    WRONG_PERSON = "wrong_person"
    CUT_OFF = "cut_off"
    # An announcement, a mailbox or a secretary answered: the customer was not reached (D3).
    MACHINE = "machine"


class Satisfaction(StrEnum):
    """How satisfied the customer is over all, as the agent heard it (T3)."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    SO_SO = "so_so"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"


DISSATISFIED = frozenset({Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED})


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
    Disposition.DO_NOT_CALL: Meaning(FollowUpEvent.CANCEL),
    Disposition.UPSET: Meaning(FollowUpEvent.CALL_AGAIN),
    Disposition.WRONG_PERSON: Meaning(FollowUpEvent.CANCEL),
    Disposition.CUT_OFF: Meaning(FollowUpEvent.CALL_AGAIN),
    Disposition.MACHINE: Meaning(FollowUpEvent.HEARD),
}


class BadAnswer(ValueError):
    """The answer or form does not fit. The message says what is wrong and what to do."""


def check_answer(playbook: Playbook, question_id: str, value: str) -> str:
    """The answer as it is kept; refuse what is not an answer to this question.

    Dates become 2026-11-24, amounts 120.00, several choices stand in the order of the question. "" takes
    back an answer that was typed or that is a list.

    Raises:
        BadAnswer: no such question, or no such answer.
    """
    question = playbook.question(question_id)
    if question is None:
        raise BadAnswer(f"the questionnaire {playbook.id} has no question {question_id!r}")
    if not value and question.type in _CHECKED:
        return ""
    return _CHECKED.get(question.type, _choice)(question, value)


def _choice(question: Question, value: str) -> str:
    if question.choice(value) is None:
        known = ", ".join(choice.value for choice in question.choices)
        raise BadAnswer(f"{value!r} is no answer to {question.id}: choose one of {known}")
    return value


def _chosen(question: Question, value: str) -> list[str]:
    given = value.split(",")
    for one in given:
        _choice(question, one)
    if len(set(given)) != len(given):
        raise BadAnswer(f"the answer to {question.id} names a choice twice: {value}")
    return given


def _multiple(question: Question, value: str) -> str:
    given = set(_chosen(question, value))
    return ",".join(choice.value for choice in question.choices if choice.value in given)


def _ranking(question: Question, value: str) -> str:
    if len(_chosen(question, value)) != len(question.choices):
        raise BadAnswer(f"the answer to {question.id} must rank all {len(question.choices)} choices")
    return value


def _text(question: Question, value: str) -> str:
    if len(value) > MAX_TEXT:
        raise BadAnswer(f"the text is longer than {MAX_TEXT} characters: shorten it")
    return value


def _date(question: Question, value: str) -> str:
    found = _DATE.fullmatch(_plain(value))
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        pass
    raise BadAnswer(f"{value!r} is no date for {question.id}: type it as 2026-11-24")


def _amount(question: Question, value: str) -> str:
    text = _plain(value).replace(",", "").strip("¥元")
    try:
        amount = Decimal(text) if re.fullmatch(r"\d+(\.\d{1,2})?", text) else None
    except InvalidOperation:
        amount = None
    if amount is None or amount >= _LARGEST:
        raise BadAnswer(f"{value!r} is no amount for {question.id}: type yuan as 120 or 120.50")
    return f"{amount:.2f}"


def _number(question: Question, value: str) -> str:
    text = _plain(value).replace(",", "")
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise BadAnswer(f"{value!r} is no number for {question.id}: type digits only")
    return str(int(text))


# What is kept otherwise than as the one choice that was made.
_CHECKED: Mapping[AnswerType, Callable[[Question, str], str]] = {
    AnswerType.MULTIPLE: _multiple,
    AnswerType.RANKING: _ranking,
    AnswerType.TEXT: _text,
    AnswerType.DATE: _date,
    AnswerType.AMOUNT: _amount,
    AnswerType.NUMBER: _number,
}


def _plain(value: str) -> str:
    """Full-width letters and digits as their plain ones, without spaces."""
    return "".join(unicodedata.normalize("NFKC", value).split())


def same_tail(said: str, known: str) -> bool:
    """Whether what the customer said is the tail of the document (T4). Case and spaces do not matter.

    Raises:
        BadAnswer: too little was said to tell.
    """
    tail, whole = _plain(said).upper(), _plain(known).upper()
    needed = min(MIN_TAIL, len(whole))
    if len(tail) < needed:
        raise BadAnswer(f"ask the customer for the last {needed} characters of the document")
    return whole.endswith(tail) or tail.endswith(whole)


def check_form(standing: Asked, disposition: Disposition, *, has_time: bool) -> None:
    """Refuse a form that says more than is there: an incomplete one is not closed as complete.

    Raises:
        BadAnswer: answers or the time of the next call are missing, or the person is not the right one.
    """
    meaning = MEANING[disposition]
    if meaning.needs_all_answers:
        if standing.missing:
            raise BadAnswer(f"questions without an answer: {', '.join(standing.missing)}")
        if standing.answers.get(IDENTITY) == "no":
            raise BadAnswer("the identity check failed: choose another result than completed")
    if meaning.needs_time and not has_time:
        raise BadAnswer("say when the customer is to be called again")


def check_promise(promise: str, *, has_time: bool) -> None:
    """A promised reply has its words and its time, or there is none (T3).

    Raises:
        BadAnswer: one of the two is missing.
    """
    if promise and not has_time:
        raise BadAnswer("say by when the reply was promised")
    if has_time and not promise:
        raise BadAnswer("say what reply was promised")


def bad_answers(standing: Asked) -> Collection[str]:
    """The questions whose counted answer is a dissatisfied one."""
    return [item.id for item in standing.questions if standing.facts.get(f"{item.id}.bad")]
