"""The words of questions as data: `questions.yaml`, read once, with what is made of them."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from operator import add

import yaml
from pydantic import BaseModel, ConfigDict

from qa.values.sounds import sounds_of


class QuestionWords(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tags: tuple[str, ...]
    leading_tags: tuple[str, ...]
    supposes: tuple[str, ...]
    requests: tuple[str, ...]
    not_requests: tuple[str, ...]
    anywhere: tuple[str, ...]
    not_questions: tuple[str, ...]
    final: tuple[str, ...]
    not_final: tuple[str, ...]
    unsure: tuple[str, ...]
    addressed: tuple[str, ...]
    final_misheard: dict[str, str]
    misheard_words: tuple[str, ...]
    bare: tuple[str, ...]
    opens: tuple[str, ...]
    refers: tuple[str, ...]
    final_anywhere: tuple[str, ...]
    listening: tuple[str, ...]
    introduces: tuple[str, ...]
    turns: tuple[str, ...]
    sums_up: tuple[str, ...]
    trailing: tuple[str, ...]
    states: tuple[str, ...]
    common: tuple[str, ...]
    backchannel: tuple[str, ...]
    told: tuple[str, ...]


@lru_cache(maxsize=4096)
def own_syllables(sound: str) -> int:
    """How many syllables of a clause are its own; asked for one topic after the other."""
    return len(_bare().sub("", sound))


def pairs(sound: str) -> set[str]:
    """Each syllable with the next one."""
    return set(map(add, sound, sound[1:]))


@cache
def _bare() -> re.Pattern[str]:
    """By sound: engines write 您指导骂 for 您知道吗."""
    return _any_of(tuple(map(sounds_of, question_words().bare)))


@cache
def told() -> re.Pattern[str]:
    """What says that something is known or written somewhere."""
    return _any_of(question_words().told)


@cache
def backchannel() -> re.Pattern[str]:
    """What says nothing: 嗯, 好的."""
    return re.compile(f"(?:{_any_of(question_words().backchannel).pattern})*")


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    """The longest first."""
    return re.compile("|".join(map(re.escape, sorted(set(words), key=len, reverse=True))))


@cache
def question_words() -> QuestionWords:
    """The file, read once."""
    text = files("qa.dialogue").joinpath("questions.yaml").read_text(encoding="utf-8")
    return QuestionWords.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


@cache
def common() -> frozenset[str]:
    """By sound, what two clauses may share without speaking of one thing."""
    return frozenset(sounds_of(word) for word in question_words().common)
