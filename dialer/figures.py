"""Figures that are counted as things happen, for `/metrics`. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

# Seconds. An answer of Asterisk takes 0.5 ms, a commit 2 ms; past a second something is wrong.
BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Histogram:
    """How many took up to how many seconds."""

    def __init__(self, bounds: Sequence[float] = BOUNDS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """One more that took so long."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


@dataclass(slots=True)
class QueueFigures:
    """A queue of events: how many wait now, and how long each had waited when it was taken."""

    waiting: int = 0
    waited: Histogram = field(default_factory=Histogram)


@dataclass(slots=True)
class LinkFigures:
    """One link to a telephone system: round trips of a ping, from asking for a call to its first channel, its
    events on the way to the engine, and how often the link came up (the first time, and after each loss)."""

    up: bool = False
    links: int = 0
    ping: Histogram = field(default_factory=Histogram)
    placing: Histogram = field(default_factory=Histogram)
    events: QueueFigures = field(default_factory=QueueFigures)


@dataclass(slots=True)
class StoreFigures:
    """The database: units of work that wait to be written, and how long a commit takes.

    On a server that is the whole transaction.
    """

    waiting: int
    commits: Histogram
