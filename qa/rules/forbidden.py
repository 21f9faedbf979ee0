"""What must not be said, and what tells of the customer: sure words, and signs of them (Q2, Q4, Q6)."""

import re
from collections.abc import Sequence

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit
from qa.rules.call import Call
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.schema import Rule, Signal, Slot
from qa.rules.slots import Found, by_ways, of_wording, runs_over, whole
from qa.rules.words import BELIEVED, as_finding, characters, in_time, is_believed, is_proof

_SAME = 100.0
_PAIR = 2
# Words of which the engine was this sure are what was said; the less sure ones are held against wordings that
# are so much alike, and long wordings are always.
_HEARD_WELL = 0.7
_ALIKE = 70.0
_LONG = 7
# Forbidden words of several groups lie close together.
_FORBIDDEN_WITHIN = 10
_NEGATED_WITHIN = 8
# So near after words that excuse, and in the same turn, words are about what those spoke of.
_UNLESS_WITHIN = 20
_TURN_SECONDS = 1.5
_ECHO_SECONDS = 10.0
_PARTICLES = re.compile("[啊呀哦哎诶欸呢的啦嘛哈哟喔了]{0,3}")
_TOLD_OR_SUPPOSED = re.compile("[说讲答喊回]|要是|如果|万一|假如|倘若|后面|以后|过后|[再还]$")
# A rule without slots is told of under no slot's name.
_WHOLE_RULE = Slot(say=("甲",))


def forbidden(rule: Rule, call: Call) -> Finding:
    """A must_not_say rule. `unsure` words are signs of it: for a person."""
    sure: list[Found] = []
    maybe: list[Found] = []
    for part in rule.parts():
        for found, some in zip(
            (sure, maybe), found_words(part, rule.excuses, rule.channel, call), strict=True
        ):
            found += [one for one in some if in_time(rule, one, call) and not _negated(rule, one, call)]
    doubted = [
        one
        for one in sure
        if (rule.unless_echoed and _is_echo(one, rule.channel, call)) or _is_within(rule, one, call)
    ]
    sure, maybe = [one for one in sure if one not in doubted], [*maybe, *doubted]
    if sure:
        best = sorted(sure, key=lambda one: -one.score)
        return as_finding(rule, _WHOLE_RULE, Verdict.FAIL, Reason.FORBIDDEN_SAID, best, call)
    if maybe := [one for one in maybe if not _names_his_own(one, call)]:
        return as_finding(rule, _WHOLE_RULE, Verdict.UNCLEAR, Reason.MAYBE_FORBIDDEN, maybe, call)
    proof = (call.whole(rule.channel),)
    if not call.clean(rule.channel):
        return Finding(rule.id, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, proof)
    return Finding(rule.id, Verdict.PASS, Reason.NOTHING_FORBIDDEN, proof)


def _is_echo(found: Found, leg: Leg, call: Call) -> bool:
    """九分都不行啊？不行: the other party has just said the very words."""
    spoken = call.legs[leg]
    words, start = spoken.text(found.first, found.last), spoken.starts[found.first]
    other = Leg.CUSTOMER if leg is Leg.AGENT else Leg.AGENT
    said = call.questions.dialogue.began(other, start - _ECHO_SECONDS, start)
    return any(words in one.text for one in said)


def _is_within(rule: Rule, found: Found, call: Call) -> bool:
    """不行我们给您重喷一遍, 师傅跟您说不知道: no refusal of his own, as 这个我不知道 is."""
    if found.text not in rule.sure_at_end:
        return False
    spoken = call.legs[rule.channel]
    begin, end = spoken.clause(found.first)
    before, after = spoken.text(max(0, begin - 1), found.first - 1), spoken.text(found.last + 1, end)
    return not _PARTICLES.fullmatch(after) or _TOLD_OR_SUPPOSED.search(before) is not None


def _names_his_own(sign: Found, call: Call) -> bool:
    """意外险 is no sign of selling where that is what he bought."""
    own = call.facts.get("product", "")
    return any(hit.wording.text[-1] in "险金" and hit.wording.text[:_PAIR] in own for hit in sign.hits)


def _negated(rule: Rule, found: Found, call: Call) -> bool:
    """不向您推荐, 不是让您再买一份; in 要不给她也办一份 and 没有的话 nothing is."""
    if not rule.unless_negated:
        return False
    spoken, negations = call.legs[rule.channel], call.searches[rule.channel].negations
    chars, clauses = spoken.chars, spoken.clauses
    near = range(max(0, found.first - _NEGATED_WITHIN), found.first)
    return any(
        place in negations
        and clauses[place] == clauses[found.first]
        and chars[place - 1 : place] != "要"
        and "的话" not in chars[place : found.first]
        for place in near
    )


