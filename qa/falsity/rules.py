"""How doubtful a finished form is, and why: the form against words, times and other forms. Pure.

Each reason has a strength of 0 to 1 and its proof. A machine only suspects: the words may be misheard, so
"not asked" needs a leg that was understood, and a person decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dialer.telephony.outcomes import Leg
from qa.falsity.reasons import DoubtReason
from qa.falsity.settings import DoubtSettings
from qa.matching.phrases import Hit, find, wording
from qa.matching.syllables import Spoken, Syllable, spell

R = DoubtReason


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """One answer of the form. `second` of the call; `late` seconds after its end, 0 where before it.

    `rated` where the answer is a grade, a score, or yes or no: `bad` then says that it is a dissatisfied one.
    """

    question: str
    ask: str
    shown: str
    rated: bool
    bad: bool
    second: float
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class Habit:
    """How usual a form's answers are: the agent's last `row` forms in a row have the same, as have `alike` of
    the `others` forms by other agents of the branch."""

    row: int = 1
    alike: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """A completed form and all that it is held against. `legs` is None where there is no transcript;
    `clear` are the legs that were understood well enough to say that something is missing."""

    answers: Sequence[FormAnswer]
    talk_seconds: float
    legs: Mapping[Leg, Spoken] | None = None
    clear: frozenset[Leg] = frozenset()
    machine: str = ""
    own_number: bool = False
    customers_of_number: int = 1
    habit: Habit = field(default_factory=Habit)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason with its proof. Seconds of the recording; None where no place in it is meant."""

    reason: DoubtReason
    strength: float
    start: float | None = None
    end: float | None = None
    words: str = ""
    questions: tuple[str, ...] = ()
    data: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """The score, 0 to 100, and the reasons, the weightiest first."""

    score: float
    doubts: tuple[Doubt, ...]


def judge(call: Followed, settings: DoubtSettings) -> Judged:
    """How doubtful this form is: 100 × (1 - product of (1 - weight × strength))."""
    found = [*_from_words(call, settings), *_from_times(call, settings), *_from_others(call, settings)]
    rest = 1.0
    for doubt in found:
        rest *= 1 - settings.weights[doubt.reason] * doubt.strength
    order = sorted(found, key=lambda one: -settings.weights[one.reason] * one.strength)
    return Judged(round(100 * (1 - rest), 1), tuple(order))


@dataclass(frozen=True, slots=True)
class _Asked:
    answer: FormAnswer
    score: float
    start: float
    end: float


def _from_words(call: Followed, settings: DoubtSettings) -> Iterator[Doubt]:
    if call.machine:
        yield Doubt(R.MACHINE_HEARD, 1.0, words=call.machine)
    if call.legs is None:
        return
    agent, customer = call.legs[Leg.AGENT], call.legs[Leg.CUSTOMER]
    if call.answers and Leg.CUSTOMER in call.clear and len(customer.syllables) < 2:
        yield Doubt(R.CUSTOMER_SILENT, 1.0, 0.0, call.talk_seconds, customer.chars)
    asked = [_asked(answer, agent) for answer in call.answers]
    count = len(asked)
    missing = [
        one.answer.question
        for one in asked
        if one.score < settings.not_asked and _covered(one.answer.ask, agent) < settings.in_other_words
    ]
    if missing and Leg.AGENT in call.clear:
        yield Doubt(R.NEVER_ASKED, _share(len(missing), count), 0.0, call.talk_seconds, "", tuple(missing))
    known = sorted((one for one in asked if one.score >= settings.asked), key=lambda one: one.start)
    unanswered, differing, early = [], [], []
    for place, one in enumerate(known):
        after = [other.start for other in known[place + 1 :] if other.start > one.end]
        until = min([one.end + settings.answer_seconds, *after])
        words, at = _said(customer, one.end - 0.5, until)
        if not words and one.answer.rated and Leg.CUSTOMER in call.clear:
            unanswered.append(one)
        if one.answer.rated and words:
            against = settings.satisfied if one.answer.bad else settings.dissatisfied
            heard = _strongest(against, customer, at)
            other = _strongest(settings.dissatisfied if one.answer.bad else settings.satisfied, customer, at)
            if heard is not None and other is None:
                differing.append((one, heard))
        if one.answer.second < one.start - settings.early_seconds:
            early.append(one)
    for one, heard in differing:
        start, end = customer.starts[heard.first], customer.ends[heard.last]
        said = customer.text(heard.first, heard.last)
        yield Doubt(
            R.ANSWER_DIFFERS, 1.0, start, end, said, (one.answer.question,), {"form": one.answer.shown}
        )
    for reason, some in ((R.NOT_ANSWERED, unanswered), (R.ANSWERED_EARLY, early)):
        if some:
            names = tuple(one.answer.question for one in some)
            yield Doubt(reason, _share(len(some), count), some[0].start, some[0].end, "", names)


