"""One leg leaks into the other: the same words at the same time, much quieter. The copy is dropped. Pure.

Most echo is muted before the decoding (qa.speech.echo); this catches what came through, for else a customer's
leg that carries the agent's echo would answer the agent's questions with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rapidfuzz.distance import LCSseq

from dialer.telephony.outcomes import Leg
from qa.speech.pinyin import sounds
from qa.speech.port import LegTranscript, Segment, Word
from qa.speech.text import plain

# So much quieter (dB) than what the other leg holds at that moment, it is no second speaker: people on two
# telephones are seldom 10 dB apart, an echo is weaker by 15 and more.
QUIETER_DB = 12.0
# An echo comes back within this time, and engines place words to about as much.
_AROUND_SECONDS = 0.6
# A pause so long parts two utterances.
_PAUSE_SECONDS = 0.5
# The share of an utterance's syllables that must be in the other leg's words; a quiet copy is heard badly.
_ALIKE = 0.6

Levels = Mapping[Leg, Sequence[float]]


def without_crosstalk(
    legs: Mapping[Leg, LegTranscript], levels: Levels, step: float
) -> tuple[dict[Leg, LegTranscript], float]:
    """The legs without copies of each other's words, and how many seconds of copies were dropped.

    `levels` holds each leg's loudness in dBFS by frames of `step` seconds.
    """
    kept = dict(legs)
    dropped = 0.0
    if len(levels) < len(Leg):
        return kept, dropped
    for leg, other in ((Leg.AGENT, Leg.CUSTOMER), (Leg.CUSTOMER, Leg.AGENT)):
        if leg not in kept or other not in kept:
            continue
        copies = [
            words
            for words in _utterances(kept[leg].words)
            if _level(levels[other], words, step) - _level(levels[leg], words, step) >= QUIETER_DB
            and _is_copy(words, legs[other].words)
        ]
        gone = {id(word) for words in copies for word in words}
        if gone:
            parts = (_without(segment, gone) for segment in kept[leg].segments)
            segments = tuple(segment for segment in parts if segment is not None)
            kept[leg] = replace(kept[leg], segments=segments)
            dropped += sum(words[-1].end - words[0].start for words in copies)
    return kept, round(dropped, 3)


def _utterances(words: Sequence[Word]) -> list[list[Word]]:
    found: list[list[Word]] = []
    for word in words:
        if found and word.start - found[-1][-1].end <= _PAUSE_SECONDS:
            found[-1].append(word)
        else:
            found.append([word])
    return found


def _level(frames: Sequence[float], words: Sequence[Word], step: float) -> float:
    """The loudness of the louder half of these words' time."""
    first, last = int(words[0].start / step), int(words[-1].end / step) + 1
    heard = sorted(frames[first:last])
    louder = heard[len(heard) // 2 :]
    return sum(louder) / len(louder) if louder else -120.0


def _is_copy(words: Sequence[Word], other: Sequence[Word]) -> bool:
    since, until = words[0].start - _AROUND_SECONDS, words[-1].end + _AROUND_SECONDS
    said = _syllables(words)
    there = _syllables([word for word in other if word.end >= since and word.start <= until])
    return bool(said) and LCSseq.similarity(said, there) >= _ALIKE * len(said)


def _syllables(words: Sequence[Word]) -> list[str]:
    return sounds(plain("".join(word.text for word in words)))


def _without(segment: Segment, gone: set[int]) -> Segment | None:
    words = tuple(word for word in segment.words if id(word) not in gone)
    if len(words) == len(segment.words):
        return segment
    if not words:
        return None
    text = "".join(word.text for word in words)
    return replace(segment, words=words, text=text, start=words[0].start, end=words[-1].end)