def found_words(
    words: Slot | Signal, excused: tuple[str, ...], leg: Leg, call: Call
) -> tuple[list[Found], list[Found]]:
    """(surely said, perhaps said) of a slot's or signal's words, without what is `excused`."""
    clauses = call.legs[leg].clauses
    hits = [hit for text in call.likely(leg, words.say) for hit in call.find(leg, text) if hit.polar]
    # 明明白白。修好了 is no 白修.
    hits = [hit for hit in hits if not runs_over(hit, call.legs[leg])]
    hits = [hit for hit in hits if _is_sure(hit, leg, call) or _is_doubtful(hit, leg, call)]
    within = words.within or _FORBIDDEN_WITHIN
    grouped, signs = (whole(call, leg, some, within, ordered=True) for some in (words.all, words.unsure))
    grouped += by_ways(call, leg, words.ways)
    if not (hits or grouped or signs):
        return [], []
    excuses = [
        hit
        for text in call.likely(leg, excused)
        for hit in call.find(leg, text)
        if hit.polar
        and hit.score >= call.bands.enough(hit.wording)
        and call.block_of(hit.first) == call.block_of(hit.last)
    ]
    hits = [
        hit
        for hit in hits
        if not any(
            _excuses(excuse, hit) for excuse in excuses if clauses[excuse.first] == clauses[excuse.last]
        )
    ]
    grouped, signs = (
        [
            one
            for one in some
            if not any(one.overlaps(e.first, e.last) and e.score >= one.score for e in excuses)
        ]
        for some in (grouped, signs)
    )
    sure = [of_wording(hit) for hit in hits if _is_sure(hit, leg, call)]
    maybe = [of_wording(hit) for hit in hits if _is_doubtful(hit, leg, call)]
    for one in grouped:
        # Three words prove one another, one of them by its sound: 您就 回答 指导.
        # Two of them over the end of a clause do not.
        sounding = sum(not is_proof(hit, leg, call) for hit in one.hits)
        together_so = len(one.hits) > _PAIR and sounding <= 1 and all(hit.score >= _SAME for hit in one.hits)
        parted = len(one.hits) == _PAIR and clauses[one.first] != clauses[one.last]
        if (
            is_believed(one, leg, call)
            and not (parted and all(hit.wording.is_short for hit in one.hits))
            and not any(_stands_alone(hit, one, clauses) for hit in one.hits)
            and (together_so or all(is_proof(hit, leg, call) for hit in one.hits))
        ):
            sure.append(one)
        elif _is_near(one, leg, call):
            maybe.append(one)
    maybe += [one for one in signs if _is_near(one, leg, call)]
    if words.unless and (sure or maybe):
        sure, maybe = _unless(words.unless, sure, maybe, leg, call)
    sure.sort(key=lambda one: -one.score)
    return sure, [one for one in maybe if not any(one.overlaps(s.first, s.last) for s in sure)]


def _stands_alone(hit: Hit, found: Found, clauses: Sequence[int]) -> bool:
    """回答我，是您签的吗: a word of one syllable says nothing in a clause without the others."""
    if hit.first != hit.last or len(found.hits) == 1:
        return False
    return not any(other is not hit and clauses[other.last] == clauses[hit.first] for other in found.hits)


def _unless(
    texts: tuple[str, ...], sure: list[Found], maybe: list[Found], leg: Leg, call: Call
) -> tuple[list[Found], list[Found]]:
    """(surely said, perhaps said): what stands in the clause of one of the texts, after it, was not said so;
    in the next clauses it may be about something else."""
    spoken = call.legs[leg]
    places = [hit for text in texts for hit in call.find(leg, text) if is_proof(hit, leg, call)]

    def before(one: Found) -> list[Hit]:
        return [
            hit for hit in places if 0 <= one.first - hit.first <= _UNLESS_WITHIN and not _stops(hit, one)
        ]

    def _stops(hit: Hit, one: Found) -> bool:
        starts, ends = spoken.starts[hit.last + 1 : one.first + 1], spoken.ends[hit.last : one.first]
        return any(start - end >= _TURN_SECONDS for start, end in zip(starts, ends, strict=False))

    def same(one: Found) -> bool:
        return any(spoken.clauses[hit.last] == spoken.clauses[one.first] for hit in before(one))

    left = [one for one in sure if not same(one)]
    doubted = [one for one in left if before(one)]
    return [one for one in left if one not in doubted], [*(one for one in maybe if not same(one)), *doubted]


def _excuses(excuse: Hit, hit: Hit) -> bool:
    """可不可以 excuses 不可以; 不知道您 excuses 不知道, and not 我不知道."""
    return (
        excuse.score >= hit.score
        and excuse.first <= hit.last
        and hit.first <= excuse.last
        and (excuse.first <= hit.first or hit.last < excuse.last - 1)
    )


def _is_near(found: Found, leg: Leg, call: Call) -> bool:
    return all(is_proof(hit, leg, call) or _is_doubtful(hit, leg, call) for hit in found.hits)


def _is_sure(hit: Hit, leg: Leg, call: Call) -> bool:
    """The very words, or ones so long that only a sound or two easily mixed up parts them (一定给您回 is no
    一定给您退). A short phrase has homophones (不行, 步行): only the characters themselves are proof."""
    spoken = call.legs[leg]
    if spoken.text(hit.first, hit.last) == characters(hit.wording):
        return spoken.confidence(hit.first, hit.last) >= BELIEVED
    return not hit.wording.is_short and hit.score >= call.bands.short


def _is_doubtful(hit: Hit, leg: Leg, call: Call) -> bool:
    """Where the engine heard other words and was sure of them, they were other words."""
    spoken = call.legs[leg]
    unsure = min(spoken.confidences[hit.first : hit.last + 1]) < _HEARD_WELL
    if hit.wording.is_short or hit.score < call.bands.found:
        return unsure and hit.score >= _ALIKE
    return unsure or len(hit.wording.syllables) >= _LONG
