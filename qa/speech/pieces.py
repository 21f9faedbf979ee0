"""Where a long recording is cut so that each piece can be decoded by itself. Pure.

An engine that takes a leg as a whole needs memory in step with its length; pieces keep that bounded. A cut
lies in the middle of the longest pause, so no word is halved.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Length of a frame in seconds.
STEP = 0.1
# No piece is longer; most calls are one piece.
LONGEST_SECONDS = 300.0
# A piece that has to be cut is cut in its last part, where the longest pause is.
_SEARCHED_SECONDS = 120.0
# A silence so long parts two pieces wherever it is, and reaches no engine.
_PARTING_SECONDS = 10.0
# Kept of it at both sides: breath and the beginning of a word are quiet.
_KEPT_SECONDS = 1.0
# Peaks under this are silence in any recording: 0.001 is -60 dBFS.
_SILENT_PEAK = 0.001

_LONGEST, _SEARCHED, _PARTING, _KEPT = (
    int(seconds / STEP) for seconds in (LONGEST_SECONDS, _SEARCHED_SECONDS, _PARTING_SECONDS, _KEPT_SECONDS)
)


@dataclass(frozen=True, slots=True)
class Take:
    """The next so many frames: a piece with sound in it, or silence that nobody needs to decode."""

    frames: int
    spoken: bool


class Cutter:
    """Told the peak of each frame (0 to 1) as it comes; says which frames make the next piece."""

    def __init__(self) -> None:
        self._peaks: list[float] = []

    def add(self, peaks: Iterable[float]) -> None:
        """The next frames."""
        self._peaks.extend(peaks)

    def take(self) -> Iterator[Take]:
        """What is complete, from the oldest frame on."""
        while (take := self._next()) is not None:
            del self._peaks[: take.frames]
            yield take

    def left_spoken(self) -> bool:
        """Whether there is sound in what is left at the end of the file, where half a frame may follow."""
        return max(self._peaks, default=1.0) > _SILENT_PEAK

    def _next(self) -> Take | None:
        spoken = next((n for n, peak in enumerate(self._peaks) if peak > _SILENT_PEAK), len(self._peaks))
        if spoken > _PARTING:
            return Take(spoken - _KEPT, spoken=False)
        silent = 0
        for number in range(spoken, min(len(self._peaks), _LONGEST)):
            silent = silent + 1 if self._peaks[number] <= _SILENT_PEAK else 0
            if silent >= _PARTING:
                return Take(number + 1 - silent + _KEPT, spoken=True)
        if len(self._peaks) >= _LONGEST:
            return Take(_quietest(self._peaks[:_LONGEST]), spoken=True)
        return None


def _quietest(peaks: list[float]) -> int:
    """The middle of the longest pause in the last part; where nobody pauses, the quietest frame."""
    last = peaks[-_SEARCHED:]
    first = len(peaks) - len(last)
    loud = sorted(last)[int(len(last) * 0.9)]
    pause = max(_SILENT_PEAK, loud * 0.1)
    best, run = (0, 0), 0
    for number, peak in enumerate(last):
        run = run + 1 if peak <= pause else 0
        best = max(best, (run, number))
    run, end = best
    if run:
        return first + end - run // 2 + 1
    return first + min(range(len(last)), key=last.__getitem__) + 1
