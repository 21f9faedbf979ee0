"""Scorecards as data, and the score they give (S2). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

_FULL = Decimal(100)


class ScorecardError(Exception):
    """The scorecard cannot be used; the message names file, line of the card, and what to write instead."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Grade(_Strict):
    """One of the answers a line can have."""

    points: int = Field(ge=0, le=100, description="What it is worth, of 100.")
    title: dict[str, str] = Field(description="Name on pages, by language; zh is needed.")


class Item(_Strict):
    """One line of the scorecard."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: dict[str, str] = Field(description="Name on pages, by language; zh is needed.")
    weight: int = Field(ge=1, le=100, description="Its part of the score, of the sum of all that apply.")
    fatal: bool = Field(default=False, description="Nought points here make the whole score nought.")
    grades: tuple[Grade, ...] = Field(min_length=2, max_length=9, description="Best first.")

    @model_validator(mode="after")
    def _best_first(self) -> Self:
        points = [grade.points for grade in self.grades]
        if points != sorted(set(points), reverse=True):
            raise ValueError("`grades` are listed best first, each with other points")
        if self.fatal and points[-1] != 0:
            raise ValueError("a fatal line needs a grade of 0 points")
        return self


class Scorecard(_Strict):
    """Lines and their weights, at one version."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: dict[str, str]
    items: tuple[Item, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        ids = [item.id for item in self.items]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"line used twice: {', '.join(twice)}")
        if (total := sum(item.weight for item in self.items)) != _FULL:
            raise ValueError(f"the weights add up to {total}; make it 100")
        return self


@dataclass(frozen=True, slots=True)
class Score:
    """`points` of 100, to the hundredth; None where no line applies or one is still open. `fatal` lists the
    lines that made it nought, `missing` those not filled in."""

    points: Decimal | None
    fatal: tuple[str, ...]
    missing: tuple[str, ...]


class BadScore(ValueError):
    """Points that this scorecard does not have; the message says which."""


def score(card: Scorecard, given: Mapping[str, int | None]) -> Score:
    """The score of these points; None for a line is "does not apply", and its weight goes to the others.

    Raises:
        BadScore: a line or its points are not on the card.
    """
    items = {item.id: item for item in card.items}
    for name, points in given.items():
        if name not in items:
            raise BadScore(f"The scorecard {card.id} has no line {name}.")
        if points is not None and points not in {grade.points for grade in items[name].grades}:
            raise BadScore(f"The line {name} of {card.id} has no grade of {points} points.")
    missing = tuple(item.id for item in card.items if item.id not in given)
    filled = [(item, points) for item in card.items if (points := given.get(item.id)) is not None]
    fatal = tuple(item.id for item, points in filled if item.fatal and points == 0)
    weight = sum(item.weight for item, _ in filled)
    if missing or not weight:
        return Score(None, fatal, missing)
    if fatal:
        return Score(Decimal("0.00"), fatal, ())
    sum_of = sum(item.weight * points for item, points in filled)
    return Score((Decimal(sum_of) / weight).quantize(Decimal("0.01"), ROUND_HALF_UP), (), ())


def scorecard_of(kept: Mapping[str, object] | None, name: str) -> Scorecard:
    """The scorecard kept with a review; for one of before it was kept, the shipped one of that name."""
    return Scorecard.model_validate(kept) if kept is not None else shipped_scorecard(name)


def load_scorecard(path: Path) -> Scorecard:
    """Read one file. Raises ScorecardError."""
    try:
        return Scorecard.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScorecardError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        lines = (f"  {'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors())
        raise ScorecardError(f"{path} is no valid scorecard:\n" + "\n".join(lines)) from error


def shipped_scorecard(name: str = "service-quality") -> Scorecard:
    """A scorecard that comes with the product. Raises ScorecardError."""
    return load_scorecard(Path(str(files("playbooks"))) / "scorecards" / f"{name}.yaml")
