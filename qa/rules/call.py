"""A call made ready for its rules: syllables, searches, turns and facts, each made once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dialer.telephony.outcomes import Leg
from qa.conduct.rules import Measure
from qa.dialogue.questions import Questions
from qa.dialogue.turns import Dialogue
from qa.matching.phrases import Bands, Book, Hit, Search, Wording, wording
from qa.matching.syllables import Spoken, hear
from qa.rules.findings import Evidence, Finding, LegQuality, Reason, Verdict
from qa.rules.schema import Rule, RuleSet, Signal, Slot
from qa.speech.port import LegTranscript, Transcript, Word

# A leg this quiet holds no speech; a segment this unsure is a guess; so much of either hides a sentence.
_SILENT_DB = -50.0
_GUESSED = 0.35
_UNHEARD_SECONDS = 1.0
Facts = Mapping[str, str]
# The least score worth looking at, or what says it of a wording of so many syllables.
Floor = float | Callable[[int], float]


@dataclass(frozen=True)
class Call:
    """Everything a rule may look at."""

    legs: Mapping[Leg, Spoken]
    searches: Mapping[Leg, Search]
    seconds: float
    facts: Facts
    quality: Mapping[Leg, LegQuality]
    measures: Mapping[str, Measure]
    bands: Bands
    # Where the words of a group are, found once.
    groups: dict[tuple[Leg, tuple[str, ...]], list[Hit]] = field(default_factory=dict)
    _filled: dict[tuple[str, tuple[str, ...]], Wording] = field(default_factory=dict)
    _possible: dict[tuple[Leg, Floor | None], set[str]] = field(default_factory=dict)
    _found: dict[tuple[Leg, str, Floor | None, tuple[str, ...]], list[Hit]] = field(default_factory=dict)

    @cached_property
    def questions(self) -> Questions:
        """The agent's questions, with the customer's answers."""
        return Questions(Dialogue(self.legs))

    def block_of(self, syllable: int) -> int:
        """The number of the agent's block with this syllable: what he says without being answered."""
        return self.questions.block_of(syllable)

    def wording(self, text: str, keep: tuple[str, ...] = ()) -> Wording:
        """The text with the facts of the call in its braces."""
        key = (text, keep)
        known = self._filled.get(key)
        if known is None:
            known = self._filled[key] = filled(text, keep, self.facts)
        return known

    def find(self, leg: Leg, text: str, floor: Floor | None = None, keep: tuple[str, ...] = ()) -> list[Hit]:
        """Where the text may have been said by this party; `floor` is the least score, else the bands'."""
        wanted = self.bands.floor if floor is None else floor
        if (
            callable(wanted)
            and text not in self._likely(leg, floor, wanted)
            and text in self.searches[leg].texts
        ):
            return []
        key = (leg, text, floor, keep)
        known = self._found.get(key)
        if known is None:
            sought = self.wording(text, keep)
            least = wanted(len(sought.syllables)) if callable(wanted) else wanted
            known = self._found[key] = self.searches[leg].find(sought, least)
        return known

    def likely(
        self, leg: Leg, texts: Iterable[str], floor: Callable[[int], float] | None = None
    ) -> list[str]:
        """The texts that may have been said at all: far fewer than a rule set has words."""
        possible = self._likely(leg, floor, self.bands.floor if floor is None else floor)
        known = self.searches[leg].texts
        return [text for text in texts if text in possible or text not in known]

    def _likely(self, leg: Leg, key: Floor | None, floor: Callable[[int], float]) -> set[str]:
        possible = self._possible.get((leg, key))
        if possible is None:
            possible = self._possible[leg, key] = self.searches[leg].possible(floor)
        return possible

    def clean(self, leg: Leg) -> bool:
        return self.quality[leg].clean

    def proves(self, leg: Leg) -> bool:
        """Whether what was not heard on the leg was not said: words that were misheard are words that were
        said, and one in ten is misheard where an engine is less sure of itself than `proving`."""
        return self.quality[leg].clean and self.legs[leg].sureness >= self.bands.proving

    def evidence(self, leg: Leg, first: int, last: int, text: str = "", score: float = 100.0) -> Evidence:
        """Syllables `first` to `last` of a leg as something to play."""
        spoken = self.legs[leg]
        return Evidence(
            channel=leg,
            start=spoken.starts[first],
            end=spoken.ends[last],
            words=spoken.text(first, last),
            wording=text,
            score=round(score, 1),
            confidence=round(spoken.confidence(first, last), 3),
        )

    def proof(self, leg: Leg, hit: Hit) -> Evidence:
        return self.evidence(leg, hit.first, hit.last, hit.wording.text, hit.score)

    def whole(self, leg: Leg) -> Evidence:
        """The proof that something is not there: the whole leg and no words."""
        return Evidence(leg, 0.0, self.seconds, "", "", 0.0, 0.0)

    def absent(self, rule: Rule, slot: str = "", reason: Reason = Reason.NOT_SAID) -> Finding:
        """The finding where nothing was found: a failure only on a clean leg (Q4)."""
        proof = (self.whole(rule.channel),)
        if self.proves(rule.channel):
            return Finding(rule.id, Verdict.FAIL, reason, proof, slot, rule.alarm)
        return Finding(rule.id, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, proof, slot)


