"""What must come up and what must not: said, the opposite said, not said, cannot tell (Q2, Q4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Bands, Hit, Wording
from qa.rules.call import Call
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.negated import turned
from qa.rules.schema import Groups, Rule, Signal, Slot
from qa.rules.slots import Found, of_wording, partly, whole

# All but one of so many groups is nearly the whole thing: a person decides.
_MANY_GROUPS = 5
# An accusation needs words that the engine itself believes (mean confidence).
_BELIEVED = 0.6
_CERTAIN = 0.9
_SAME = 100.0
_PAIR = 2
# Words of which the engine was this sure are what was said; the less sure ones are held against wordings that
# are so much alike, and long wordings are always.
_HEARD_WELL = 0.7
_ALIKE = 70.0
_LONG = 7
_BRIEF = 4
# Forbidden words of several groups lie close together.
_FORBIDDEN_WITHIN = 10
_NEGATED_WITHIN = 8
# So near after words that excuse, and in the same turn, words are about what those spoke of.
_UNLESS_WITHIN = 20
_TURN_SECONDS = 1.5
_ECHO_SECONDS = 10.0
# A rule without slots is told of under no slot's name.
_WHOLE_RULE = Slot(say=("甲",))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A slot judged. `places`: where it was rightly said, best first; `doubtful`: where it may have been."""

    finding: Finding
    places: tuple[Found, ...] = ()
    doubtful: tuple[Found, ...] = ()


def slot_said(rule: Rule, slot: Slot, call: Call) -> Outcome:
    """Whether a slot with wordings or groups of words came up."""
    hits = [
        hit
        for hit in _hits(slot.say, slot.keep, rule, call)
        if not _of_other(slot, hit.first, rule.channel, call)
    ]
    rivals = [hit for hit in _hits(slot.opposites, (), rule, call) if hit.polar]
    grouped, against = _grouped(rule, slot, call)
    if slot.wrong:
        denied = [one for one in grouped if turned(one, rule.channel, call)]
        grouped, against = [one for one in grouped if one not in denied], [*against, *denied]
    right, doubtful = _right(rule, hits, rivals, grouped, call)
    beating = [
        of_wording(hit)
        for hit in _enough(rivals, call.bands)
        if _beats(hit, _enough(hits, call.bands), call.bands)
    ]
    wrong = beating + against
    if right:
        after = [one for one in wrong if one.first > max(place.last for place in right)]
        if after:
            finding = _finding(rule, slot, Verdict.UNCLEAR, Reason.BOTH_SAID, [right[0], after[0]], call)
        elif wrong:
            finding = _finding(rule, slot, Verdict.PASS, Reason.CORRECTED, [right[0], wrong[0]], call)
        else:
            finding = _finding(rule, slot, Verdict.PASS, Reason.SAID, right[:1], call)
        return Outcome(finding, tuple(right))
    if wrong:
        believed = [one for one in wrong if _is_believed(one, rule.channel, call)]
        if believed:
            return Outcome(_finding(rule, slot, Verdict.FAIL, Reason.OPPOSITE_SAID, believed[:1], call))
        return Outcome(_finding(rule, slot, Verdict.UNCLEAR, Reason.MAYBE_SAID, wrong[:1], call))
    doubtful += [
        one
        for one in whole(call, rule.channel, slot.unsure, slot.within)
        if not _of_other(slot, one.first, rule.channel, call)
    ]
    if not doubtful and (near := partly(call, rule.channel, slot.all, slot.within)) is not None:
        inside = _in_time(rule, near.found, call)
        if inside and (near.near or near.groups >= _MANY_GROUPS):
            doubtful.append(near.found)
    if doubtful:
        maybe = _finding(rule, slot, Verdict.UNCLEAR, Reason.MAYBE_SAID, doubtful[:1], call)
        return Outcome(maybe, doubtful=tuple(doubtful))
    return Outcome(call.absent(rule, slot.name))


