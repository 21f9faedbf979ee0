"""What was told against what is right, rule by rule: agreement, confident errors, precision, recall. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What leaves the decision to a person: never a confident error.
OPEN = frozenset({"unclear", "for_person"})
# What a person must act on: precision and recall are of these.
FAULTS = frozenset({"fail", "needed", "yes"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule, signal or question item on one call. `right` holds every verdict that counts as right."""

    call: str
    rule: str
    right: frozenset[str]
    told: str
    words: str = ""

    @property
    def agrees(self) -> bool:
        return self.told in self.right

    @property
    def is_confident_error(self) -> bool:
        """Neither right nor left to a person."""
        return not self.agrees and self.told not in OPEN


@dataclass(frozen=True, slots=True)
class Score:
    """The outcomes of one rule, or of all. Shares are 0 to 1; None where there is nothing to divide by."""

    rule: str
    outcomes: tuple[Outcome, ...]

    @property
    def count(self) -> int:
        return len(self.outcomes)

    @property
    def agreement(self) -> float | None:
        return _share(sum(one.agrees for one in self.outcomes), self.count)

    @property
    def confident_errors(self) -> float | None:
        return _share(sum(one.is_confident_error for one in self.outcomes), self.count)

    @property
    def open_share(self) -> float | None:
        """How much was left to a person where the labels know better."""
        return _share(sum(one.told in OPEN and not one.agrees for one in self.outcomes), self.count)

    @property
    def precision(self) -> float | None:
        """Of the faults told, how many are faults."""
        told = [one for one in self.outcomes if one.told in FAULTS]
        return _share(sum(one.agrees for one in told), len(told))

    @property
    def recall(self) -> float | None:
        """Of the faults there are, how many were told; one left to a person was not."""
        faults = [one for one in self.outcomes if one.right <= FAULTS]
        return _share(sum(one.told in FAULTS for one in faults), len(faults))


@dataclass(frozen=True, slots=True)
class Limits:
    """The least agreement and the most confident errors, of `each` rule or of all together."""

    agreement: float = 0.95
    confident_errors: float = 0.02
    each: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """By rule in the order they first came up, and all together."""

    rules: tuple[Score, ...]
    total: Score

    def errors(self) -> tuple[Outcome, ...]:
        """What is not right, confident errors first."""
        wrong = [one for one in self.total.outcomes if not one.agrees]
        return tuple(sorted(wrong, key=lambda one: not one.is_confident_error))

    def beyond(self, limits: Limits) -> tuple[Score, ...]:
        """The scores that keep the limits not. Nothing labelled keeps none."""
        judged = self.rules if limits.each and self.rules else (self.total,)
        return tuple(
            score
            for score in judged
            if score.agreement is None
            or score.agreement < limits.agreement
            or (score.confident_errors or 0.0) > limits.confident_errors
        )


def score(outcomes: Iterable[Outcome]) -> Scores:
    """Count them."""
    everything = tuple(outcomes)
    by_rule: dict[str, list[Outcome]] = {}
    for one in everything:
        by_rule.setdefault(one.rule, []).append(one)
    return Scores(
        tuple(Score(rule, tuple(some)) for rule, some in by_rule.items()), Score("total", everything)
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def shown(share: float | None) -> str:
    """For tables: 0.967, or a dash."""
    return "–" if share is None else f"{share:.3f}"


def report(scores: Scores) -> dict[str, object]:
    """For machines: every figure, and every call that is not right."""
    return {
        "rules": [_figures(one) for one in scores.rules],
        "total": _figures(scores.total),
        "errors": [
            {
                "call": one.call,
                "rule": one.rule,
                "right": sorted(one.right),
                "told": one.told,
                "confident": one.is_confident_error,
                "words": one.words,
            }
            for one in scores.errors()
        ],
    }


def _figures(one: Score) -> dict[str, object]:
    figures: Sequence[tuple[str, float | None]] = (
        ("agreement", one.agreement),
        ("confident_errors", one.confident_errors),
        ("open_share", one.open_share),
        ("precision", one.precision),
        ("recall", one.recall),
    )
    rounded = {name: None if value is None else round(value, 4) for name, value in figures}
    return {"rule": one.rule, "count": one.count, **rounded}
