"""What the review screen shows, put together from what is known of the call and decided so far. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from qa.checks.queries import FindingRow
from qa.rules.findings import Verdict
from web.quality.queries import CallRow
from web.reviews.talk import ShownTurn

# What a reviewer has to look at first.
ORDER = (Verdict.FAIL, Verdict.UNCLEAR, Verdict.PASS, Verdict.NA)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: what the machine found (None while that is hidden) and what the reviewer says."""

    id: str
    title: str
    machine: FindingRow | None
    own: Verdict | None
    # What he thinks since he saw the machine's, where the first one was given blind; else None.
    reconsidered: Verdict | None
    own_reason: str
    own_note: str
    # What may be said as a reason, in the order of the digits.
    reasons: Sequence[str]
    # What a person has to give before this review can be submitted: "verdict", "reason"; "" where nothing.
    lacks: str

    @property
    def open(self) -> bool:
        """Whether this rule waits for a person."""
        return bool(self.lacks)

    @property
    def start(self) -> float | None:
        """The second at which the first proof begins; None where there is none to hear."""
        if self.machine is None:
            return None
        spoken = [proof["start"] for proof in self.machine.evidence if proof["words"]]
        return float(spoken[0]) if spoken else None

    @property
    def overturns(self) -> bool:
        """Whether the reviewer says something else than the machine."""
        return self.last is not None and self.machine is not None and self.last is not self.machine.verdict

    @property
    def last(self) -> Verdict | None:
        """What the reviewer says now."""
        return self.reconsidered or self.own


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be given for a line of the scorecard with one key; `points` None is "does not apply"."""

    key: str
    points: int | None
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of the scorecard."""

    id: str
    title: str
    weight: int
    fatal: bool
    # What is given now, in words, and how that looks.
    text: str
    look: str
    choices: Sequence[Choice]
    open: bool


@dataclass(frozen=True, slots=True)
class Total:
    """The score as it stands."""

    text: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class Screen:
    """One review."""

    review_id: str
    sample_id: str
    revision: int
    pool: str
    # Why this call was drawn.
    why: str
    # The machine's verdicts are hidden until the reviewer's own (S4).
    blind: bool
    done: int
    drawn: int
    call: CallRow
    has_sound: bool
    seconds: float
    turns: Sequence[ShownTurn]
    rules: Sequence[RuleLine]
    card: Sequence[CardLine]
    score: Total
    note: str

    @property
    def first(self) -> str:
        """The rule on which the screen opens: the first that was found wrong or unclear, else the first."""
        return self.rules[0].id if self.rules else ""

    @property
    def open_count(self) -> int:
        """How many lines wait for a verdict or points."""
        return sum(one.lacks == "verdict" for one in self.rules) + sum(one.open for one in self.card)

    @property
    def reasons_open(self) -> int:
        """How many verdicts wait for the reason why they differ from the machine's."""
        return sum(one.lacks == "reason" for one in self.rules)
