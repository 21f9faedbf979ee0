"""Plates and numbers spelled out: each digit counts, likeness cannot tell 12345 from 12346 (Q3)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rapidfuzz.distance import LCSseq

from qa.matching.phrases import Hit, find, wording
from qa.matching.syllables import Spoken
from qa.rules.numbers import written
from qa.speech.text import plain

_CODE_CHARS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_REACH = 14
_HOLE = 2
_FEWEST = 3
_ANNOUNCED = 75.0
# So many characters in a row are this code and no other number, whatever was said before them.
_TELLING = 5
# 蒙碧六四提爱以 for 蒙B64T2E: beside digits, so near, and so unsure.
_BESIDE = 3
_GUESS = 0.5


class CodeHeard(StrEnum):
    """How the words agree with the code. PARTLY contradicts nothing, OFF_BY_ONE is one character wrong."""

    WHOLE = "whole"
    PARTLY = "partly"
    OFF_BY_ONE = "off_by_one"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CodeHit:
    """Syllables `first` to `last` of the leg; `score` is the share of the code that was heard, 0 to 100."""

    heard: CodeHeard
    score: float
    first: int
    last: int


def is_code(text: str) -> bool:
    """Whether there is enough in it to be spelled out: 未上牌 is no plate."""
    return len(_wanted(text)) >= _FEWEST


def find_code(code: str, near: Iterable[str], spoken: Spoken) -> CodeHit | None:
    """The whole code wherever it is said, else the best of the places that the words `near` announce, else
    what looks like a plate; None when nothing does."""
    if (said := _anywhere(code, spoken)) is not None:
        return said
    places = [hit for text in near for hit in find(wording(text), spoken, _ANNOUNCED)]
    hits = [hit for place in places if (hit := _after(place, code, spoken)) is not None]
    if not hits:
        return _unannounced(code, spoken)
    return max(hits, key=lambda hit: (hit.heard is not CodeHeard.OTHER, hit.score))


def _unannounced(code: str, spoken: Spoken) -> CodeHit | None:
    """晋K二W三九B heard as 近K二达不六三九B: something like it was said, whatever it was."""
    run = like_code(spoken)
    if not run:
        return None
    hit = _compared(code, run, spoken)
    another = hit.heard is CodeHeard.OTHER and hit.last - hit.first + 1 >= _TELLING
    return hit if another else replace(hit, heard=CodeHeard.OFF_BY_ONE)


def like_code(spoken: Spoken, since: int = 0) -> list[int]:
    """The places of the first digits and letters that may be a plate, from syllable `since` on; digits alone
    are one where the engine guessed at what stands beside them."""
    chars = written(spoken.chars)
    for place in range(since, len(chars)):
        if chars[place] not in _CODE_CHARS:
            continue
        run = _run(chars, place)
        if any(chars[at].isalpha() for at in run):
            if len(run) >= _FEWEST:
                return run
        elif len(run) >= _FEWEST - 1 and min(spoken.confidences[place : run[-1] + _BESIDE]) < _GUESS:
            return run
    return []


def _anywhere(code: str, spoken: Spoken) -> CodeHit | None:
    wanted = _wanted(code)
    if len(wanted) < _TELLING:
        return None
    place = written(spoken.chars).find(wanted)
    return CodeHit(CodeHeard.WHOLE, 100.0, place, place + len(wanted) - 1) if place >= 0 else None


def _wanted(code: str) -> str:
    """Its digits and letters as they are heard; the province's hanzi is left aside."""
    return "".join(char for char in written(plain(code)) if char in _CODE_CHARS)


def _after(place: Hit, code: str, spoken: Spoken) -> CodeHit | None:
    run = _run(written(spoken.chars), place.last + 1)
    return _compared(code, run, spoken) if len(run) >= _FEWEST else None


def _compared(code: str, run: list[int], spoken: Spoken) -> CodeHit:
    chars, wanted = written(spoken.chars), _wanted(code)
    got = "".join(chars[index] for index in run)
    agreeing = int(LCSseq.similarity(wanted, got))
    wrong = len(got) - agreeing
    score = 100 * agreeing / len(wanted)
    if not wrong:
        heard = CodeHeard.WHOLE if agreeing == len(wanted) else CodeHeard.PARTLY
    else:
        swapped = len(got) == len(wanted) and sum(a != b for a, b in zip(got, wanted, strict=True)) > 1
        near = wrong == 1 and agreeing >= _FEWEST and not swapped
        heard = CodeHeard.OFF_BY_ONE if near else CodeHeard.OTHER
    return CodeHit(heard, score, run[0], run[-1])


def _run(chars: str, start: int) -> list[int]:
    """Places of the digits and letters that follow, over holes of misheard syllables."""
    run: list[int] = []
    for index in range(start, min(start + _REACH, len(chars))):
        if chars[index] in _CODE_CHARS:
            run.append(index)
        elif run and index - run[-1] > _HOLE:
            break
    return run
