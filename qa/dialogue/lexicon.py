"""The words of answers as data: `answers.yaml`, read once, looked up by sign and by sound."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field

from qa.matching.syllables import distance, spell
from qa.speech.text import plain
from qa.values.sounds import sounds_of

# Words of two syllables have many that sound like them.
_PAIR = 2
_AGAIN = (sounds_of("知不知道"), sounds_of("知道"))


class Verb(StrEnum):
    """What a question asks for. An answer is a clear one where it answers that."""

    KNOW = "know"
    EXPLAINED = "explained"
    RECEIVED = "received"
    READ = "read"
    DID = "did"
    PERSON = "person"
    SATISFIED = "satisfied"
    SOLVED = "solved"
    CONVENIENT = "convenient"
    MAY = "may"
    DOUBT = "doubt"
    VALUE = "value"


class Part(StrEnum):
    """What a word does in an answer."""

    VERB = "verb"
    VERB_NO = "verb_no"
    YES = "yes"
    WEAK = "weak"
    NO = "no"
    NEGATION = "negation"
    FILLER = "filler"
    HEDGE = "hedge"
    BUT = "but"
    LATE = "late"
    ALREADY = "already"
    NOT_HEARD = "not_heard"
    NOT_HEARD_ALONE = "not_heard_alone"
    QUESTION = "question"
    PRODUCT = "product"
    POLITE = "polite"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VerbWords(_Strict):
    """Words that ask for it, and words that answer."""

    asked: tuple[str, ...] = Field(min_length=1)
    affirm: tuple[str, ...] = Field(min_length=1)
    deny: tuple[str, ...] = ()


class AnswerWords(_Strict):
    """The file."""

    verbs: dict[Verb, VerbWords]
    asked_not: tuple[str, ...]
    affirm: tuple[str, ...]
    weak: tuple[str, ...]
    deny: tuple[str, ...]
    negations: tuple[str, ...]
    fillers: tuple[str, ...]
    hedges: tuple[str, ...]
    but: tuple[str, ...]
    late: tuple[str, ...]
    already: tuple[str, ...]
    not_heard: tuple[str, ...]
    not_heard_alone: tuple[str, ...]
    questions: tuple[str, ...]
    product: tuple[str, ...]
    polite: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A word and all that it may do; `yes` and `no` are the verbs that it answers so."""

    text: str
    parts: frozenset[Part]
    yes: frozenset[Verb] = frozenset()
    no: frozenset[Verb] = frozenset()


@dataclass(frozen=True, slots=True)
class Token:
    """A known word at characters `first` to `last`, both included; `meaning` is None for what is unknown."""

    first: int
    last: int
    meaning: Meaning | None


class Lexicon:
    """Words by what is written and, from two characters on, by sound."""

    def __init__(self, words: AnswerWords) -> None:
        self.words = words
        found: dict[str, Meaning] = {}
        for part, texts in _parts(words):
            for text in texts:
                _add(found, text, part)
        for verb, of_verb in words.verbs.items():
            for text in of_verb.affirm:
                _add(found, text, Part.VERB, yes=verb)
            for text in of_verb.deny:
                _add(found, text, Part.VERB_NO, no=verb)
        self._written: Mapping[str, Meaning] = found
        self._sounding = {sounds_of(text): meaning for text, meaning in found.items() if len(text) > 1}
        # By their first sound, how long words are, the longest first.
        sizes: dict[str, set[int]] = {}
        for text in found:
            sizes.setdefault(sounds_of(text)[0], {1}).add(len(text))
        self._sizes = {sound: sorted(some, reverse=True) for sound, some in sizes.items()}
        self._masked = tuple(sounds_of(text) for text in words.asked_not)
        # Told again and again of the same questions.
        self._asked_by = lru_cache(maxsize=4096)(self._find_asked)
        self._asked = tuple(
            (sounds_of(text), verb) for verb, of_verb in words.verbs.items() for text in of_verb.asked
        )

    def tokens(self, chars: str, sound: str) -> list[Token]:
        """Cut into known words, the longest first, and single unknown characters."""
        tokens, place = [], 0
        while place < len(chars):
            for size in self._sizes.get(sound[place], (1,)):
                end = place + size
                if end > len(chars):
                    continue
                meaning = self._written.get(chars[place:end])
                if meaning is None and size > 1:
                    meaning = self._sounding.get(sound[place:end])
                    if meaning is not None and self._is_chance(chars[place:end], meaning):
                        meaning = None
                if meaning is not None or size == 1:
                    tokens.append(Token(place, end - 1, meaning))
                    place = end
                    break
        return tokens

    def _is_chance(self, chars: str, meaning: Meaning) -> bool:
        """Two words that only sound like one that tells against the speaker: 是完整的 holds no 失望, and 完了
        is near to 忘了 only."""
        against = meaning.parts & {Part.VERB_NO, Part.NO, Part.HEDGE, Part.BUT}
        if len(chars) != _PAIR or not against:
            return False
        same = all(distance(*two) == 0 for two in zip(spell(chars), spell(meaning.text), strict=True))
        return chars[0] in self._written or not same

    def asked(self, sound: str) -> frozenset[Verb]:
        """What a question of this sound asks for."""
        return self._asked_by(sound)

    def _find_asked(self, sound: str) -> frozenset[Verb]:
        sound = sound.replace(*_AGAIN)  # 知不知道 holds no 不知道
        for word in self._masked:
            sound = sound.replace(word, "█")
        return frozenset(verb for word, verb in self._asked if word in sound)


@cache
def lexicon() -> Lexicon:
    """The shipped words."""
    text = files("qa.dialogue").joinpath("answers.yaml").read_text(encoding="utf-8")
    return Lexicon(AnswerWords.model_validate(yaml.load(text, Loader=yaml.CSafeLoader)))


def _parts(words: AnswerWords) -> Iterable[tuple[Part, tuple[str, ...]]]:
    return (
        (Part.YES, words.affirm),
        (Part.WEAK, words.weak),
        (Part.NO, words.deny),
        (Part.NEGATION, words.negations),
        (Part.FILLER, words.fillers),
        (Part.HEDGE, words.hedges),
        (Part.BUT, words.but),
        (Part.LATE, words.late),
        (Part.ALREADY, words.already),
        (Part.NOT_HEARD, words.not_heard),
        (Part.NOT_HEARD_ALONE, words.not_heard_alone),
        (Part.QUESTION, words.questions),
        (Part.PRODUCT, words.product),
        (Part.POLITE, words.polite),
    )


def _add(
    found: dict[str, Meaning], text: str, part: Part, yes: Verb | None = None, no: Verb | None = None
) -> None:
    key = plain(text)
    known = found.get(key, Meaning(key, frozenset()))
    found[key] = Meaning(
        key,
        known.parts | {part},
        known.yes | ({yes} if yes else frozenset()),
        known.no | ({no} if no else frozenset()),
    )
