"""New calls in a second, at most: a token bucket for each trunk, in the process that places them (D4)."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dialer.trunks.settings import TrunkSettings


@dataclass(slots=True)
class _Bucket:
    rate: float
    size: float
    tokens: float
    at: float


class Buckets:
    """What the rates of these trunks allow now. `clock` counts seconds and never goes back."""

    def __init__(self, trunks: Iterable[TrunkSettings], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets = {
            one.name: _Bucket(one.calls_per_second, max(1.0, one.calls_per_second), 1.0, clock())
            for one in trunks
            if one.calls_per_second is not None
        }

    def allowed(self) -> Mapping[str, int]:
        """By trunk, how many calls may be placed now; one that is not in it has no limit."""
        now = self._clock()
        return {name: self._filled(bucket, now) for name, bucket in self._buckets.items()}

    def spend(self, trunk: str, calls: int = 1) -> None:
        """So many calls were committed to; what was taken too much is owed."""
        bucket = self._buckets.get(trunk)
        if bucket is not None:
            self._filled(bucket, self._clock())
            bucket.tokens -= calls

    @staticmethod
    def _filled(bucket: _Bucket, now: float) -> int:
        bucket.tokens = min(bucket.size, bucket.tokens + (now - bucket.at) * bucket.rate)
        bucket.at = now
        return max(0, int(bucket.tokens + 1e-9))
