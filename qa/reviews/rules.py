"""What a review may say, how far people and machine agree, and what to train (S1-S4, Q5). Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from math import sqrt
from zoneinfo import ZoneInfo

from dialer.followups.workdays import WorkCalendar
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


class Unfit(StrEnum):
    """Why a drawn call cannot be reviewed."""

    BAD_SOUND = "bad_sound"
    NO_SOUND = "no_sound"
    WRONG_CALL = "wrong_call"
    OWN_CALL = "own_call"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a review says of one rule. `reason` is needed where it is not what the machine says.

    `reconsidered` is what a blind reviewer says once he has seen the machine's verdict; his first one stands.
    """

    verdict: Verdict
    reason: OverrideReason | None = None
    note: str = ""
    reconsidered: Verdict | None = None

    @property
    def last(self) -> Verdict:
        """What counts for the agent."""
        return self.reconsidered or self.verdict


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
class Estimate:
    """How often a rule is broken, of the calls in which a person could say whether it was.

    Where it did not apply (`not_applicable`), or could not be told (`unclear`), it was not kept, nor broken.
    """

    broken: Share
    not_applicable: int
    unclear: int


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


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long an agent may appeal and how long the second reviewer has, in working days of the site (S4)."""

    calendar: WorkCalendar
    zone: ZoneInfo
    appeal: int
    decide: int

    def to_appeal(self, submitted_at: datetime) -> datetime:
        """Until when the agent may appeal."""
        return self._end(submitted_at, self.appeal)

    def to_decide(self, filed_at: datetime) -> datetime:
        """Until when the appeal is to be decided."""
        return self._end(filed_at, self.decide)

    def _end(self, since: datetime, workdays: int) -> datetime:
        """The end of that day: whoever comes to work on it still has all of it."""
        day = self.calendar.add(since.astimezone(self.zone).date(), workdays)
        return datetime.combine(day, time(23, 59, 59), self.zone)


def still_open(
    opinions: Mapping[str, Opinion],
    machine: Mapping[str, Verdict],
    *,
    blind: bool,
    asked: Collection[str] = (),
) -> dict[str, str]:
    """What a review lacks, by rule: a verdict of one's own where the machine is not sure, is hidden, or has
    judged nothing (`asked`: the rules of such a call), a reason where one says otherwise."""
    lacks = {rule_id: "verdict" for rule_id in asked if rule_id not in machine and rule_id not in opinions}
    for rule_id, found in machine.items():
        opinion = opinions.get(rule_id)
        if opinion is None:
            if blind or found is Verdict.UNCLEAR:
                lacks[rule_id] = "verdict"
        elif opinion.last is not found and found is not Verdict.UNCLEAR and opinion.reason is None:
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


def estimate(said: Collection[Verdict]) -> Estimate:
    """From what people said of one rule in the calls of the random pool."""
    counts = Counter(said)
    told = counts[Verdict.FAIL] + counts[Verdict.PASS]
    return Estimate(share(counts[Verdict.FAIL], told), counts[Verdict.NA], counts[Verdict.UNCLEAR])


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


def hides_machine(*, blind: bool, over: bool, reviewer: str | None, user: str) -> bool:
    """Whether this review keeps what the machine says of its call from this user, wherever it is told: he has
    yet to give his own verdict, blind (S4)."""
    return blind and not over and reviewer == user


def _lesson(agent_id: str, rule_id: str, found: Sequence[Fault]) -> Lesson:
    calls = tuple(dict.fromkeys(fault.attempt_id for fault in found))[:5]
    return Lesson(agent_id, rule_id, len(found), len({fault.agent_id for fault in found}), calls)
