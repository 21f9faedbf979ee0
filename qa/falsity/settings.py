"""Weights and thresholds of doubtful follow-ups, as data."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from qa.falsity.reasons import DoubtReason


class DoubtSettings(BaseModel):
    """See doubts.yaml for what each one means. Scores are 0 to 100, weights 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: dict[DoubtReason, float]
    suspected: float = Field(ge=0, le=100)
    alarm: float = Field(ge=0, le=100)
    seconds_a_question: float = Field(gt=0)
    seconds_besides: float = Field(ge=0)
    asked: float
    not_asked: float
    in_other_words: float = Field(ge=0, le=1)
    answer_seconds: float
    early_seconds: float
    late_seconds: float
    same_in_a_row: int = Field(ge=2)
    chance: float = Field(gt=0, lt=1)
    others: int = Field(ge=1)
    shared_by: int = Field(ge=2)
    dissatisfied: tuple[str, ...]
    satisfied: tuple[str, ...]


@cache
def shipped_settings() -> DoubtSettings:
    """Those that come with the product."""
    file = Path(__file__).with_name("doubts.yaml")
    return DoubtSettings.model_validate(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
