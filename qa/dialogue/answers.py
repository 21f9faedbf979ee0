"""Answers sorted by what was asked: a clear yes, a weak one, a no, neither, a question back (Q3 rule 14).

Decisions that a reader may ask about:
- 知道了, 清楚了 alone may be "I have heard it now", so it is unclear; 都清楚了, 早就知道了 are a yes.
- 现在知道了 is unclear: he did not know before.
- 没有不清楚的 is a yes, 不是很清楚 a no; 知道，但是… and 知道吧 are unclear.
- A yes to something else is a misfit: 您知道退保有损失吗 → 收到了.
- Of two things asked at once one denied is a no: 收到了，没看.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from qa.dialogue import idioms
from qa.dialogue.lexicon import Lexicon, Part, Token, Verb, lexicon
from qa.matching.syllables import Syllable, spell
from qa.values.sounds import sounds

_ACKNOWLEDGES = frozenset({Verb.KNOW})
# 说吧 and 行吧 are as good as 说 and 行.
_INVITES = frozenset({Verb.CONVENIENT, Verb.MAY})
_TOLD_OF = frozenset({Verb.KNOW, Verb.EXPLAINED})
# A yes so near the beginning, and a no so far from it.
_FIRST = 5
_FAR = 4
# What is so or not; 有点 far from it says something of another thing (收到了，盒子有点破).
_FACTS = frozenset({Verb.KNOW, Verb.RECEIVED, Verb.READ, Verb.DID})
# 大概一个钟头, and not 大概一点.
_AMOUNT = re.compile("有?[一二两三四五六七八九十百几半](?![点些下])")
_OPENING = re.compile("^[嗯哦噢喔啊哎诶欸呃我都也全早就这个肯定当然]*")
_SOFTENS = frozenset("吗吧么")
_DEGREES = frozenset({"有点", "有些", "一点点", "差不多"})
_EMPTY = frozenset({Part.POLITE, Part.FILLER})
# What an answer may begin with: 嗯，都.
_OPENS = _EMPTY | {Part.WEAK, Part.ALREADY, Part.NOT_HEARD_ALONE}
_DIGITS = frozenset("零一二三四五六七八九十百千万幺两")
_TOLD = 3
# Stands for a character of an aside.
_MASK = "▒"
# A no to these is none to an item of the check.
_COURTESY = frozenset({Verb.MAY, Verb.CONVENIENT, Verb.SOLVED, Verb.SATISFIED})
# Single words that are a yes at the beginning and at the end of an answer, and in it just words.
_YES_AT_ENDS = frozenset({"有", "有的", "是"})


class AnswerKind(StrEnum):
    """`unclear` is for a person, and so is `weak`; `none` is silence."""

    YES = "yes"
    WEAK = "weak"
    NO = "no"
    UNCLEAR = "unclear"
    PRODUCT_QUESTION = "product_question"
    MISFIT = "misfit"
    NOT_HEARD = "not_heard"
    NONE = "none"


class Why(StrEnum):
    """What decided."""

    FITS = "fits"
    AGREES = "agrees"
    GIVES_VALUE = "gives_value"
    DENIES_DOUBT = "denies_doubt"
    LONE = "lone"
    DENIES = "denies"
    DENIES_ONE = "denies_one"
    HEDGES = "hedges"
    BUT = "but"
    ONLY_NOW = "only_now"
    ACKNOWLEDGES = "acknowledges"
    CONTRADICTS = "contradicts"
    ASKS = "asks"
    ASKS_AGAIN = "asks_again"
    OTHER_VERB = "other_verb"
    UNKNOWN_WORDS = "unknown_words"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Answer:
    """`yes` and `no` are what was affirmed and denied; `text` the words that were judged."""

    kind: AnswerKind
    why: Why
    text: str = ""
    yes: frozenset[Verb] = frozenset()
    no: frozenset[Verb] = frozenset()


@dataclass(slots=True)
class _Seen:
    """What an answer holds."""

    yes: set[Verb]
    no: set[Verb]
    parts: set[Part]
    agrees: bool = False
    denies: bool = False
    vague: bool = False
    double: bool = False
    unknown: int = 0
    # The first syllable that means something, and the last one.
    begin: int = 0
    end: int = 0


def classify(text: str, verbs: frozenset[Verb] = frozenset()) -> Answer:
    """`verbs` is what was asked; without any, each clear yes fits."""
    return classify_syllables(spell(text), verbs)


def classify_syllables(syllables: Sequence[Syllable], verbs: frozenset[Verb] = frozenset()) -> Answer:
    """The same over syllables that are spelled already."""
    return _classified("".join([syllable.char for syllable in syllables]), sounds(syllables), verbs)


@lru_cache(maxsize=4096)
def _classified(chars: str, sound: str, verbs: frozenset[Verb]) -> Answer:
    """Most answers are one of a few: 嗯, 好的, 清楚."""
    told = idioms.without_asides(chars, _MASK)
    if told != chars:
        sound = "".join(_MASK if char == _MASK else one for char, one in zip(told, sound, strict=True))
    kind, why, seen = _decide(told, lexicon().tokens(told, sound), verbs)
    return Answer(kind, why, chars, frozenset(seen.yes), frozenset(seen.no))


def asked(syllables: Sequence[Syllable], words: Lexicon | None = None) -> frozenset[Verb]:
    """What a question asks for."""
    return (words or lexicon()).asked(sounds(syllables))


def _decide(chars: str, tokens: list[Token], verbs: frozenset[Verb]) -> tuple[AnswerKind, Why, _Seen]:
    seen = _read(tokens, verbs)
    again, asks, product = (part in seen.parts for part in (Part.NOT_HEARD, Part.QUESTION, Part.PRODUCT))
    if all(_is_only(token, _EMPTY) for token in tokens):
        return AnswerKind.NONE, Why.SILENCE, seen
    loud = seen.agrees or seen.denies or seen.yes or seen.no
    if (again and not _clear_beside(seen, verbs)) or _asks_again(chars, tokens):
        return AnswerKind.NOT_HEARD, Why.ASKS_AGAIN, seen
    asks = asks or (chars.endswith("呢") and product and not loud)  # 那退保呢, and not 在家放着呢
    disputed = idioms.disputes(chars)
    if idioms.is_plain(chars) and not disputed:
        return AnswerKind.YES, Why.DENIES_DOUBT, seen
    if disputed or ((asks or idioms.asks(chars)) and not idioms.asks_nothing(chars)):
        if product or disputed:
            return AnswerKind.PRODUCT_QUESTION, Why.ASKS, seen
        return AnswerKind.UNCLEAR, Why.ASKS, seen
    if Verb.DID in verbs and idioms.by_others(chars):
        return AnswerKind.NO, Why.DENIES, seen
    if Verb.KNOW in verbs and idioms.others_know(chars):
        return AnswerKind.UNCLEAR, Why.UNKNOWN_WORDS, seen
    if Verb.VALUE in verbs and _gives_value(chars, tokens):
        return AnswerKind.YES, Why.GIVES_VALUE, seen
    if Part.LATE in seen.parts:
        return AnswerKind.UNCLEAR, Why.ONLY_NOW, seen
    denied = seen.no & verbs if verbs else seen.no
    if denied and (seen.yes & verbs) and not (seen.yes & denied):
        return AnswerKind.NO, Why.DENIES_ONE, seen
    softened = _softened(chars, tokens) and not (denied or seen.denies or seen.yes & _INVITES)
    if _hedged(chars, tokens) or softened:
        return AnswerKind.UNCLEAR, Why.HEDGES, seen
    if Part.BUT in seen.parts and loud:
        return AnswerKind.UNCLEAR, Why.BUT, seen
    return _yes_or_no(chars, tokens, seen, verbs)


def repeats(answer: str, verb: str) -> bool:
    """您认吗 – 认，没有我也不怪你们: the verb of the question said first is a yes."""
    said, rest = _OPENING.sub("", answer), len(verb)
    again = said[rest : rest + 1] in ("不", "没") and said[rest + 1 : rest + 2] == verb[:1]
    return bool(verb) and said.startswith(verb) and not again and said[rest : rest + 1] not in _SOFTENS


def _yes_or_no(
    chars: str, tokens: list[Token], seen: _Seen, verbs: frozenset[Verb]
) -> tuple[AnswerKind, Why, _Seen]:
    fits = seen.yes & verbs if verbs else seen.yes - _INVITES
    denied = seen.no & verbs if verbs else seen.no - (_COURTESY if fits else frozenset())
    if seen.double and not denied and not seen.denies:
        return AnswerKind.YES, Why.DENIES_DOUBT, seen
    if denied or seen.denies or (seen.vague and not (fits or seen.agrees)):
        if fits and not denied and Verb.DOUBT not in verbs:
            if fits <= _TOLD_OF and not seen.no and _goes_on(tokens, fits):
                return AnswerKind.YES, Why.FITS, seen
            return AnswerKind.UNCLEAR, Why.CONTRADICTS, seen
        return AnswerKind.NO, Why.DENIES, seen
    if seen.no - (_COURTESY if fits else frozenset()):
        return AnswerKind.UNCLEAR, Why.CONTRADICTS, seen
    if fits:
        if Verb.RECEIVED in fits and idioms.lacks_part(chars):
            return AnswerKind.UNCLEAR, Why.UNKNOWN_WORDS, seen
        if fits <= _ACKNOWLEDGES and _acknowledges(chars, tokens, seen):
            return AnswerKind.UNCLEAR, Why.ACKNOWLEDGES, seen
        return AnswerKind.YES, Why.FITS, seen
    if seen.agrees:
        return AnswerKind.YES, Why.AGREES, seen
    if seen.yes:
        return AnswerKind.MISFIT, Why.OTHER_VERB, seen
    if all(_is_weak(t) for t in tokens if t.meaning is not None) and seen.unknown <= 1:
        return AnswerKind.WEAK, Why.LONE, seen
    return AnswerKind.UNCLEAR, Why.UNKNOWN_WORDS, seen


def _goes_on(tokens: Sequence[Token], fits: set[Verb]) -> bool:
    """了解，前几年退连一半都没有: the yes is said, and the no far from it is about something else."""
    known = [(token, token.meaning) for token in tokens if token.meaning is not None]
    yes = next((token.last for token, meaning in known if meaning.yes & fits), 0)
    no = [token.first for token, meaning in known if meaning.parts & {Part.NO, Part.NEGATION}]
    return yes <= _FIRST and bool(no) and min(no) - yes > _FAR


def _read(tokens: list[Token], verbs: frozenset[Verb]) -> _Seen:
    """Walk over the words; a negation holds for the next verb, over fillers."""
    seen = _Seen(set(), set(), set())
    seen.begin = next((token.first for token in tokens if not _is_only(token, _OPENS)), 0)
    seen.end = tokens[-1].last if tokens else 0
    pending: Token | None = None
    for token in tokens:
        pending = _step(token, pending, seen, verbs)
    if pending is not None and Verb.DOUBT not in seen.yes:
        if pending.last == tokens[-1].last:
            seen.denies = True
        else:
            seen.vague = True
    return seen


def _step(token: Token, pending: Token | None, seen: _Seen, verbs: frozenset[Verb]) -> Token | None:
    """One word; returns the negation that is still to be applied."""
    meaning = token.meaning
    if meaning is None:
        seen.unknown += 1
        if pending is not None and token.first - pending.last > _TOLD:
            # A no to something else: 知道，不保证的.
            seen.vague, pending = True, None
        return pending
    seen.parts |= meaning.parts
    agrees = Part.YES in meaning.parts
    if Part.VERB in meaning.parts and (verbs & meaning.yes or not agrees):
        return _verb(token, pending, seen, verbs)
    if Part.VERB_NO in meaning.parts and (verbs & meaning.no or not agrees):
        seen.no |= meaning.no & verbs or meaning.no
        return None
    if meaning.parts & {Part.NEGATION, Part.NO}:
        return _negated(pending, token, seen)
    if agrees:
        short = meaning.text in _YES_AT_ENDS
        at_end = token.first <= seen.begin or token.last == seen.end
        seen.agrees = seen.agrees or not short or (at_end and pending is None)
    elif pending is not None and Part.WEAK in meaning.parts and Part.FILLER not in meaning.parts:
        seen.denies, pending = True, None
    return pending


def _verb(token: Token, pending: Token | None, seen: _Seen, verbs: frozenset[Verb]) -> Token | None:
    assert token.meaning is not None
    parts = token.meaning.parts
    yes = token.meaning.yes & verbs or token.meaning.yes
    if Verb.DOUBT in yes & verbs:
        seen.yes.add(Verb.DOUBT)
        return Token(token.first, token.last, token.meaning) if Part.NEGATION in parts else pending
    if parts & {Part.NO, Part.NEGATION}:
        return _negated(pending, token, seen)
    if pending is not None and yes <= seen.yes and token.first - pending.last > 1:
        return None  # 明白，自己故意弄的不赔，这我明白: what was denied is not what he knows
    if pending is not None:
        double = _twice(pending)
        seen.double = seen.double or double
        (seen.yes if double else seen.no).update(yes)
        return None
    if Part.WEAK not in parts or verbs & yes:
        seen.yes |= yes - {Verb.DOUBT}
    return pending


def _negated(pending: Token | None, token: Token, seen: _Seen) -> Token | None:
    """A second negation after a first one: 没有不清楚的. A no that stands by itself: 没有，没收到."""
    assert token.meaning is not None
    if Part.NEGATION not in token.meaning.parts:
        seen.denies = True
        return None
    if pending is None or pending.meaning is None:
        return token
    if token.meaning.text.startswith("不") and pending.meaning.text.startswith("没"):
        return Token(pending.first, token.last, token.meaning)
    seen.denies = seen.denies or Part.NO in pending.meaning.parts
    return token


def _twice(pending: Token) -> bool:
    """Whether two negations were joined, or the word holds two of them: 没什么不."""
    assert pending.meaning is not None
    text = pending.meaning.text
    return pending.last - pending.first + 1 > len(text) or (len(text) > 2 and text.endswith("不"))


def _clear_beside(seen: _Seen, verbs: frozenset[Verb]) -> bool:
    return bool(seen.yes & verbs or seen.no & verbs)


def _asks_again(chars: str, tokens: list[Token]) -> bool:
    alone = [t for t in tokens if t.meaning is not None and not _is_weak(t)]
    return (
        bool(alone)
        and len(alone) == 1
        and len(chars) <= _TOLD + 1
        and alone[0].meaning is not None
        and Part.NOT_HEARD_ALONE in alone[0].meaning.parts
        and Part.QUESTION in alone[0].meaning.parts
    )


def _softened(chars: str, tokens: Sequence[Token]) -> bool:
    """清楚吧, and not 清楚，…你帮我办吧."""
    before = [token.meaning.parts for token in tokens[-3:-1] if token.meaning is not None]
    return chars.endswith("吧") and any(parts & {Part.VERB, Part.YES} for parts in before)


def _gives_value(chars: str, tokens: list[Token]) -> bool:
    return sum(char in _DIGITS for char in chars) >= _TOLD or (
        len(chars) > 1 and sum(token.meaning is None for token in tokens) > 1
    )


def _acknowledges(chars: str, tokens: Sequence[Token], seen: _Seen) -> bool:
    """知道了, 清楚了 and nothing that says since when, or says it without 了 as well."""
    known = [t.last for t in tokens if t.meaning is not None and t.meaning.yes & _ACKNOWLEDGES]
    told = Part.ALREADY in seen.parts or Verb.EXPLAINED in seen.yes
    each = all(chars[last + 1 : last + 2] == "了" for last in known)
    return each and not told and chars.endswith("了") and known[-1] >= len(chars) - 2


def _hedged(chars: str, tokens: Sequence[Token]) -> bool:
    """大概知道, 知道一点; in 知道，跟基金差不多 the yes is said and the rest is about something else, in
    看了，大概一个钟头看完的 an amount is."""
    certain: Token | None = None
    for token in tokens:
        if token.meaning is None:
            continue
        if Part.HEDGE in token.meaning.parts and not _AMOUNT.match(chars, token.last + 1):
            apart = certain is not None and token.first - certain.last > 2
            knows = certain is not None and certain.meaning is not None and Verb.KNOW in certain.meaning.yes
            of_other = apart and (knows or token.meaning.text in _DEGREES)
            if not (of_other or (knows and token.meaning.text == "不一定")):
                return True
        if token.meaning.yes & _FACTS and certain is None:
            certain = token
    return False


def _is_only(token: Token, parts: frozenset[Part]) -> bool:
    return token.meaning is not None and token.meaning.parts <= parts


def _is_weak(token: Token) -> bool:
    return token.meaning is not None and Part.WEAK in token.meaning.parts
