"""Which words of a clause make it a question, and what kind (Q3 rule 2). The words are `questions.yaml`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from itertools import compress
from typing import NamedTuple

from qa.dialogue.question_words import (
    QuestionWords,
    backchannel,
    common,
    own_syllables,
    pairs,
    question_words,
    told,
)
from qa.values.sounds import sounds_of

# Stands for a character of a word that was masked.
_MASK = "█"
# Words of so many characters are found by their sound alone.
_SOUND_IS_ENOUGH = 3
_PAIR = 2
# Stands for 有没有 while words are masked.
_EITHER = "▲▲▲"
# So near the end of its clause a question word asks.
_NEAR_END = 5
_NUMERALS = frozenset("零一二三四五六七八九十百千万两")
_FIGURE_SYLLABLES = 4
# Longer clauses are more than an item of a list.
_LIST_SYLLABLES = 12
# 吗 in soft words, or a statement with a shrug: 您肯定知道的嘛.
_SOFT = frozenset({"嘛", "呗"})
_WHICH = re.compile("[什啥哪谁几多怎咋]")
_HAS_HE = frozenset({"没有", "没", "冇", "未", "没得"})
_OF_DONE = frozenset({"吗", "么", "不", "嘛"})
# 认不认, 清不清楚, 知道不知道.
_A_NOT_A = re.compile("(?:.{1,2})[不没]([^有]{1,2})")
_ASPECT = re.compile("[了过着的]+$")
_SUBJECT = re.compile("^[您你都也全就是有不没]")
# At the end of a clause these ask, whatever follows: 态度咋样？没甩脸子吧.
_HOW = frozenset({"怎么样", "咋样", "怎样", "咋个样", "如何"})


class Form(StrEnum):
    """How a topic was brought up. `tag` asks for agreement (对吗), `leading` expects it (您知道吧), and
    `doubtful` may ask about something else (耽误您两分钟，…是这车吧)."""

    ASKED = "asked"
    REQUEST = "request"
    TAG = "tag"
    LEADING = "leading"
    DOUBTFUL = "doubtful"
    STATED = "stated"


@dataclass(frozen=True, slots=True)
class Asking:
    """A question form at places `first` to `last` of a text. `final` ones end their sentence."""

    form: Form
    first: int
    last: int
    final: bool


class Clause(NamedTuple):
    """Places `first` to `last` of a leg, with the question forms in it."""

    first: int
    last: int
    chars: str
    sound: str
    start: float
    end: float
    askings: tuple[Asking, ...]
    # The engine ended it with a question mark.
    marked: bool = False

    @property
    def bare(self) -> bool:
        """Asks without naming a topic of its own: 请问您知道吗; a figure may stand in it."""
        return self.bare_until(None)

    def bare_until(self, asking: Asking | None) -> bool:
        """The same of the clause's part up to a form that ends its sentence."""
        until = self._until(asking)
        left = self.left(asking)
        return not left or (left <= _FIGURE_SYLLABLES and not _NUMERALS.isdisjoint(self.chars[:until]))

    @property
    def counts(self) -> bool:
        """Holds a figure."""
        return not _NUMERALS.isdisjoint(self.chars)

    def left(self, asking: Asking | None) -> int:
        """How many syllables of it name something of its own."""
        return own_syllables(self.sound[: self._until(asking)])

    def _until(self, asking: Asking | None) -> int:
        return asking.last + 1 if asking is not None and asking.final else len(self.sound)

    @property
    def refers(self) -> bool:
        """Points at what was said before: 这个您清楚吗."""
        return any(word in self.chars for word in question_words().refers)

    def mentions(self, asking: Asking) -> bool:
        """May only mention what is known: 多少钱, 什么项目."""
        form = self.chars[asking.first : asking.last + 1]
        if form in _HOW and asking.last == len(self.chars) - 1:
            return False
        return not asking.final and bool(_WHICH.search(form))

    def asks_of_done(self, asking: Asking) -> bool:
        """弄明白没有, 都了解了吗: to it 了解了 is a yes, and not "I know it now"."""
        form = self.chars[asking.first : asking.last + 1]
        return form in _HAS_HE or (form in _OF_DONE and self.chars[: asking.first].endswith("了"))

    def verb_of(self, asking: Asking) -> str:
        """What is asked in a word, 认 of 您认吗 and 清楚 of 清不清楚; nothing where no verb stands there."""
        if asking.form is not Form.ASKED:
            return ""
        form = self.chars[asking.first : asking.last + 1]
        again = _A_NOT_A.fullmatch(form)
        before = again[1] if again else self.chars[: asking.first] if asking.final else ""
        return _SUBJECT.sub("", _ASPECT.sub("", before)[-2:])

    def tells(self, since: int = 0) -> bool:
        """Says where or that it is known, from a place on, and asks nothing there: …单子上都有."""
        known = told().search(self.chars, since)
        return bool(known) and not any(asking.first >= since for asking in self.askings)

    @property
    def turns(self) -> bool:
        """Begins another matter: 接下来, 您的保险期间是…."""
        return self.chars.startswith(question_words().turns)

    @property
    def sums_up(self) -> bool:
        """Asks about all that was said: 这些您都清楚吗."""
        return any(word in self.chars for word in question_words().sums_up)

    @property
    def opens(self) -> bool:
        """Begins a question that a later clause may end: 请问您知道退保会有损失，…吗."""
        return any(word in self.chars for word in question_words().opens)

    @property
    def states(self) -> bool:
        """Says something by itself, unlike the beginning of a list: 条款，产品说明书您都看了吗."""
        words = question_words()
        if self.chars.startswith(words.introduces):
            return False
        return len(self.chars) > _LIST_SYLLABLES or any(word in self.chars for word in words.states)

    def shares(self, other: "Clause") -> bool:
        """Whether both speak of one thing: two syllables in a row that are not common ones."""
        return not (pairs(self.sound) - common()).isdisjoint(pairs(other.sound))


