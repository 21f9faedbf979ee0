"""The questionnaire of a playbook: how it is answered, what an answer does (T2, T5). Pure."""

from enum import StrEnum

from pydantic import Field, model_validator

from dialer.playbooks.base import Data, Text
from dialer.playbooks.expressions.conditions import Condition
from dialer.playbooks.spans import Span


class AnswerType(StrEnum):
    """How a question is answered. The stored value is always a text.

    grade, score, choice, yes_no: the value of one choice. multiple: values of choices, by commas, in their
    order. ranking: the values of all choices, by commas, the most important first. text: as typed. date:
    2026-11-24. amount: yuan with two decimals, "120.00". number: digits.
    """

    GRADE = "grade"
    SCORE = "score"
    CHOICE = "choice"
    MULTIPLE = "multiple"
    RANKING = "ranking"
    YES_NO = "yes_no"
    TEXT = "text"
    DATE = "date"
    AMOUNT = "amount"
    NUMBER = "number"


TYPED = frozenset({AnswerType.TEXT, AnswerType.DATE, AnswerType.AMOUNT, AnswerType.NUMBER})
"""Answers that are typed, not chosen."""


class EffectKind(StrEnum):
    """What an answer brings about."""

    CASE = "case"
    QUESTION_ITEM = "question_item"
    ALARM = "alarm"
    TASK = "task"


class Effect(Data):
    """Something that an answer brings about, once a call."""

    do: EffectKind
    when: Condition | None = Field(
        default=None, description="On the answers given so far; left out: any bad answer to this question."
    )
    title: Text
    level: str = Field(default="ordinary", pattern=r"^(ordinary|major|urgent)$")
    department: str = Field(default="", description="Who has to deal with it.")
    within: Span | None = Field(default=None, description="By when, counted from the answer.")


class Choice(Data):
    """One way to answer: `key` is the digit that gives it."""

    key: str = Field(pattern=r"^[0-9]$")
    value: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    label: Text
    bad: bool = Field(default=False, description="Whether it is a dissatisfied answer (P, T5).")


class Question(Data):
    """One item of a questionnaire. Its id is the item's number in the company's own table."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")
    type: AnswerType
    ask: Text
    hint: Text | None = Field(default=None, description="What the agent should know when asking.")
    choices: tuple[Choice, ...] = ()
    required: bool = True
    when: Condition | None = Field(
        default=None, description="Asked only where this holds of the facts and the answers so far."
    )
    effects: tuple[Effect, ...] = ()
    fills: str = Field(default="", description="The customer's field that it fills in (C1, 信息补录).")

    @model_validator(mode="after")
    def _choices_fit(self) -> "Question":
        keys = [choice.key for choice in self.choices]
        if len(keys) != len(set(keys)):
            raise ValueError(f"question {self.id}: two choices have the same key")
        values = [choice.value for choice in self.choices]
        if len(values) != len(set(values)):
            raise ValueError(f"question {self.id}: two choices have the same value")
        if (self.type in TYPED) == bool(self.choices):
            raise ValueError(f"question {self.id}: what is typed has no choices, every other type has some")
        return self

    def choice(self, value: str) -> Choice | None:
        """The choice whose value is `value`."""
        return next((choice for choice in self.choices if choice.value == value), None)
