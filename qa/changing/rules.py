"""Which version judges a call, what a draft would change, and who may publish it. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qa.rules.findings import Evidence, Finding

# A replay of fewer calls proves little; where a site has fewer, one of all of them will do.
LEAST_CALLS = 50
# Flips kept for each rule and change: enough to hear what they are like, however many calls there are.
EXAMPLES = 40


@dataclass(frozen=True, slots=True)
class Span:
    """From when, and from which version of the script on, a version of the rules judges calls."""

    version: int
    effective_from: datetime
    script_from: int | None = None


def in_force(spans: Iterable[Span], at: datetime, script: int | None = None) -> int | None:
    """The version that judges a call placed at `at` by version `script` of its playbook (T7).

    The newest of those that had begun and are meant for this script. A call from before all of them is
    judged by the first one: better by the oldest rules than by none. None where there are no versions.
    """
    ordered = sorted(spans, key=lambda one: one.version)
    for one in reversed(ordered):
        meant = one.script_from is None or (script is not None and script >= one.script_from)
        if meant and one.effective_from <= at:
            return one.version
    return next((one.version for one in ordered if one.script_from is None), None) or next(
        (one.version for one in ordered), None
    )


class Refusal(StrEnum):
    """Why a draft cannot be published by this person now."""

    NO_RIGHT = "no_right"
    OWN_DRAFT = "own_draft"
    NOT_REPLAYED = "not_replayed"


def refusal(
    *,
    authors: Collection[str],
    by: str,
    has_right: bool,
    other_leads: int,
    four_eyes: bool,
    replayed: bool,
    reason: str,
) -> Refusal | None:
    """Whether `by` may publish what `authors` wrote; None: yes.

    Args:
        other_leads: How many besides `by` may publish: where nobody else could, an author may.
        four_eyes: The site's setting.
        replayed: The text as it is now was replayed to the end.
        reason: Why it is published without.
    """
    if not has_right:
        return Refusal.NO_RIGHT
    if four_eyes and by in authors and other_leads:
        return Refusal.OWN_DRAFT
    if not replayed and not reason.strip():
        return Refusal.NOT_REPLAYED
    return None


class Unproven(StrEnum):
    """Why a replay that came to its end says nothing of publishing a draft."""

    OTHER_TEXT = "other_text"
    # It was held against a version that is not in force any more.
    OTHER_VERSION = "other_version"
    # Calls could not be judged, and would not be once this text is in force.
    UNJUDGED = "unjudged"
    FEW_CALLS = "few_calls"


def unproven(
    *, same_text: bool, same_version: bool, judged: int, unjudged: int, stored: int
) -> Unproven | None:
    """What a replay lacks to publish by it; None: nothing. `stored` calls could have been judged."""
    if not same_text:
        return Unproven.OTHER_TEXT
    if not same_version:
        return Unproven.OTHER_VERSION
    if unjudged:
        return Unproven.UNJUDGED
    return Unproven.FEW_CALLS if judged < max(1, min(stored, LEAST_CALLS)) else None


@dataclass(frozen=True, slots=True)
class Flip:
    """A rule whose verdict on a call would be another; "" where one of the two sets has no such rule."""

    rule_id: str
    before: str
    after: str
    before_reason: str
    after_reason: str
    proof: Evidence | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One call judged by both sets: every rule's change as "pass>fail", and those that are none."""

    changes: Mapping[str, str]
    flips: tuple[Flip, ...]


def compare(before: Sequence[Finding], after: Sequence[Finding]) -> Compared:
    """What another rule set would make of a call that these are the findings on."""
    then = {one.rule_id: one for one in before}
    now = {one.rule_id: one for one in after}
    changes, flips = {}, []
    for rule_id in [*now, *(one for one in then if one not in now)]:
        old, new = then.get(rule_id), now.get(rule_id)
        verdicts = (str(old.verdict) if old else "", str(new.verdict) if new else "")
        changes[rule_id] = ">".join(verdicts)
        if verdicts[0] != verdicts[1]:
            reasons = (str(old.reason) if old else "", str(new.reason) if new else "")
            flips.append(Flip(rule_id, *verdicts, *reasons, _proof(new, old)))
    return Compared(changes, tuple(flips))


def _proof(*findings: Finding | None) -> Evidence | None:
    """Where to listen: words before silence, the draft's before those of the version in force."""
    found = [proof for one in findings if one is not None for proof in one.evidence]
    return next((proof for proof in found if proof.words), found[0] if found else None)


Counts = dict[str, dict[str, int]]


def add_up(counts: Mapping[str, Mapping[str, int]], changes: Iterable[Mapping[str, str]]) -> Counts:
    """The changes of further calls added to the counts by rule and change."""
    total = {rule: Counter(by_change) for rule, by_change in counts.items()}
    for one in changes:
        for rule, change in one.items():
            total.setdefault(rule, Counter())[change] += 1
    return {rule: dict(by_change) for rule, by_change in total.items()}


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What a draft does to one rule: how many calls have each verdict before and after, and which flip."""

    rule_id: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    # (before, after) and how many calls, the most first.
    flips: tuple[tuple[str, str, int], ...]

    @property
    def flipped(self) -> int:
        """Calls whose verdict by this rule would be another."""
        return sum(count for *_, count in self.flips)


def by_rule(counts: Mapping[str, Mapping[str, int]]) -> tuple[RuleChange, ...]:
    """The counts as a table, the rules with the most flips first."""
    made = []
    for rule, by_change in counts.items():
        before, after = Counter[str](), Counter[str]()
        flips = []
        for change, count in by_change.items():
            old, _, new = change.partition(">")
            before[old] += count
            after[new] += count
            if old != new:
                flips.append((old, new, count))
        flips.sort(key=lambda one: -one[2])
        made.append(RuleChange(rule, before, after, tuple(flips)))
    return tuple(sorted(made, key=lambda one: -one.flipped))
