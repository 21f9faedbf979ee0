"""What was heard on a customer's line: by its phrases, and where there are none by its sound (D3). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from dialer.telephony.heard import Heard
from qa.announcements.phrases import AfterAnswer, Phrases
from qa.matching.phrases import Bands, Hit, find, wording
from qa.matching.syllables import Spoken, hear
from qa.speech.port import Word

_BANDS = Bands()
# An opening only supports a phrase, and is what engines mangle most: 您拨打的 becomes 您不带的.
_OPENING = 70.0
# Two classes less than this apart are heard equally well.
_SAME = 3.0
# Loud for a shorter time is a click.
_LEAST_SPEECH_SECONDS = 0.3
# Ring-back lasts a second and more, busy and congestion a third and two thirds of one.
_RING_BACK_SECONDS = 0.85
_FEWEST_BURSTS = 2


class Source(StrEnum):
    """Where it was heard: before the answer, or after what was signalled as one."""

    EARLY = "early"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Sound:
    """What a line sounded like. `speech_seconds` were loud and no tone; `tones` are the lengths of each tone
    that began and ended, in seconds."""

    seconds: float
    speech_seconds: float
    tones: tuple[float, ...]

    @property
    def speaks(self) -> bool:
        """Whether there is anything a recogniser might make words of."""
        return self.speech_seconds >= _LEAST_SPEECH_SECONDS


@dataclass(frozen=True, slots=True)
class Result:
    """What was heard. `phrase` is the wording that proves it, said from `start` to `end` (seconds) with the
    likeness `confidence` (0 to 1); they are None where it is the sound that tells."""

    heard: Heard
    words: str = ""
    phrase: str | None = None
    confidence: float | None = None
    start: float | None = None
    end: float | None = None


def of_sound(sound: Sound) -> Heard | None:
    """What the sound alone tells; None where somebody or something speaks."""
    if sound.speaks:
        return None
    if len(sound.tones) >= _FEWEST_BURSTS and median(sound.tones) < _RING_BACK_SECONDS:
        return Heard.BUSY
    return Heard.RING_BACK if sound.tones else Heard.SILENCE


def judge(
    words: Sequence[Word], phrases: Phrases, source: Source, sound: Sound, *, supervised: bool = True
) -> Result:
    """What the words of a line tell, beside its sound.

    `supervised` is False where an answer proves nothing until a person is heard.
    """
    spoken = hear(words)
    text = "".join(word.text for word in words).strip()
    best = _best(spoken, phrases, source)
    if best is not None:
        heard, hit = best
        return Result(
            heard,
            text,
            hit.wording.text,
            round(hit.score / 100, 3),
            spoken.starts[hit.first],
            spoken.ends[hit.last],
        )
    by_sound = of_sound(sound)
    if source is Source.EARLY:
        return Result(by_sound or Heard.UNCLEAR, text)
    if by_sound is None:
        return Result(Heard.PERSON, text)
    if supervised:
        # Somebody may have answered and said nothing.
        return Result(Heard.SILENCE if by_sound is Heard.SILENCE else Heard.RING_BACK, text)
    return Result(Heard.BUSY if by_sound is Heard.BUSY else Heard.NOBODY, text)


def _best(spoken: Spoken, phrases: Phrases, source: Source) -> tuple[Heard, Hit] | None:
    opened = source is Source.EARLY or _opening(spoken, phrases)
    found: tuple[Heard, Hit] | None = None
    for heard, one in phrases.classes.items():
        if source is Source.TALK and not _counts(one.after_answer, opened=opened):
            continue
        hit = max((hit for text in one.say for hit in _hits(spoken, text)), key=_rank, default=None)
        if hit is not None and (found is None or hit.score > found[1].score + _SAME):
            found = (heard, hit)
    return found


def _counts(after_answer: AfterAnswer, *, opened: bool) -> bool:
    return after_answer is AfterAnswer.ALWAYS or (after_answer is AfterAnswer.OPENING and opened)


def _opening(spoken: Spoken, phrases: Phrases) -> bool:
    return any(find(wording(text), spoken, _OPENING) for text in phrases.openings)


def _hits(spoken: Spoken, text: str) -> list[Hit]:
    sought = wording(text)
    return [hit for hit in find(sought, spoken, _BANDS.enough(sought)) if hit.polar]


def _rank(hit: Hit) -> tuple[float, int]:
    # The best, and of these the first: the Chinese half of an announcement in two languages.
    return hit.score, -hit.first