def _grouped(rule: Rule, slot: Slot, call: Call) -> tuple[list[Found], list[Found]]:
    """(the right statement, the wrong one) by groups of words, each without what is a word of the other:
    亏 of 亏不了 is none, and does not hide the 损失 that follows."""

    def look(some: Groups, without: Collection[Hit] = ()) -> list[Found]:
        return [
            one
            for one in whole(call, rule.channel, some, slot.within, without=without)
            if _in_time(rule, one, call) and not _of_other(slot, one.first, rule.channel, call)
        ]

    right, wrong = look(slot.all), look(slot.wrong)
    if right and wrong:
        both = (
            look(some, [hit for one in mine for hit in one.hits if _is_part(hit, others)])
            for some, mine, others in ((slot.all, right, wrong), (slot.wrong, wrong, right))
        )
        right, wrong = both
    return (
        [one for one in right if not _is_beaten(one, wrong)],
        [one for one in wrong if not _is_beaten(one, right)],
    )


def _of_other(slot: Slot, place: int, leg: Leg, call: Call) -> bool:
    """Whether its clause holds a word that says it is about something else: 记录仪能录音的."""
    clauses = call.legs[leg].clauses
    return any(
        clauses[hit.first] == clauses[place]
        for text in slot.unless
        for hit in call.find(leg, text)
        if _is_proof(hit, leg, call)
    )


def _right(
    rule: Rule, hits: Sequence[Hit], rivals: Sequence[Hit], grouped: Sequence[Found], call: Call
) -> tuple[list[Found], list[Found]]:
    """(rightly said, perhaps said), each best first, by hits of its wordings and of their opposites."""
    bands, leg = call.bands, rule.channel
    clear = [of_wording(hit) for hit in _enough(hits, bands) if _beats(hit, rivals, bands)]
    grouped = [one for one in grouped if not any(rival.polar and _covers(rival, one) for rival in rivals)]
    clear += [one for one in grouped if one.score >= bands.found]
    near = [one for one in grouped if one.score < bands.found and not _is_certain(one, leg, call)]
    heard = [of_wording(hit) for hit in hits]
    doubtful = [one for one in heard if not (_is_brief(one) and _is_certain(one, leg, call))] + near
    return sorted(clear, key=lambda one: -one.score), doubtful


def _is_brief(found: Found) -> bool:
    """Too short to be a wording in other words: 麻烦您了 and 吗您这."""
    return all(len(hit.wording.syllables) <= _BRIEF for hit in found.hits)


def _is_certain(found: Found, leg: Leg, call: Call) -> bool:
    """What an engine heard without any doubt was not something like it."""
    sureness = call.legs[leg].confidences
    return all(min(sureness[hit.first : hit.last + 1]) >= _CERTAIN for hit in found.hits)


def _is_beaten(one: Found, rivals: Sequence[Found]) -> bool:
    """Whether the same syllables are likelier, or more of, a rival's word: 有损失 in 没有损失."""
    return any(_is_part(hit, rivals) for hit in one.hits)


def _is_part(hit: Hit, rivals: Sequence[Found]) -> bool:
    return any(
        (other.score, len(other.wording.syllables)) > (hit.score, len(hit.wording.syllables))
        for rival in rivals
        for other in rival.hits
        if hit.overlaps(other)
    )


def _covers(rival: Hit, found: Found) -> bool:
    return rival.first <= found.first and found.last <= rival.last and rival.score >= found.score


def _enough(hits: Sequence[Hit], bands: Bands) -> list[Hit]:
    return [hit for hit in hits if hit.polar and hit.score >= bands.enough(hit.wording)]


def _beats(hit: Hit, rivals: Sequence[Hit], bands: Bands) -> bool:
    return all(hit.score >= rival.score + bands.margin for rival in rivals if hit.overlaps(rival))


def _is_believed(found: Found, leg: Leg, call: Call) -> bool:
    spoken = call.legs[leg]
    return all(spoken.confidence(hit.first, hit.last) >= _BELIEVED for hit in found.hits)


