"""Corrected words, and where they stand in a newer transcript. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from qa.speech.port import Segment

# A segment's position in its transcript, and a word's index in it.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Correction:
    """One word put right. `segment` and `word` are its place in the transcript; of one that was replaced, the
    last it had."""

    id: int
    attempt_id: str
    segment: int
    word: int
    heard: str
    said: str
    corrected_by: str
    corrected_at: datetime
    # Since when another one stands in its place, or none; None: it is in force.
    replaced_at: datetime | None

    @property
    def place(self) -> Place:
        """Segment and word."""
        return self.segment, self.word


def place_in(after: Sequence[Segment], before: Sequence[Segment], one: Correction) -> Place | None:
    """The place of the same word, heard by the same leg at the same time, in the segments `after`.

    None where the machine hears another word now, or hears that word twice meanwhile (九九): nobody listened
    to those.
    """
    if one.segment >= len(before) or one.word >= len(before[one.segment].words):
        return None
    was = before[one.segment]
    word = was.words[one.word]
    found = [
        (position, index)
        for position, segment in enumerate(after)
        if segment.channel is was.channel
        for index, other in enumerate(segment.words)
        if other.text == one.heard and other.start < word.end and word.start < other.end
    ]
    return found[0] if len(found) == 1 else None


def helped(found: Iterable[Correction], at: datetime) -> bool:
    """Whether any of these words counted as a person put it right at that time."""
    return any(one.corrected_at <= at and (one.replaced_at is None or at < one.replaced_at) for one in found)