def is_backchannel(chars: str) -> bool:
    """嗯, 好的: nothing was said with it."""
    return backchannel().fullmatch(chars) is not None


def is_listening(chars: str) -> bool:
    """嗯, 哦: heard, and no answer; 好的 may be one."""
    return all(char in question_words().listening for char in chars)


@lru_cache(maxsize=20_000)
def askings(chars: str, sound: str, ends: tuple[bool, ...]) -> tuple[Asking, ...]:
    """The question forms in a text; `ends` says after which characters a clause ends."""
    words = question_words()
    closes = [
        end or (place + 1 < len(chars) and ends[place + 1] and chars[place + 1] in words.trailing)
        for place, end in enumerate(ends)
    ]
    masked = _mask(_mended(chars, closes, words), words.not_questions)
    free = _mask(masked, words.not_requests)
    found = [
        *_tags(masked, closes, words),
        *_finals(_mask(masked, words.not_final), closes, words),
        *_leadings(masked, closes),
        *_anywhere(masked, sound, words.anywhere, Form.ASKED),
        *_anywhere(free, sound, words.requests, Form.REQUEST),
        *(replace(one, final=True) for one in _anywhere(masked, sound, words.final_anywhere, Form.ASKED)),
        *_v_not_v(masked),
        *_unsure(masked, closes, words),
        *_or_not(masked, closes),
    ]
    return _longest(found)


def _anywhere(chars: str, sound: str, words: tuple[str, ...], form: Form) -> Iterator[Asking]:
    """As written, and from three characters on by sound: 又没有 is 有没有."""
    written, heard, sizes, firsts = _index(words)
    for at in range(len(chars)):
        if chars[at] not in firsts and sound[at] not in firsts:
            continue
        for size in sizes:
            last = at + size
            if last > len(chars):
                break
            piece = chars[at:last]
            alike = size >= _SOUND_IS_ENOUGH and sound[at:last] in heard and _MASK not in piece
            if piece in written or alike:
                yield Asking(form, at, last - 1, False)


@cache
def _index(words: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str], tuple[int, ...], frozenset[str]]:
    """(as written, by sound, their lengths, what they begin with): a look-up is faster than a search for
    each word."""
    heard = frozenset(sounds_of(word) for word in words if len(word) >= _SOUND_IS_ENOUGH)
    firsts = frozenset(word[0] for word in (*words, *heard))
    return frozenset(words), heard, tuple(sorted({len(word) for word in words})), firsts


def _tags(chars: str, ends: Sequence[bool], words: QuestionWords) -> Iterator[Asking]:
    if not any(end and chars.endswith(words.tags, 0, place) for place, end in enumerate(ends, 1)):
        return
    for word in words.tags:
        for at in _ending(chars, word, ends):
            leads = word in words.leading_tags
            form = Form.LEADING if leads else Form.TAG
            yield Asking(form, at, at + len(word) - 1, True)


