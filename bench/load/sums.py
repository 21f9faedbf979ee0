"""The sums and verdicts of the load measurement. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

# A recording may be this much shorter than its call.
MOST_MISSING_SECONDS = 0.5
MOST_SERVICE_CPU = 15.0
MOST_PAGE_LAG_MS = 300.0
# An agent's own time around a talk: ringing, the customer's ringing, the wrap-up.
AROUND_SECONDS = 5.0
MOST_RING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Nearest ranks of some values, in their own unit; of no values NaN."""

    count: int
    p50: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took: per cent of one core, and the most memory in MB."""

    cpu: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Short:
    """A recording that lacks more than it may: seconds of the call and of the shorter side, and what its row
    says is wrong with it."""

    call: str
    lasted: float
    recorded: float
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recordings against answered calls. `missing` are seconds from HFAnswered to the end of the customer's
    leg that are not in the shorter side; `shorts` are those past the limit."""

    answered: int
    recordings: int
    missing: Spread
    shorts: tuple[Short, ...] = ()

    @property
    def short(self) -> int:
        """How many lack more than they may."""
        return len(self.shorts)

    @property
    def named(self) -> int:
        """How many of these are told of."""
        return sum(bool(one.problems) for one in self.shorts)

    @property
    def held(self) -> bool:
        """Whether every answered call has its recording, within the limit at p99."""
        return self.recordings == self.answered > 0 and self.missing.p99 <= MOST_MISSING_SECONDS


@dataclass(frozen=True, slots=True)
class Step:
    """Asterisk alone, with so many calls up at once."""

    calls: int
    up: int
    placed: int
    recorded: Recorded
    asterisk: Usage

    @property
    def failed(self) -> int:
        """Calls that were placed and never answered: here every phone answers."""
        return self.placed - self.recorded.answered

    @property
    def held(self) -> bool:
        """Whether Asterisk carried them."""
        return self.failed == 0 and self.recorded.held


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole service with so many calls up at once. Times are seconds, the lag milliseconds.

    `seconds` is how long it was measured with all agents at work; `unlinked` are files of calls that lie
    where Asterisk left them when all is over, `lost` answered calls without a row or a file in the archive.
    `page_lag` is until all hang up at once, `last_lag` from then on.
    """

    calls: int
    up: float
    most_up: int
    seconds: float
    placed: int
    failed: int
    recorded: Recorded
    service: Usage
    asterisk: Usage
    page_lag: Spread
    last_lag: Spread
    events: int
    hung_up: int
    unlinked: int
    lost: int
    settled_seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One limit: what was wanted, what was found, whether it was kept."""

    what: str
    wanted: str
    found: str
    good: bool


@dataclass(slots=True)
class LoadBench:
    """What was measured so far: it grows, so that whoever stops the measurement has it."""

    steps: list[Step] = field(default_factory=list)
    whole: Whole | None = None

    @property
    def held(self) -> int:
        """The most calls at once that Asterisk alone carried; 0 for none."""
        return max((step.calls for step in self.steps if step.held), default=0)

    @property
    def good(self) -> bool:
        """Whether every limit was kept."""
        verdicts = judge(self)
        return bool(verdicts) and all(one.good for one in verdicts)


def judge(bench: LoadBench) -> list[Verdict]:
    """A verdict for each limit; none before the service was measured."""
    whole = bench.whole
    if whole is None:
        return []
    recorded = whole.recorded
    carried = whole.up >= 0.95 * whole.calls
    return [
        Verdict(
            "calls at once",
            f"≥ {0.95 * whole.calls:.0f}, as Asterisk alone",
            f"{whole.up:.0f} on average, {whole.most_up} at most",
            carried and whole.failed == 0,
        ),
        Verdict(
            "service's CPU",
            f"≤ {MOST_SERVICE_CPU:.0f} % of a core",
            f"{whole.service.cpu:.1f} %",
            whole.service.cpu <= MOST_SERVICE_CPU,
        ),
        Verdict(
            "recordings",
            f"each within {MOST_MISSING_SECONDS} s of its call",
            f"{recorded.missing.most:.2f} s at most, {recorded.short} past it ({recorded.named} named)",
            recorded.recordings == recorded.answered > 0 and recorded.short == 0,
        ),
        Verdict(
            "page lag",
            f"p99 ≤ {MOST_PAGE_LAG_MS:.0f} ms",
            f"{whole.page_lag.p99:.0f} ms",
            whole.page_lag.p99 <= MOST_PAGE_LAG_MS,
        ),
        Verdict(
            "nothing lost",
            f"0 lost, 0 unlinked after {whole.hung_up} hang-ups at once",
            f"{whole.lost} lost, {whole.unlinked} unlinked",
            whole.lost == 0 and whole.unlinked == 0,
        ),
    ]


def spread(values: Sequence[float]) -> Spread:
    """The nearest ranks of `values`."""
    if not values:
        return Spread(0, float("nan"), float("nan"), float("nan"))
    ordered = sorted(values)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return Spread(len(ordered), round(p50, 3), round(p99, 3), round(ordered[-1], 3))


def recorded(
    answered: Mapping[str, float],
    ended: Mapping[str, float],
    seconds: Mapping[str, float],
    problems: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Recorded:
    """Compare recordings with their calls, by call: `seconds` of the shorter side of each recording there is,
    and the `problems` that are told of.

    A recording that is longer than its call misses nothing.
    """
    lasted = {call: ended[call] - at for call, at in answered.items() if call in ended and call in seconds}
    missing = {call: max(0.0, length - seconds[call]) for call, length in lasted.items()}
    return Recorded(
        answered=len(answered),
        recordings=sum(call in seconds for call in answered),
        missing=spread(list(missing.values())),
        shorts=tuple(
            Short(call, round(lasted[call], 2), round(seconds[call], 2), tuple(problems.get(call, ())))
            for call, gap in missing.items()
            if gap > MOST_MISSING_SECONDS
        ),
    )


def agents_for(calls: int, talk_seconds: float) -> int:
    """How many agents keep so many talks up on average: each is busy around a talk, too."""
    return -int(-calls * (talk_seconds + AROUND_SECONDS) // talk_seconds)


def calls_in(calls: int, talk_seconds: float, seconds: float) -> int:
    """How many customers suffice for so many calls up over `seconds`, with some to spare."""
    return int(calls * (2 + 1.3 * seconds / (talk_seconds + AROUND_SECONDS)))


def ladder(most: int, step: int) -> list[int]:
    """Numbers of calls to try in turn, `most` the last."""
    return [*range(step, most, step), most]
