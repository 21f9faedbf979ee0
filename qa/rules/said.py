"""What must come up: said, the opposite said, not said, cannot tell (Q2, Q4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Bands, Hit
from qa.rules.call import Call
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.negated import turned
from qa.rules.schema import Groups, Rule, Slot
from qa.rules.slots import Found, by_ways, of_wording, partly, runs_over, whole
from qa.rules.words import as_finding, in_time, is_believed, is_heard, is_proof

# All but one of so many groups is nearly the whole thing: a person decides.
_MANY_GROUPS = 5
_CERTAIN = 0.9
_BRIEF = 4


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
    spoken = call.legs[rule.channel]
    rivals = [
        hit for hit in _hits(slot.opposites, (), rule, call) if hit.polar and not runs_over(hit, spoken)
    ]
    grouped, against = _grouped(rule, slot, call)
    if slot.wrong:
        denied = [one for one in grouped if turned(one, rule.channel, call)]
        grouped, against = [one for one in grouped if one not in denied], [*against, *denied]
    right, doubtful = _right(rule, hits, rivals, grouped, call)
    if not call.clean(rule.channel):
        # Through noise much is written that was not said.
        guessed = [one for one in right if not is_heard(one, rule.channel, call)]
        right, doubtful = [one for one in right if one not in guessed], [*doubtful, *guessed]
    beating = [
        of_wording(hit)
        for hit in _enough(rivals, call.bands)
        if _beats(hit, _enough(hits, call.bands), call.bands)
    ]
    wrong = beating + against
    if right:
        after = [one for one in wrong if one.first > max(place.last for place in right)]
        if after:
            finding = as_finding(rule, slot, Verdict.UNCLEAR, Reason.BOTH_SAID, [right[0], after[0]], call)
        elif wrong:
            finding = as_finding(rule, slot, Verdict.PASS, Reason.CORRECTED, [right[0], wrong[0]], call)
        else:
            finding = as_finding(rule, slot, Verdict.PASS, Reason.SAID, right[:1], call)
        return Outcome(finding, tuple(right))
    if wrong:
        believed = [one for one in wrong if is_believed(one, rule.channel, call)]
        if believed:
            return Outcome(as_finding(rule, slot, Verdict.FAIL, Reason.OPPOSITE_SAID, believed[:1], call))
        return Outcome(as_finding(rule, slot, Verdict.UNCLEAR, Reason.MAYBE_SAID, wrong[:1], call))
    doubtful += [
        one
        for one in whole(call, rule.channel, slot.unsure, slot.within)
        if not _of_other(slot, one.first, rule.channel, call)
    ]
    if not doubtful and (near := partly(call, rule.channel, slot.all, slot.within)) is not None:
        inside = in_time(rule, near.found, call)
        if inside and (near.near or near.groups >= _MANY_GROUPS):
            doubtful.append(near.found)
    if doubtful:
        maybe = as_finding(rule, slot, Verdict.UNCLEAR, Reason.MAYBE_SAID, doubtful[:1], call)
        return Outcome(maybe, doubtful=tuple(doubtful))
    return Outcome(call.absent(rule, slot.name))


def _grouped(rule: Rule, slot: Slot, call: Call) -> tuple[list[Found], list[Found]]:
    """(the right statement, the wrong one) by groups of words, each without what is a word of the other:
    亏 of 亏不了 is none, and does not hide the 损失 that follows."""

    def look(some: Groups, ways: tuple[Groups, ...] = (), without: Collection[Hit] = ()) -> list[Found]:
        return [
            one
            for one in (
                *whole(call, rule.channel, some, slot.within, without=without),
                *by_ways(call, rule.channel, ways, without=without),
            )
            if in_time(rule, one, call) and not _of_other(slot, one.first, rule.channel, call)
        ]

    right, wrong = look(slot.all, slot.ways), look(slot.wrong)
    if right and wrong:
        both = (
            look(some, ways, [hit for one in mine for hit in one.hits if _is_part(hit, others)])
            for some, ways, mine, others in (
                (slot.all, slot.ways, right, wrong),
                (slot.wrong, (), wrong, right),
            )
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
        if is_proof(hit, leg, call)
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


def _hits(texts: tuple[str, ...], keep: tuple[str, ...], rule: Rule, call: Call) -> list[Hit]:
    """Where the texts may have been said within the rule's part of the call, best first."""
    hits = [
        hit for text in texts for hit in call.find(rule.channel, text, keep=keep) if in_time(rule, hit, call)
    ]
    return sorted(hits, key=lambda hit: (not hit.polar, -hit.score))