def _asked(answer: FormAnswer, agent: Spoken) -> _Asked:
    hits = find(wording(answer.ask), agent, 0.0) if answer.ask and agent.syllables else []
    if not hits:
        return _Asked(answer, 0.0, 0.0, 0.0)
    best = max(hits, key=lambda hit: hit.score)
    return _Asked(answer, best.score, agent.starts[best.first], agent.ends[best.last])


def _covered(ask: str, agent: Spoken) -> float:
    """The share of a question's pairs of syllables that the agent said at all: asked in other words, it keeps
    its nouns and verbs."""
    wanted, said = _pairs(spell(ask)), _pairs(agent.syllables)
    return len(wanted & said) / len(wanted) if wanted else 1.0


def _pairs(syllables: Sequence[Syllable]) -> set[tuple[str, str]]:
    sounds = [one.initial + one.final for one in syllables]
    return set(pairwise(sounds))


def _share(some: int, count: int) -> float:
    """One of ten says little, half of them nearly all there is to say."""
    return round(min(1.0, 2 * some / count), 3) if count else 0.0


def _said(spoken: Spoken, since: float, until: float) -> tuple[str, tuple[int, int]]:
    places = [place for place, start in enumerate(spoken.starts) if since <= start < until]
    if not places:
        return "", (0, -1)
    return spoken.text(places[0], places[-1]), (places[0], places[-1])


def _strongest(wordings: Sequence[str], spoken: Spoken, at: tuple[int, int]) -> Hit | None:
    """The best hit between two syllables that is no opposite; a short word must be heard itself."""
    hits = [
        hit
        for text in wordings
        for hit in find(wording(text), spoken, 93.0)
        if hit.polar and at[0] <= hit.first and hit.last <= at[1]
    ]
    return max(hits, key=lambda hit: (hit.score, len(hit.wording.syllables)), default=None)


def _from_times(call: Followed, settings: DoubtSettings) -> Iterator[Doubt]:
    count = len(call.answers)
    if not count:
        return
    needed = settings.seconds_besides + settings.seconds_a_question * count
    if call.talk_seconds < needed:
        data = {"seconds": round(call.talk_seconds, 1), "needed": round(needed, 1), "count": count}
        yield Doubt(
            R.TALK_TOO_SHORT, round(1 - call.talk_seconds / needed, 3), 0.0, call.talk_seconds, data=data
        )
    late = [answer for answer in call.answers if answer.late > settings.late_seconds]
    if late:
        data = {"seconds": round(max(answer.late for answer in late), 1), "count": len(late)}
        yield Doubt(
            R.ANSWERED_LATE, _share(len(late), count), questions=tuple(a.question for a in late), data=data
        )


def _from_others(call: Followed, settings: DoubtSettings) -> Iterator[Doubt]:
    if call.own_number:
        yield Doubt(R.OWN_NUMBER, 1.0)
    elif call.customers_of_number >= settings.shared_by:
        yield Doubt(R.SHARED_NUMBER, 1.0, data={"count": call.customers_of_number})
    habit = call.habit
    if habit.row < settings.same_in_a_row or habit.others < settings.others:
        return
    usual = (habit.alike + 1) / (habit.others + 2)
    chance = usual**habit.row
    if chance < settings.chance:
        data = {"count": habit.row, "share": round(100 * habit.alike / habit.others)}
        yield Doubt(R.SAME_ANSWERS, 1.0, data=data)