def forbidden(rule: Rule, call: Call) -> Finding:
    """A must_not_say rule. `unsure` words are signs of it: for a person."""
    sure: list[Found] = []
    maybe: list[Found] = []
    for part in rule.parts():
        for found, some in zip(
            (sure, maybe), found_words(part, rule.excuses, rule.channel, call), strict=True
        ):
            found += [one for one in some if _in_time(rule, one, call) and not _negated(rule, one, call)]
    if rule.unless_echoed:
        echoed = [one for one in sure if _is_echo(one, rule.channel, call)]
        sure, maybe = [one for one in sure if one not in echoed], [*maybe, *echoed]
    if sure:
        best = sorted(sure, key=lambda one: -one.score)
        return _finding(rule, _WHOLE_RULE, Verdict.FAIL, Reason.FORBIDDEN_SAID, best, call)
    if maybe := [one for one in maybe if not _names_his_own(one, call)]:
        return _finding(rule, _WHOLE_RULE, Verdict.UNCLEAR, Reason.MAYBE_FORBIDDEN, maybe, call)
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
    # No short word runs over the end of a sentence: 明明白白。修好了 is no 白修.
    hits = [hit for hit in hits if not hit.wording.is_short or clauses[hit.first] == clauses[hit.last]]
    hits = [hit for hit in hits if _is_sure(hit, leg, call) or _is_doubtful(hit, leg, call)]
    within = words.within or _FORBIDDEN_WITHIN
    grouped, signs = (whole(call, leg, some, within, ordered=True) for some in (words.all, words.unsure))
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
        sounding = sum(not _is_proof(hit, leg, call) for hit in one.hits)
        together_so = len(one.hits) > _PAIR and sounding <= 1 and all(hit.score >= _SAME for hit in one.hits)
        parted = len(one.hits) == _PAIR and clauses[one.first] != clauses[one.last]
        if (
            _is_believed(one, leg, call)
            and not (parted and all(hit.wording.is_short for hit in one.hits))
            and not any(_stands_alone(hit, one, clauses) for hit in one.hits)
            and (together_so or all(_is_proof(hit, leg, call) for hit in one.hits))
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
    places = [hit for text in texts for hit in call.find(leg, text) if _is_proof(hit, leg, call)]

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
    return all(_is_proof(hit, leg, call) or _is_doubtful(hit, leg, call) for hit in found.hits)


def _is_proof(hit: Hit, leg: Leg, call: Call) -> bool:
    """Short words have homophones (打这, 打折): only the characters themselves are proof."""
    if hit.wording.is_short:
        return call.legs[leg].text(hit.first, hit.last) == _chars(hit.wording)
    return hit.score >= call.bands.found


def _is_sure(hit: Hit, leg: Leg, call: Call) -> bool:
    """The very words, or ones so long that only a sound or two easily mixed up parts them (一定给您回 is no
    一定给您退). A short phrase has homophones (不行, 步行): only the characters themselves are proof."""
    spoken = call.legs[leg]
    if spoken.text(hit.first, hit.last) == _chars(hit.wording):
        return spoken.confidence(hit.first, hit.last) >= _BELIEVED
    return not hit.wording.is_short and hit.score >= call.bands.short


def _is_doubtful(hit: Hit, leg: Leg, call: Call) -> bool:
    """Where the engine heard other words and was sure of them, they were other words."""
    spoken = call.legs[leg]
    unsure = min(spoken.confidences[hit.first : hit.last + 1]) < _HEARD_WELL
    if hit.wording.is_short or hit.score < call.bands.found:
        return unsure and hit.score >= _ALIKE
    return unsure or len(hit.wording.syllables) >= _LONG


def _hits(texts: tuple[str, ...], keep: tuple[str, ...], rule: Rule, call: Call) -> list[Hit]:
    """Where the texts may have been said within the rule's part of the call, best first."""
    hits = [
        hit for text in texts for hit in call.find(rule.channel, text, keep=keep) if _in_time(rule, hit, call)
    ]
    return sorted(hits, key=lambda hit: (not hit.polar, -hit.score))


def _in_time(rule: Rule, found: Found | Hit, call: Call) -> bool:
    spoken = call.legs[rule.channel]
    until = rule.first_seconds if rule.first_seconds is not None else call.seconds
    since = call.seconds - rule.last_seconds if rule.last_seconds is not None else 0.0
    return spoken.starts[found.first] <= until and spoken.ends[found.last] >= since


def _finding(
    rule: Rule, slot: Slot, verdict: Verdict, reason: Reason, places: Sequence[Found], call: Call
) -> Finding:
    proof = tuple(
        call.evidence(rule.channel, one.first, one.last, one.text, one.score) for one in places
    ) or (call.whole(rule.channel),)
    return Finding(rule.id, verdict, reason, proof, slot.name, rule.alarm and verdict is Verdict.FAIL)


def _chars(sought: Wording) -> str:
    return "".join(syllable.char for syllable in sought.syllables)
