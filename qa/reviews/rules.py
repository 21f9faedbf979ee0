"""What a review may say, how far people and machine agree, and what to train (S1-S4, Q5). Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from qa.rules.findings import Verdict

# Of a normal distribution, for intervals that hold 95 of 100 times.
_Z = 1.959964


class OverrideReason(StrEnum):
    """Why a person says otherwise than the machine, in the order of their digits."""

    MISHEARD = "misheard"
    OTHER_WORDS = "other_words"
    WRONG_SPEAKER = "wrong_speaker"
    CONTEXT = "context"
    WRONG_FACT = "wrong_fact"
    RULE_UNFIT = "rule_unfit"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a review says of one rule. `reason` is needed where it is not what the machine says."""

    verdict: Verdict
    reason: OverrideReason | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole with the interval that holds the true part 95 of 100 times (Wilson)."""

    part: int
    whole: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """0 where there is no whole."""
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two judges agree on a rule: Cohen's kappa with its 95 % interval.

    `kappa` is None where both always say the same one thing: chance explains it all. `wrong` is the share of
    the first judge's sure verdicts (pass, fail) that the second one does not share.
    """

    rule_id: str
    count: int
    same: int
    kappa: float | None
    low: float | None
    high: float | None
    wrong: Share


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that an agent broke in a reviewed call."""

    agent_id: str
    rule_id: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to train: with one agent, or with all (`agent_id` empty). `calls` are examples."""

    agent_id: str
    rule_id: str
    count: int
    agents: int
    calls: tuple[str, ...]


def still_open(
    opinions: Mapping[str, Opinion], machine: Mapping[str, Verdict], *, blind: bool
) -> dict[str, str]:
    """What a review lacks, by rule: a verdict of one's own where the machine is not sure or is hidden, a
    reason where one says otherwise."""
    lacks = {}
    for rule_id, found in machine.items():
        opinion = opinions.get(rule_id)
        if opinion is None:
            if blind or found is Verdict.UNCLEAR:
                lacks[rule_id] = "verdict"
        elif opinion.verdict is not found and found is not Verdict.UNCLEAR and opinion.reason is None:
            lacks[rule_id] = "reason"
    return lacks


def share(part: int, whole: int) -> Share:
    """`part` of `whole` with Wilson's interval, which also holds for small numbers and at both ends."""
    if not whole:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = part / whole, _Z * _Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return Share(part, whole, max(0.0, middle - half), min(1.0, middle + half))


def agreement(rule_id: str, pairs: Sequence[tuple[Verdict, Verdict]]) -> Agreement:
    """How the first of each pair agrees with the second.

    The interval is the large-sample one of Cohen (1960); under about 30 calls take it for a hint.
    """
    count, same = len(pairs), sum(one is other for one, other in pairs)
    sure = [(one, other) for one, other in pairs if one in {Verdict.PASS, Verdict.FAIL}]
    wrong = share(sum(one is not other for one, other in sure), len(sure))
    if not count:
        return Agreement(rule_id, 0, 0, None, None, None, wrong)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(first[verdict] * second[verdict] for verdict in Verdict) / (count * count)
    if by_chance >= 1:
        return Agreement(rule_id, count, same, None, None, None, wrong)
    seen = same / count
    kappa = (seen - by_chance) / (1 - by_chance)
    half = _Z * sqrt(seen * (1 - seen) / count) / (1 - by_chance)
    return Agreement(rule_id, count, same, kappa, max(-1.0, kappa - half), min(1.0, kappa + half), wrong)


def lessons(faults: Iterable[Fault], *, least: int = 2, most: int = 3, common: int = 3) -> list[Lesson]:
    """The training plan: what `common` or more agents get wrong is for all; of each agent the up to `most`
    rules he broke at least `least` times. The commonest come first."""
    by_rule: defaultdict[str, list[Fault]] = defaultdict(list)
    by_agent: defaultdict[str, defaultdict[str, list[Fault]]] = defaultdict(lambda: defaultdict(list))
    for fault in faults:
        by_rule[fault.rule_id].append(fault)
        by_agent[fault.agent_id][fault.rule_id].append(fault)
    for_all = [
        lesson
        for rule_id, found in by_rule.items()
        if (lesson := _lesson("", rule_id, found)).agents >= common
    ]
    for_one = []
    for agent_id, rules in sorted(by_agent.items()):
        mine = [_lesson(agent_id, rule_id, found) for rule_id, found in rules.items() if len(found) >= least]
        for_one += sorted(mine, key=lambda lesson: (-lesson.count, lesson.rule_id))[:most]
    return [*sorted(for_all, key=lambda lesson: (-lesson.count, lesson.rule_id)), *for_one]


def may_review(agent_id: str, own_agent_id: str | None, reviewers_before: Collection[str], user: str) -> bool:
    """Nobody reviews his own calls, nor the same call twice (S1, S4)."""
    return agent_id != own_agent_id and user not in reviewers_before


def _lesson(agent_id: str, rule_id: str, found: Sequence[Fault]) -> Lesson:
    calls = tuple(dict.fromkeys(fault.attempt_id for fault in found))[:5]
    return Lesson(agent_id, rule_id, len(found), len({fault.agent_id for fault in found}), calls)
