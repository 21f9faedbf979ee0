"""The form of a playbook file, checked when it is read."""

from datetime import time
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Data):
    """A text in Chinese and English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_(self, language: str) -> str:
        """The text in `language`, Chinese where it is not English."""
        return self.en if language.startswith("en") else self.zh


class AnswerType(StrEnum):
    """How a question is answered."""

    GRADE = "grade"
    SCORE = "score"
    YES_NO = "yes_no"
    TEXT = "text"


class Choice(_Data):
    """One way to answer: `key` is the digit that gives it."""

    key: str = Field(pattern=r"^[0-9]$")
    value: str
    label: Text
    bad: bool = Field(default=False, description="Whether it is a dissatisfied answer (P, T5).")


class Question(_Data):
    """One item of a questionnaire. Its id is the item's number in the company's own table."""

    id: str = Field(pattern=r"^[a-z0-9_]{1,20}$")
    type: AnswerType
    ask: Text
    choices: tuple[Choice, ...] = ()
    required: bool = True

    @model_validator(mode="after")
    def _choices_fit(self) -> "Question":
        keys = [choice.key for choice in self.choices]
        if len(keys) != len(set(keys)):
            raise ValueError(f"question {self.id}: two choices have the same key")
        if (self.type is AnswerType.TEXT) == bool(self.choices):
            raise ValueError(f"question {self.id}: a text has no choices, every other type has some")
        return self

    def choice(self, value: str) -> Choice | None:
        """The choice whose value is `value`."""
        return next((choice for choice in self.choices if choice.value == value), None)


class Dates(_Data):
    """When a follow-up is due, in days after its occasion; day 0 is the day of the occasion."""

    earliest_days: int = Field(ge=0)
    target_days: int = Field(ge=0)
    limit_days: int = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Dates":
        if not self.earliest_days <= self.target_days <= self.limit_days:
            raise ValueError("dates: earliest_days <= target_days <= limit_days is needed")
        return self


class Window(_Data):
    """Hours of the day in which customers may be called, in the site's time zone (L3)."""

    start: time
    end: time

    @model_validator(mode="after")
    def _in_order(self) -> "Window":
        if not self.start < self.end:
            raise ValueError("a window's start must be before its end")
        return self


class ScriptStep(_Data):
    """What the agent says at one point; {name}, {plate} and the like are filled in (T1)."""

    id: str
    say: Text


class Playbook(_Data):
    """One kind of follow-up."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    version: int = Field(ge=1)
    name: Text
    reason: Text = Field(description="Why we call, in a line for the agent and the customer.")
    occasion: str = Field(description="The kind of occasion that makes this follow-up due.")
    dates: Dates
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    wrap_up_seconds: int = Field(default=60, ge=5, le=1800)
    script: tuple[ScriptStep, ...] = ()
    never_say: tuple[str, ...] = Field(default=(), description="Words shown beside the script.")
    questionnaire: Annotated[tuple[Question, ...], Field(min_length=1)]
    rules: str = Field(description="The rule set its calls are checked against.")

    @model_validator(mode="after")
    def _ids_differ(self) -> "Playbook":
        ids = [question.id for question in self.questionnaire]
        if len(ids) != len(set(ids)):
            raise ValueError("two questions have the same id")
        return self

    def question(self, question_id: str) -> Question | None:
        """The question with this id."""
        return next((item for item in self.questionnaire if item.id == question_id), None)
