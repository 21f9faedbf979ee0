"""A transcript as a conversation: turns of both parties in the order they were spoken. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.speech.port import Segment, Word

# A pause so long ends an utterance, so that the other party's answer can come in between.
_PAUSE_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party said without the other taking over. Seconds of the recording."""

    channel: Leg
    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        """When it began."""
        return self.words[0].start

    @property
    def end(self) -> float:
        """When it ended."""
        return self.words[-1].end


def dialogue(segments: Iterable[Segment]) -> list[Turn]:
    """The turns of a call.

    A segment may span half a call and lie across the other party's, so the words are cut at
    pauses and only then put in order; people who talk at once keep whole utterances that way.
    """
    said: dict[Leg, list[Word]] = {Leg.AGENT: [], Leg.CUSTOMER: []}
    for segment in segments:
        whole = Word(segment.text, segment.start, segment.end, segment.confidence)
        said[segment.channel].extend(segment.words or (whole,))
    utterances = [
        Turn(channel, words)
        for channel, all_words in said.items()
        for words in _utterances(sorted(all_words, key=lambda word: word.start))
    ]
    turns: list[Turn] = []
    for utterance in sorted(utterances, key=lambda turn: (turn.start, turn.channel)):
        if turns and turns[-1].channel is utterance.channel:
            turns[-1] = Turn(utterance.channel, turns[-1].words + utterance.words)
        else:
            turns.append(utterance)
    return turns


def _utterances(words: list[Word]) -> Iterator[tuple[Word, ...]]:
    current: list[Word] = []
    for word in words:
        if current and word.start - current[-1].end > _PAUSE_SECONDS:
            yield tuple(current)
            current = []
        current.append(word)
    if current:
        yield tuple(current)
