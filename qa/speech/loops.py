"""An engine that understands nothing may say one phrase a hundred times: keep it once, note the loss."""

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.speech.port import Segment

# People say 对对对对; nobody says anything eight times on end.
_REPEATS = 8
_LONGEST_UNIT = 8
_PUNCTUATION = re.compile(r"\W+")


def without_loops(segments: Sequence[Segment], seconds: float) -> tuple[tuple[Segment, ...], float]:
    """The segments with every loop said once, and the seconds of speech lost to loops in `seconds` of audio.

    What the loop replaced is unknown, so nothing can be said to be absent from such a leg.
    """
    words = [word for segment in segments for word in segment.words]
    texts = [_PUNCTUATION.sub("", word.text) for word in words]
    dropped: set[int] = set()
    lost = 0.0
    place = 0
    while place < len(texts):
        span = _loop_at(texts, place)
        if span is None:
            place += 1
            continue
        unit, length = span
        dropped.update(range(place + unit, place + length))
        after = words[place + length].start if place + length < len(words) else seconds
        lost += max(0.0, after - words[place].start)
        place += length
    return (tuple(segments), 0.0) if not dropped else (_thinned(segments, dropped), round(lost, 3))


def _loop_at(texts: Sequence[str], place: int) -> tuple[int, int] | None:
    """(words of the unit, words of the whole loop) of a loop that begins here."""
    for unit in range(1, _LONGEST_UNIT + 1):
        first = texts[place : place + unit]
        end = place + unit
        while texts[end : end + unit] == first:
            end += unit
        if end - place >= unit * _REPEATS and any(first):
            return unit, end - place
    return None


def _thinned(segments: Sequence[Segment], dropped: set[int]) -> tuple[Segment, ...]:
    kept: list[Segment] = []
    number = 0
    for segment in segments:
        words = tuple(word for index, word in enumerate(segment.words, number) if index not in dropped)
        number += len(segment.words)
        if len(words) == len(segment.words):
            kept.append(segment)
        elif words:
            text = "".join(word.text for word in words)
            kept.append(replace(segment, words=words, text=text, start=words[0].start, end=words[-1].end))
    return tuple(kept)
