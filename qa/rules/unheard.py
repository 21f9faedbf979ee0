"""What the engine may have written as something else: absence needs more proof than presence (Q4)."""

from collections.abc import Iterable

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import find, wording
from qa.matching.syllables import Spoken
from qa.rules.call import Call
from qa.rules.numbers import in_hanzi

# Half a sound of two syllables may differ: 实言 for 十元.
_LIKE = 75.0
# Words of so little confidence are guesses; one in a stretch is usual, several hide something.
_GUESSED = 0.5
_SEVERAL = 2


def sounds_like(call: Call, leg: Leg, texts: Iterable[str], first: int, last: int) -> bool:
    """Whether one of the texts may have been said from syllable `first` to `last`, by its sounds."""
    spoken, places = call.legs[leg], slice(first, last + 1)
    part = Spoken(
        spoken.syllables[places],
        spoken.starts[places],
        spoken.ends[places],
        spoken.confidences[places],
        spoken.clauses[places],
    )
    return any(find(wording(text), part, _LIKE) for text in texts)


def as_spoken(figure: float) -> tuple[str, ...]:
    """How a fee's figure is said: 五元, 五块, 百分之五."""
    text = in_hanzi(figure)
    return f"{text}元", f"{text}块", f"百分之{text}"


def guessed(call: Call, leg: Leg, first: int, last: int) -> bool:
    """Whether the engine only guessed at some of what was said from syllable `first` to `last`."""
    sureness = call.legs[leg].confidences[first : last + 1]
    return sum(one < _GUESSED for one in sureness) >= _SEVERAL
