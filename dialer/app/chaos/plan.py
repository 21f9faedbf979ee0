"""What is broken, at which moment and for how long: drawn from a seed. Pure."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Window(StrEnum):
    """Moments of one call at which a fault is the worst, and `any`."""

    # The first commit is made; the request to ring the agent has not left.
    ATTEMPT_COMMITTED = "attempt_committed"
    # The request is with Asterisk; its answer never comes.
    ORIGINATE_SENT = "originate_sent"
    # The agent waits at the gate, and the service has not heard of it.
    AGENT_UP = "agent_up"
    # The second commit is made; the order to dial the customer has not left.
    GO_COMMITTED = "go_committed"
    # The order is with Asterisk; no event of it comes.
    GO_SENT = "go_sent"
    RINGING = "ringing"
    TALKING = "talking"
    # A leg ended, and nothing of it is written.
    ENDED = "ended"
    # Asterisk has closed a recording, and nobody has taken it over.
    RECORDED = "recorded"
    ANY = "any"


class Blow(StrEnum):
    """What is done."""

    KILL_SERVICE = "kill_service"
    END_SERVICE = "end_service"
    KILL_ASTERISK = "kill_asterisk"
    STOP_ASTERISK = "stop_asterisk"
    # Both at once: the machine has no power, and comes back without what was not on its disk.
    POWER_CUT = "power_cut"
    CUT = "cut"
    # A connection reset in the middle of an action, or of an event or answer.
    TEAR_ORDERS = "tear_orders"
    TEAR_NEWS = "tear_news"
    STALL = "stall"
    # Half open: what goes in one direction is swallowed until somebody gives up.
    SWALLOW_ORDERS = "swallow_orders"
    SWALLOW_NEWS = "swallow_news"
    SPLIT = "split"
    DELAY = "delay"
    FLOOD = "flood"
    LOCK_DATABASE = "lock_database"
    FULL_DISK = "full_disk"
    STEP_CLOCK = "step_clock"
    PHONES_AWAY = "phones_away"

    @property
    def ends_service(self) -> bool:
        """Whether the service is over afterwards."""
        return self in (Blow.KILL_SERVICE, Blow.END_SERVICE, Blow.POWER_CUT)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `blow` at `window`, for `seconds`; `amount` is its size where it has one.

    Of a stepped clock it is seconds, of a flood events, of a delay milliseconds, of phones how many, of a
    power cut the seconds before it that the channel event log loses.
    """

    blow: Blow
    window: Window = Window.ANY
    seconds: float = 0.0
    amount: int = 0

    @property
    def name(self) -> str:
        """As it is counted and told."""
        return self.blow.value if self.window is Window.ANY else f"{self.blow} at {self.window}"


_HOUR, _DAY = 3600, 86400
# So long Linux keeps what was written, before it goes to the disk by itself.
_WRITTEN_BACK = 30
_OF_A_CALL = tuple(window for window in Window if window is not Window.ANY)
_OF_THE_LINK = tuple(window for window in _OF_A_CALL if window is not Window.RECORDED)

# Everything that can happen, once each. Families are dealt in turn, so that few faults are of many kinds.
_FAMILIES: Sequence[Sequence[Fault]] = (
    [
        *(Fault(Blow.KILL_SERVICE, window) for window in _OF_A_CALL),
        Fault(Blow.KILL_SERVICE),
        Fault(Blow.END_SERVICE),
        Fault(Blow.END_SERVICE, Window.TALKING),
    ],
    [
        *(Fault(Blow.KILL_ASTERISK, window) for window in _OF_THE_LINK),
        Fault(Blow.KILL_ASTERISK),
        Fault(Blow.STOP_ASTERISK),
        Fault(Blow.STOP_ASTERISK, Window.TALKING),
        Fault(Blow.POWER_CUT, amount=_WRITTEN_BACK),
        Fault(Blow.POWER_CUT, Window.GO_SENT, amount=1),
        Fault(Blow.POWER_CUT, Window.TALKING),
        Fault(Blow.POWER_CUT, Window.TALKING, amount=5),
    ],
    [
        *(Fault(Blow.CUT, window, seconds=3.0) for window in _OF_THE_LINK),
        Fault(Blow.CUT, seconds=8.0),
        Fault(Blow.TEAR_ORDERS),
        Fault(Blow.TEAR_NEWS),
        Fault(Blow.TEAR_ORDERS, Window.AGENT_UP),
        Fault(Blow.TEAR_NEWS, Window.ORIGINATE_SENT),
    ],
    [
        # Shorter than the deadline of a ping, then longer.
        Fault(Blow.STALL, Window.AGENT_UP, seconds=3.0),
        Fault(Blow.STALL, Window.GO_COMMITTED, seconds=3.0),
        Fault(Blow.STALL, seconds=3.0),
        Fault(Blow.SPLIT, seconds=3.0),
        Fault(Blow.DELAY, seconds=3.0, amount=300),
        Fault(Blow.FLOOD, amount=20_000),
        Fault(Blow.FLOOD, Window.TALKING, amount=50_000),
        Fault(Blow.STALL, seconds=13.0),
        Fault(Blow.STALL, Window.GO_SENT, seconds=13.0),
        Fault(Blow.SWALLOW_ORDERS, seconds=13.0),
        Fault(Blow.SWALLOW_NEWS, seconds=13.0),
        Fault(Blow.SWALLOW_NEWS, Window.GO_SENT, seconds=13.0),
    ],
    [
        Fault(Blow.LOCK_DATABASE, Window.AGENT_UP, seconds=3.0),
        Fault(Blow.FULL_DISK, seconds=4.0),
        Fault(Blow.LOCK_DATABASE, seconds=5.0),
        Fault(Blow.FULL_DISK, Window.TALKING, seconds=3.0),
        # Longer than a writer waits for the lock.
        Fault(Blow.LOCK_DATABASE, Window.TALKING, seconds=12.5),
    ],
    [
        *(Fault(Blow.STEP_CLOCK, seconds=3.0, amount=step) for step in (_HOUR, -_HOUR, _DAY, -_DAY)),
        Fault(Blow.PHONES_AWAY, seconds=3.0, amount=2),
        Fault(Blow.PHONES_AWAY, Window.AGENT_UP, seconds=3.0, amount=4),
    ],
)
# What takes longer comes after what is quick, the first time round.
_SLOW_SECONDS = 10.0


def plan(seed: int, faults: int) -> tuple[Fault, ...]:
    """So many faults, the same for the same seed; every kind comes before any comes a second time."""
    dice = random.Random(seed)
    deals = (_deal(dice, first=number == 0) for number in itertools.count())
    return tuple(itertools.islice(itertools.chain.from_iterable(deals), faults))


def _deal(dice: random.Random, *, first: bool) -> Iterator[Fault]:
    hands = [dice.sample(list(family), len(family)) for family in _FAMILIES]
    dealt = [fault for turn in itertools.zip_longest(*hands) for fault in turn if fault is not None]
    if first:
        dealt.sort(key=lambda fault: fault.seconds >= _SLOW_SECONDS)
    for fault in dealt:
        # Never quite as long as the last time.
        yield Fault(fault.blow, fault.window, round(fault.seconds * dice.uniform(0.8, 1.2), 2), fault.amount)