def _finals(chars: str, ends: Sequence[bool], words: QuestionWords) -> Iterator[Asking]:
    for word in words.final:
        places = _places(chars, word) if word in "吗嘛" else _ending(chars, word, ends)
        for at in places:
            if at:
                leads = word in _SOFT and _searched(words.supposes).search(chars, 0, at)
                yield Asking(Form.LEADING if leads else Form.ASKED, at, at + len(word) - 1, True)


def _unsure(chars: str, ends: Sequence[bool], words: QuestionWords) -> Iterator[Asking]:
    """Question words that statements hold too."""
    if not _searched(words.unsure).search(chars):
        return
    addressed = any(word in chars for word in words.addressed)
    for word in words.unsure:
        for at in _places(chars, word):
            last = at + len(word) - 1
            # 是满意还是不满意; 您自己抄的，还是别人代抄的
            chosen = word == "还是" and ("是" in chars[:at] or (not at and chars.endswith(("的", "呢"))))
            closes = chosen or any(ends[last : last + _NEAR_END])
            yield Asking(Form.ASKED if addressed or closes else Form.LEADING, at, last, False)


def _mended(chars: str, ends: Sequence[bool], words: QuestionWords) -> str:
    """吗 and 吧 where a recogniser wrote 马 or 把 at the end of a clause."""
    masked = _mask(chars, words.misheard_words)
    return "".join(
        words.final_misheard.get(free, char) if end else char
        for char, free, end in zip(chars, masked, ends, strict=True)
    )


def _leadings(chars: str, ends: Sequence[bool]) -> Iterator[Asking]:
    """Who says 吧 expects a yes: 您知道吧, 想必送到了吧."""
    for at in _places(chars, "吧"):
        if ends[at] or chars[at + 1 : at + 3] in ("请问", "您的", "您这", "那您", "这个"):
            yield Asking(Form.LEADING, at, at, True)


def _v_not_v(chars: str) -> Iterator[Asking]:
    """清不清楚, 收没收到, 知道不知道, 抄了没抄."""
    for at, char in enumerate(chars):
        if char not in "不没冇唔" or not 0 < at < len(chars) - 1:
            continue
        if chars[at - 1] == chars[at + 1] and chars[at - 1] not in f"{_MASK}不":
            yield Asking(Form.ASKED, at - 1, at + 1, False)
        elif at >= 2 and chars[at - 2 : at] == chars[at + 1 : at + 3] and _MASK not in chars[at - 2 : at]:
            yield Asking(Form.ASKED, at - 2, at + 2, False)
        elif at >= 2 and chars[at - 1] in "了过" and chars[at - 2] == chars[at + 1] and char in "没冇":
            yield Asking(Form.ASKED, at - 2, at + 1, False)
        elif at >= _PAIR + 1 and chars[at - 1] in "了过" and chars[at - 3 : at - 1] == chars[at + 1 : at + 3]:
            yield Asking(Form.ASKED, at - 3, at + 2, False)


def _or_not(chars: str, ends: Sequence[bool]) -> Iterator[Asking]:
    """是您亲手抄的不是."""
    for at in _ending(chars, "不是", ends):
        if "是" in chars[:at] or chars[:at].endswith(("了", "过")):
            yield Asking(Form.ASKED, at, at + 1, True)


def _ending(chars: str, word: str, ends: Sequence[bool]) -> Iterator[int]:
    """Places of the word where a clause ends with it."""
    for last in compress(range(len(ends)), ends):
        at = last + 1 - len(word)
        if at >= 0 and chars.startswith(word, at):
            yield at


def _places(chars: str, word: str) -> Iterator[int]:
    at = chars.find(word)
    while at >= 0:
        yield at
        at = chars.find(word, at + 1)


def _mask(chars: str, words: tuple[str, ...]) -> str:
    """Without the words, place by place; 有没有什么 holds no 没有什么."""
    if not _searched(words).search(chars):
        return chars
    chars = chars.replace("有没有", _EITHER)
    for word in words:
        chars = chars.replace(word, _MASK * len(word))
    return chars.replace(_EITHER, "有没有")


@cache
def _searched(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)))


def _longest(found: list[Asking]) -> tuple[Asking, ...]:
    """Without those inside others: 是吗 holds 吗, 对吧 holds 吧."""
    kept: list[Asking] = []
    for asking in sorted(found, key=lambda a: (a.first - a.last, not a.final, a.form is Form.LEADING)):
        if not any(asking.first <= other.last and other.first <= asking.last for other in kept):
            kept.append(asking)
    return tuple(sorted(kept, key=lambda a: a.first))
