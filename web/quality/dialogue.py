"""A transcript as a conversation: turns of both parties in the order they were spoken. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dialer.telephony.outcomes import Leg
from qa.checks.speaking import Speakers
from qa.speech.port import Segment, Word

# A pause so long ends an utterance, so that the other party's answer can come in between.
_PAUSE_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party said without the other taking over. Seconds of the recording."""

    channel: Leg
    words: tuple[Word, ...]
    # Who of ours spoke, where it was not the call's own agent all along.
    who: str = ""

    @property
    def start(self) -> float:
        """When it began."""
        return self.words[0].start

    @property
    def end(self) -> float:
        """When it ended."""
        return self.words[-1].end


def dialogue(segments: Iterable[Segment], speakers: Speakers = Speakers()) -> list[Turn]:  # noqa: B008  frozen
    """The turns of a call; where it was handed on, a turn ends.

    A segment may span half a call and lie across the other party's, so the words are cut at
    pauses and only then put in order; people who talk at once keep whole utterances that way.
    """
    said: dict[Leg, list[Word]] = {Leg.AGENT: [], Leg.CUSTOMER: []}
    for segment in segments:
        whole = Word(segment.text, segment.start, segment.end, segment.confidence)
        said[segment.channel].extend(segment.words or (whole,))
    utterances = [
        Turn(channel, words, who)
        for channel, all_words in said.items()
        for words, who in _utterances(
            sorted(all_words, key=lambda word: word.start),
            speakers if channel is Leg.AGENT else Speakers(),
        )
    ]
    turns: list[Turn] = []
    for utterance in sorted(utterances, key=lambda turn: (turn.start, turn.channel)):
        last = turns[-1] if turns else None
        if last is not None and (last.channel, last.who) == (utterance.channel, utterance.who):
            turns[-1] = replace(last, words=last.words + utterance.words)
        else:
            turns.append(utterance)
    return turns


def _utterances(words: list[Word], speakers: Speakers) -> Iterator[tuple[tuple[Word, ...], str]]:
    """Words without a pause between them, by one speaker."""
    current: list[Word] = []
    who = ""
    for word in words:
        speaker = speakers.names(word.start, word.end)
        if current and (speaker != who or word.start - current[-1].end > _PAUSE_SECONDS):
            yield tuple(current), who
            current = []
        who = speaker
        current.append(word)
    if current:
        yield tuple(current), who
