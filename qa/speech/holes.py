"""Speech that an engine passed over: it must be decoded again, or be known as not understood. Pure."""

from collections.abc import Sequence

from qa.speech.port import Segment

Span = tuple[float, float]

# A stretch of speech counts as heard when words cover this share of it.
_COVERED = 0.25
# Shorter sounds are breaths and clicks as often as words.
_SHORTEST_SECONDS = 0.8
# Stretches closer than this are decoded together, in pieces that fit an engine's window.
_NEAR_SECONDS = 1.5
_LONGEST_SECONDS = 25.0


def holes(speech: Sequence[Span], segments: Sequence[Segment]) -> list[Span]:
    """Where there is speech (seconds) and no words, joined to pieces that can be decoded by themselves."""
    words = [(word.start, word.end) for segment in segments for word in segment.words]
    found: list[Span] = []
    for start, end in speech:
        if end - start < _SHORTEST_SECONDS or _overlap((start, end), words) >= _COVERED * (end - start):
            continue
        if found and start - found[-1][1] <= _NEAR_SECONDS and end - found[-1][0] <= _LONGEST_SECONDS:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _overlap(span: Span, others: Sequence[Span]) -> float:
    start, end = span
    return sum(max(0.0, min(end, other[1]) - max(start, other[0])) for other in others)
