"""Which questions of a playbook are asked, and answers as facts (T1, T2, T4). Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from dialer.playbooks.expressions.conditions import Facts, Value
from dialer.playbooks.form.questions import AnswerType, Question
from dialer.playbooks.form.schema import Playbook

IDENTITY = "identity"
"""The id under which the result of the identity check is kept: yes or no (T4)."""

_LISTS = frozenset({AnswerType.MULTIPLE, AnswerType.RANKING})
_WHOLE = frozenset({AnswerType.SCORE, AnswerType.NUMBER})


@dataclass(frozen=True, slots=True)
class Asked:
    """How a questionnaire stands: what is asked of this customer, and which answers count.

    An answer to a question that is not asked any more, because an earlier one was answered differently,
    is kept but does not count.
    """

    questions: tuple[Question, ...]
    answers: Mapping[str, str]
    facts: Facts
    identity: bool

    @property
    def ids(self) -> tuple[str, ...]:
        """What is asked, in its order; the identity check comes first."""
        return (*((IDENTITY,) if self.identity else ()), *(question.id for question in self.questions))

    @property
    def missing(self) -> list[str]:
        """What must be answered and is not, in its order."""
        needed = {question.id for question in self.questions if question.required} | {IDENTITY}
        return [one for one in self.ids if one in needed and one not in self.answers]


def asked(playbook: Playbook, given: Mapping[str, str], facts: Facts) -> Asked:
    """What is asked, given the answers so far; an empty one has been taken back.

    A condition sees the facts and the answers to the questions before its own.
    """
    known: dict[str, Value] = dict(facts)
    answers: dict[str, str] = {}
    questions = []
    identity = bool(playbook.identity and known.get(playbook.identity))
    if identity and given.get(IDENTITY):
        known[IDENTITY] = answers[IDENTITY] = given[IDENTITY]
    for question in playbook.questionnaire:
        if question.when is not None and not question.when.holds(known):
            continue
        questions.append(question)
        value = given.get(question.id, "")
        if value:
            answers[question.id] = value
            known[question.id] = fact_of(question, value)
            known[f"{question.id}.bad"] = is_bad(question, value)
    return Asked(tuple(questions), answers, known, identity)


def fact_of(question: Question, value: str) -> Value:
    """A stored answer as what a condition compares: a number, a date, a list of texts, or a text."""
    try:
        if question.type in _LISTS:
            return tuple(value.split(","))
        if question.type in _WHOLE:
            return int(value)
        if question.type is AnswerType.AMOUNT:
            return Decimal(value)
        if question.type is AnswerType.DATE:
            return date.fromisoformat(value)
    except (ValueError, InvalidOperation):
        return value
    return value


def is_bad(question: Question, value: str) -> bool:
    """Whether an answer is a dissatisfied one; of several choices, whether any is."""
    if question.type is AnswerType.RANKING:
        return False
    chosen = value.split(",") if question.type in _LISTS else [value]
    return any((choice := question.choice(one)) is not None and choice.bad for one in chosen)


def deciding(playbook: Playbook) -> Collection[str]:
    """The questions whose answers decide whether others are asked."""
    named = {
        name.removesuffix(".bad") for item in playbook.questionnaire if item.when for name in item.when.names
    }
    return {item.id for item in playbook.questionnaire if item.id in named}


def branches(
    playbook: Playbook, given: Mapping[str, str], facts: Facts
) -> dict[str, dict[str, tuple[str, ...]]]:
    """What would be asked after each possible answer to a question that decides: `[question][value]`.

    With it a page goes on at once, whatever the network does; only for answers that are one choice.
    """
    return {
        question.id: {
            choice.value: asked(playbook, {**given, question.id: choice.value}, facts).ids
            for choice in question.choices
        }
        for question in playbook.questionnaire
        if question.id in deciding(playbook) and question.choices and question.type not in _LISTS
    }
