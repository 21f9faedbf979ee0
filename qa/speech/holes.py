"""Speech that an engine passed over: it must be decoded again, or be known as not understood. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from qa.speech.port import Segment

Span = tuple[float, float]

# A stretch of speech counts as heard when words cover this share of it.
_COVERED = 0.25
# Shorter sounds are breaths and clicks as often as words.
_SHORTEST_SECONDS = 0.8
# Nobody speaks so long without a word: an engine passed over the beginning of a sentence, say.
_LONG_GAP_SECONDS = 1.2
# Stretches closer than this are decoded together, in pieces that fit an engine's window.
_NEAR_SECONDS = 1.5
_LONGEST_SECONDS = 25.0


def holes(speech: Sequence[Span], segments: Sequence[Segment]) -> list[Span]:
    """Where there is speech (seconds) and no words, joined to pieces that can be decoded by themselves."""
    words = sorted((word.start, word.end) for segment in segments for word in segment.words)
    found: list[Span] = []
    for start, end in (hole for span in speech for hole in _unheard(span, words)):
        if found and start - found[-1][1] <= _NEAR_SECONDS and end - found[-1][0] <= _LONGEST_SECONDS:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _unheard(span: Span, words: Sequence[Span]) -> list[Span]:
    """The whole of it where there are hardly any words, else the long stretches of it between words."""
    start, end = span
    if end - start < _SHORTEST_SECONDS:
        return []
    if _overlap(span, words) < _COVERED * (end - start):
        return [span]
    inside = [word for word in words if word[1] > start and word[0] < end]
    edges = [(start, start), *inside, (end, end)]
    return [(one[1], other[0]) for one, other in pairwise(edges) if other[0] - one[1] >= _LONG_GAP_SECONDS]


def _overlap(span: Span, others: Sequence[Span]) -> float:
    start, end = span
    return sum(max(0.0, min(end, other[1]) - max(start, other[0])) for other in others)