def filled(text: str, keep: tuple[str, ...], facts: Facts) -> Wording:
    """Raises KeyError for a fact that is not there, ValueError where nothing can be spoken."""
    return wording(text.format_map(facts) if "{" in text else text, keep)


class Books:
    """The wordings of a rule set, for each leg one book; what holds facts is filled in for each call."""

    def __init__(self, rules: RuleSet, extra: Iterable[str] = ()) -> None:
        self._fixed: dict[Leg, Book] = {}
        self._open: dict[Leg, list[tuple[str, tuple[str, ...]]]] = {}
        for leg in Leg:
            more = extra if leg is Leg.AGENT else ()
            texts = dict.fromkeys([*_texts(rules, leg), *((text, ()) for text in more)])
            self._fixed[leg] = Book(wording(text, keep) for text, keep in texts if "{" not in text)
            self._open[leg] = [one for one in texts if "{" in one[0]]

    def search(self, leg: Leg, spoken: Spoken, facts: Facts, names: Iterable[str] = ()) -> Search:
        """One leg searched for all of it and for `names`; a wording whose fact is missing is left out."""
        own = [wording(name) for name in names] if leg is Leg.AGENT else []
        for text, keep in self._open[leg]:
            try:
                own.append(filled(text, keep, facts))
            except (KeyError, ValueError):
                continue
        return self._fixed[leg].search(spoken, Book(own))


def _texts(rules: RuleSet, leg: Leg) -> Iterator[tuple[str, tuple[str, ...]]]:
    other = Leg.CUSTOMER if leg is Leg.AGENT else Leg.AGENT
    for rule in rules.rules:
        for slot in rule.parts():
            if rule.channel is leg:
                yield from _slot_texts(slot)
                yield from ((text, ()) for text in rule.excuses)
            if rule.channel is other:
                yield from ((text, ()) for text in (*slot.confirm, *slot.deny))
    if leg is Leg.AGENT:
        yield from ((text, ()) for text in rules.asides)
    for signal in rules.signals:
        if signal.channel is leg:
            yield from _slot_texts(signal)
            yield from ((text, ()) for text in signal.excuses)


def _slot_texts(slot: Slot | Signal) -> Iterator[tuple[str, tuple[str, ...]]]:
    keep = slot.keep if isinstance(slot, Slot) else ()
    yield from ((text, keep) for text in slot.say)
    for group in (*slot.all, *(group for way in slot.ways for group in way), *slot.unsure, slot.unless):
        yield from ((text, ()) for text in group)
    if isinstance(slot, Slot):
        yield from ((text, ()) for text in (*slot.topic, *slot.opposites, *slot.near))
        for group in slot.wrong:
            yield from ((text, ()) for text in group)


def prepare(
    transcript: Transcript,
    books: Books,
    names: Iterable[str],
    facts: Facts,
    quality: Mapping[Leg, LegQuality],
    measures: Mapping[str, Measure],
    bands: Bands,
) -> Call:
    """A transcript with what is known of it. A leg without `quality` counts as clean, one that is not in the
    transcript as silent."""
    known = {name: value for name, value in facts.items() if value}
    legs, searches, qualities = {}, {}, {}
    for leg in Leg:
        said = transcript.legs.get(leg)
        words = said.words if said is not None else ()
        legs[leg] = hear(words)
        searches[leg] = books.search(leg, legs[leg], known, names)
        qualities[leg] = _quality(said, words, quality.get(leg, LegQuality()), bands)
    return Call(legs, searches, transcript.seconds, known, qualities, measures, bands)


def _quality(
    said: LegTranscript | None, words: Sequence[Word], known: LegQuality, bands: Bands
) -> LegQuality:
    """What is known of a leg, and what its transcript shows."""
    if said is None:
        return LegQuality(silent=True)
    unheard = said.lost_seconds + sum(s.end - s.start for s in said.segments if s.confidence < _GUESSED)
    unsure = bool(words) and sum([word.confidence for word in words]) / len(words) < bands.clear
    return LegQuality(
        gap=known.gap,
        silent=known.silent or said.speech_level < _SILENT_DB,
        not_understood=known.not_understood or unsure or unheard > _UNHEARD_SECONDS,
    )
