"""Question units: a topic, whether and how it was asked, and the answer that counts (Q2, Q3 rules 2, 3, 14).

A topic is covered by a question when the question form stands in its clause, in a bare question after
it (退保会有损失，请问您知道吗), before it (请问您是否清楚，退保会有损失), or in the next words of the asker,
when these name no other topic (这个您清楚吗). A statement with another question after it stays a statement.

The unit lasts until the asker's next substantive words after an answer. When the other party did not hear, it
goes on over the repeated question: the last answer counts.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from operator import ne
from typing import NamedTuple

from dialer.telephony.outcomes import Leg
from qa.dialogue.answers import Answer, AnswerKind, Why, classify_syllables, repeats
from qa.dialogue.chains import (
    CHAIN_CLAUSES,
    SENTENCE_SECONDS,
    asks_again,
    form_before,
    marked,
    without_mentions,
)
from qa.dialogue.forms import Asking, Clause, Form, askings, is_backchannel, is_listening
from qa.dialogue.lexicon import Verb, lexicon
from qa.dialogue.turns import Dialogue, Utterance
from qa.values.sounds import sounds

# An answer may begin over the last syllables of the question …
_EARLY_SECONDS = 0.6
# … and this long after it a word was no answer to it any more.
_LATE_SECONDS = 12.0
# A question with so few syllables of its own, as 这个期限您知道吗, is about what was said before.
_OWN_SYLLABLES = 2
# What is asked apart from any statement.
_OTHERS = frozenset({Verb.CONVENIENT, Verb.MAY, Verb.PERSON, Verb.DOUBT})
_ROUNDS = 4
# What an answer that begins with the verb of the question may have been taken for.
_TOLD_OTHERWISE = frozenset({Why.UNKNOWN_WORDS, Why.OTHER_VERB, Why.DENIES, Why.CONTRADICTS})
# 嗯 of the listener does not end what the speaker is saying, if he goes on within this time.
_GOES_ON_SECONDS = 2.5


class Place(NamedTuple):
    """Syllables `first` to `last` of a leg, both included, with their seconds."""

    first: int
    last: int
    start: float
    end: float


class Reply(NamedTuple):
    """What the other party said to one round of a question, with what it amounts to."""

    channel: Leg
    place: Place | None
    answer: Answer


class QuestionUnit(NamedTuple):
    """One topic, asked or stated, with every round of answers.

    `apart` is False where the asker went on to another question before any answer.
    `asking` is where the form stands; None for a statement.
    """

    topic: Place
    form: Form
    asking: Place | None
    verbs: frozenset[Verb]
    start: float
    end: float
    rounds: tuple[Reply, ...]
    apart: bool

    @property
    def asked(self) -> bool:
        return self.form is not Form.STATED

    @property
    def reply(self) -> Reply:
        """The one that counts: the first that is neither silence nor "what did you say", else the last."""
        for reply in self.rounds:
            if reply.answer.kind not in (AnswerKind.NOT_HEARD, AnswerKind.NONE):
                return reply
        return self.rounds[-1]

    def judged(self) -> Answer:
        """What the answer that counts amounts to."""
        return self.reply.answer


class Questions:
    """The question units of one asker in a dialogue. Clauses and forms are found once."""

    def __init__(self, dialogue: Dialogue, asker: Leg = Leg.AGENT) -> None:
        self.dialogue = dialogue
        self.asker = asker
        self.other = Leg.CUSTOMER if asker is Leg.AGENT else Leg.AGENT
        self._spoken = dialogue.legs[asker]

    @cached_property
    def blocks(self) -> tuple[tuple[Clause, ...], ...]:
        """What the asker says without being answered, as clauses."""
        return tuple(self._clauses(row) for row in self._rows())

    @property
    def clauses(self) -> Iterator[Clause]:
        """Those of all blocks, in the order of time."""
        return chain.from_iterable(self.blocks)

    @cached_property
    def _block_ends(self) -> list[int]:
        """Of all but the last one."""
        return [block[-1].last for block in self.blocks[:-1]]

    @cached_property
    def _sound(self) -> str:
        return sounds(self._spoken.syllables)

    def block_of(self, place: int) -> int:
        """Number of the block with this syllable, or of the next one: a 嗯 of the asker is in none."""
        return bisect_left(self._block_ends, place)

    def unit(self, first: int, last: int) -> QuestionUnit:
        """The unit of the topic at syllables `first` to `last` of the asker's leg."""
        spoken = self._spoken
        topic = Place(first, last, spoken.starts[first], spoken.ends[last])
        number = self.block_of(first)
        found = self._covering(self.blocks[number], first, last)
        if found is None and number + 1 < len(self.blocks):
            number, found = self._asked_afterwards(number, first, last)
        if found is None:
            return self._stated(topic, number, last)
        clause, asking = found
        place = self._place(clause.first + asking.first, clause.first + asking.last)
        verbs = self._verbs(first, last, clause, asking, number)
        block = self.blocks[number]
        later = [c for c in block if c.first > clause.last]
        apart = not any(c.askings for c in later)
        done = clause.asks_of_done(asking)
        rounds, end = self._rounds(number, place.end, verbs, done, clause.verb_of(asking))
        form = asking.form
        return QuestionUnit(topic, form, place, verbs, min(topic.start, clause.start), end, rounds, apart)

    def _stated(self, topic: Place, number: int, last: int) -> QuestionUnit:
        said = self.dialogue.utterances[self.asker]
        goes_on = min((u.start for u in said if u.first > last), default=float("inf"))
        replies, end = self._replies(number, topic.end)
        reply = self._reply([u for u in replies if u.start < goes_on], frozenset())
        return QuestionUnit(topic, Form.STATED, None, frozenset(), topic.start, end, (reply,), True)

    def _covering(self, block: Sequence[Clause], first: int, last: int) -> tuple[Clause, Asking] | None:
        # A topic may go on after the block, over an answer in between.
        begin = next((n for n, c in enumerate(block) if c.last >= first), len(block) - 1)
        until = next((n for n, c in enumerate(block) if c.last >= last), len(block) - 1)
        own = [(c, a) for c in block[begin : until + 1] for a in c.askings if _reaches(c, a, first, last)]
        if own:
            nearest = min(own, key=lambda pair: (_gap(pair, first, last), pair[1].form is Form.LEADING))
            if nearest[1].form is Form.LEADING:  # 保什么不保什么清楚吗
                nearest = next((one for one in own if one[1].final and one[1].form is Form.ASKED), nearest)
            leads, mentions = nearest[1].form is Form.LEADING, nearest[0].mentions(nearest[1])
            asked_too = self._after(block, until, begin) if leads or mentions else None
            return asked_too if asked_too and (mentions or asked_too[1].form is Form.ASKED) else nearest
        return self._after(block, until, begin) or form_before(block, begin)

    def _after(self, block: Sequence[Clause], until: int, begin: int) -> tuple[Clause, Asking] | None:
        topic = list(block[begin : until + 1])
        before, parted = topic[-1], False
        turned = other = figure = False
        for number, clause in enumerate(block[until + 1 : until + 1 + CHAIN_CLAUSES], until + 1):
            parted = parted or clause.start - before.end >= SENTENCE_SECONDS
            turned = turned or clause.turns
            before = clause
            if not clause.askings:
                # After a pause, or 接下来, another matter was begun.
                figure = figure or (parted and clause.counts)
                other = other or figure or ((parted or turned) and not clause.bare)
                topic.append(clause)
                continue
            asking = clause.askings[0]
            if other and (turned or figure or not clause.bare) and not clause.sums_up:
                return None
            leads = asking.form in (Form.TAG, Form.LEADING)
            if asking.form is Form.LEADING and (again := self._after(block, number, number)):
                return again  # 您知道吧，清不清楚; 没问题吧，清楚吗
            if not self._is_about(clause, asking, topic):
                return (clause, replace(asking, form=Form.DOUBTFUL)) if leads else None
            # After a pause, or the listener's 嗯, it may be the next matter: for a person.
            doubtful = parted and not clause.refers
            if doubtful and leads:
                return None
            return clause, replace(asking, form=Form.LEADING) if doubtful else asking
        return None

    def _is_about(self, clause: Clause, asking: Asking, topic: Sequence[Clause]) -> bool:
        """Whether a question names nothing but what was said before it."""
        if clause.bare_until(asking) or any(clause.shares(one) for one in topic):
            return True
        if not any(one.states for one in topic) or (asking.final and any(one.opens for one in topic)):
            return True
        verbs = lexicon().asked(clause.sound)
        if (verbs - {Verb.KNOW}) & lexicon().asked("".join(one.sound for one in topic)):
            return True  # 要求抄写的那句话，是不是您亲笔抄的
        if Verb.PERSON in verbs and Verb.DID in lexicon().asked("".join(one.sound for one in topic)):
            return True  # 抄写风险提示语的，是不是您本人
        return bool(verbs - _OTHERS) and not verbs & _OTHERS and clause.left(asking) <= _OWN_SYLLABLES

    def _asked_afterwards(
        self, number: int, first: int, last: int
    ) -> tuple[int, tuple[Clause, Asking] | None]:
        """这个您清楚吗 said next, when the other party only listened or answered the statement."""
        clause = next((c for c in self.blocks[number + 1] if not is_backchannel(c.chars)), None)
        closes = self.blocks[number][-1].last
        if clause is None or not clause.askings or not clause.bare or self._has_askings(number, last, closes):
            return number, None
        later = [c for c in self.blocks[number + 1] if c.first > clause.last]
        goes_on = bool(later) and later[0].start - clause.end < SENTENCE_SECONDS and not later[0].bare
        if goes_on and not clause.askings[-1].final and not clause.refers:
            return number, None  # 您清不清楚，退保有损失: it asks for what follows
        return number + 1, (clause, clause.askings[0])

    def _has_askings(self, number: int, since: int, until: int) -> bool:
        return any(c.askings for c in self.blocks[number] if since <= c.last <= until)

    def _rounds(
        self, number: int, since: float, verbs: frozenset[Verb], done: bool, verb: str
    ) -> tuple[tuple[Reply, ...], float]:
        """Rounds of answers: a question not heard, or not answered, is asked again in the next block."""
        rounds: list[Reply] = []
        end = since
        while len(rounds) < _ROUNDS:
            replies, end = self._replies(number, since)
            rounds.append(self._reply(replies, verbs, done, verb))
            unheard = rounds[-1].answer.kind in (AnswerKind.NOT_HEARD, AnswerKind.NONE)
            if not unheard or number + 1 >= len(self.blocks):
                break
            following = self.blocks[number + 1]
            if rounds[-1].answer.kind is not AnswerKind.NOT_HEARD and not asks_again(following):
                break
            number, since = number + 1, following[-1].end
        return tuple(rounds), end

    def _replies(self, number: int, since: float) -> tuple[list[Utterance], float]:
        """The other party's utterances from the question on, until the asker's next substantive words."""
        block = self.blocks[number]
        until = self.blocks[number + 1][0].start if number + 1 < len(self.blocks) else float("inf")
        first = max(since, 0.0) - _EARLY_SECONDS
        late = block[-1].end + _LATE_SECONDS
        began = self.dialogue.began(self.other, first, until)
        found = [u for u in began if u.start <= late and u.end > since]
        return found, found[-1].end if found else min(until, late)

    def _reply(
        self, replies: Sequence[Utterance], verbs: frozenset[Verb], done: bool = False, verb: str = ""
    ) -> Reply:
        if not replies:
            return Reply(self.other, None, Answer(AnswerKind.NONE, Why.SILENCE))
        spoken = self.dialogue.legs[self.other]
        first, last = replies[0].first, replies[-1].last
        place = Place(first, last, replies[0].start, replies[-1].end)
        answer = classify_syllables(spoken.syllables[first : last + 1], verbs)
        acknowledges = done and answer.why is Why.ACKNOWLEDGES
        if acknowledges or (answer.why in _TOLD_OTHERWISE and repeats(answer.text, verb)):
            answer = replace(answer, kind=AnswerKind.YES, why=Why.FITS)
        return Reply(self.other, place, answer)

    def _verbs(self, first: int, last: int, clause: Clause, asking: Asking, number: int) -> frozenset[Verb]:
        """What the question asks for: of the words from the topic, or the clause, to its form and back."""
        begin = min(first, clause.first)
        until = max(last, clause.last)
        for after in self.blocks[number]:
            if after.first > until and not after.askings:
                until = after.last
            elif after.first > until:
                break
        found = lexicon().asked(self._sound[begin : until + 1])
        if asking.form is Form.REQUEST:
            return found | {Verb.VALUE}
        return found

    def _rows(self) -> Iterator[list[Utterance]]:
        """Utterances of the asker in a row; a 嗯 of the listener parts none that goes on at once."""
        row: list[Utterance] = []
        for utterance in self.dialogue.utterances[self.asker]:
            if is_backchannel(utterance.text):
                continue
            if row and self._parted(row, utterance):
                yield row
                row = []
            row.append(utterance)
        if row:
            yield row

    def _parted(self, row: Sequence[Utterance], after: Utterance) -> bool:
        since, until = row[-1].end, after.start
        began = self.dialogue.began(self.other, since - _EARLY_SECONDS, until)
        between = [u for u in began if u.end > since]
        if not between:
            return False
        listening = all(is_listening(u.text) for u in between) and until - since <= _GOES_ON_SECONDS
        return not listening or self._asks(row[-1])

    def _asks(self, utterance: Utterance) -> bool:
        return bool(self._clause(utterance.first, utterance.last).askings)

    def _clauses(self, row: Sequence[Utterance]) -> tuple[Clause, ...]:
        numbers = self._spoken.clauses
        clauses: list[Clause] = []
        for utterance in row:
            first = utterance.first
            while first <= utterance.last:
                until = bisect_right(numbers, numbers[first], first, utterance.last + 1)
                clause = self._clause(first, until - 1)
                if numbers[first] in self._spoken.asking:
                    clause = marked(clause, clauses)
                clauses.append(clause)
                first = until
        return without_mentions(clauses)

    def _clause(self, first: int, last: int) -> Clause:
        spoken = self._spoken
        chars, sound = spoken.text(first, last), self._sound[first : last + 1]
        numbers = spoken.clauses[first : last + 1]
        ends = (*map(ne, numbers, numbers[1:]), True)
        start, end = spoken.starts[first], spoken.ends[last]
        return Clause(first, last, chars, sound, start, end, askings(chars, sound, ends))

    def _place(self, first: int, last: int) -> Place:
        return Place(first, last, self._spoken.starts[first], self._spoken.ends[last])


def unit(dialogue: Dialogue, first: int, last: int, asker: Leg = Leg.AGENT) -> QuestionUnit:
    """One unit; make a `Questions` for several."""
    return Questions(dialogue, asker).unit(first, last)


def _reaches(clause: Clause, asking: Asking, first: int, last: int) -> bool:
    """A form at the end of a sentence asks for what stands before it, others for both sides."""
    return not asking.final or first <= clause.first + asking.last


def _gap(pair: tuple[Clause, Asking], first: int, last: int) -> int:
    clause, asking = pair
    begin, end = clause.first + asking.first, clause.first + asking.last
    return max(0, begin - last, first - end)
