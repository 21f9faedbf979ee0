"""Questions that no rule accounts for (Q4).

Where the agent asked one, what seems not to have been asked may have been asked in words that nobody foresaw.
That is for a person, and shows which words a rule lacks.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dialer.telephony.outcomes import Leg
from qa.dialogue.chains import CHAIN_CLAUSES, SENTENCE_SECONDS
from qa.dialogue.forms import Clause, Form
from qa.dialogue.lexicon import Verb, lexicon
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.schema import Rule, RuleSet
from qa.values.sounds import sounds_of

_SHOWN = 3
# A topic's word has no room for errors where it is short.
_LEAST_LIKE = {1: 93.0, 2: 93.0, 3: 93.0}
_LIKE = 80.0
# Asked of anything: 您知道吗, 行不行; and who signed is not who copied.
_TELLS_NOTHING = {Verb.KNOW, Verb.MAY, Verb.DID, Verb.DOUBT, Verb.VALUE}
# A longer clause, or one that says that something is so, is no item of a list.
_LIST_SYLLABLES = 12
_TELLS = re.compile("会|已|可能|[了哈啊哦吧呢啦]$|放心|寄|送|都有|写")
_TAGS = (Form.TAG, Form.LEADING)
# A question of one or two syllables (是吗, 好吗) names nothing.
_LEAST = 3


def softened(
    findings: Mapping[str, Finding],
    slots: Mapping[str, Sequence[Finding]],
    asked: Sequence[tuple[int, int]],
    rules: RuleSet,
    call: Call,
) -> dict[str, Finding]:
    """The findings; what seems not to have been asked is left to a person where a question that nobody knows
    holds words of its topic, and what seems to have been stated where such a question follows at once.
    `slots` are the findings of each rule's slots: one that surely failed fails the rule."""
    doubtful = [
        rule for rule in rules.rules if rule.id in findings and _is_failed_question(rule, findings[rule.id])
    ]
    if not doubtful:
        return dict(findings)
    doubted = {rule.id for rule in doubtful}
    sure = {name: one for name, one in findings.items() if name not in doubted}
    found, unknown = dict(findings), tuple(_unknown(sure, asked, rules, call))
    topics = _topics(rules, call) if unknown else {}
    for rule in doubtful:
        every = slots.get(rule.id) or (findings[rule.id],)
        failed = [one for one in every if one.verdict is Verdict.FAIL]
        softer = [
            _other_half(rule, one, every, findings, call) or _softer(rule, one, unknown, topics, call)
            for one in failed
        ]
        sure_one = next((one for one in softer if one.verdict is Verdict.FAIL), None)
        found[rule.id] = sure_one or softer[0]
    return found


def _softer(
    rule: Rule, one: Finding, unknown: Sequence["_Question"], topics: "_Topics", call: Call
) -> Finding:
    """The finding of one slot; for a person where a question that nobody knows may be about it."""
    if not _is_failed_question(rule, one):
        return one
    if one.reason is Reason.STATED:
        reason, own = Reason.MAYBE_STATED, [at for (name, _), at in topics.items() if name == rule.id]
        stated = one.evidence[0]
        about = [
            q for q in unknown if _follows(stated, q, call) or (_precedes(q, stated, call) and _holds(q, own))
        ]
    else:
        reason = Reason.MAYBE_SAID
        own = [at for (name, slot), at in topics.items() if name == rule.id and slot in (one.slot, "")]
        about = [q for q in unknown if _is_about(rule, one.slot, q, own, topics)]
    if not about:
        return one
    shown = tuple(q.evidence for q in about[:_SHOWN])
    return replace(one, verdict=Verdict.UNCLEAR, reason=reason, evidence=shown, alarm=False)


def _other_half(
    rule: Rule, one: Finding, every: Sequence[Finding], findings: Mapping[str, Finding], call: Call
) -> Finding | None:
    """它保障些什么，又有什么是不保的，您搞清楚了吗: where one half was understood, words beside it that
    nothing accounts for, and that hold a word of the other half, may be that."""
    slot = next((slot for slot in rule.slots if slot.name == one.slot), None)
    if not rule.asked_together or slot is None or one.reason is not Reason.NOT_SAID:
        return None
    known = [proof for finding in (*findings.values(), *every) for proof in _spoken(finding)]
    for half in (proof for other in every if other.verdict is Verdict.PASS for proof in _spoken(other)):
        for clause in _block(half, call):
            beside = max(half.start - clause.end, clause.start - half.end) < SENTENCE_SECONDS
            taken = any(proof.start < clause.end and clause.start < proof.end for proof in known)
            if beside and not taken and any(word in clause.chars for word in slot.topic):
                shown = call.evidence(Leg.AGENT, clause.first, clause.last)
                return replace(
                    one, verdict=Verdict.UNCLEAR, reason=Reason.MAYBE_SAID, evidence=(shown,), alarm=False
                )
    return None


def _spoken(finding: Finding) -> list[Evidence]:
    return [proof for proof in finding.evidence if proof.channel is Leg.AGENT and proof.words]


@dataclass(frozen=True, slots=True)
class _Question:
    """One that no rule accounts for, from syllable `first` to `last` of the agent. `since` is where the list
    before it begins: 合同，连着条款，您有没有…."""

    since: int
    first: int
    last: int
    evidence: Evidence


_Places = Iterable[Sequence[tuple[int, int]]]
_Topics = Mapping[tuple[str, str], Sequence[tuple[int, int]]]


def _is_failed_question(rule: Rule, finding: Finding) -> bool:
    doubtful = [Reason.NOT_SAID, Reason.STATED]
    if rule.kind != "must_ask" or rule.channel is not Leg.AGENT:
        return False
    if not any(proof.words for proof in finding.evidence):
        doubtful.append(Reason.VALUE_NOT_SAID)  # with its topic it was brought up, and without the value
    return finding.verdict is Verdict.FAIL and finding.reason in doubtful


def _follows(stated: Evidence, asked: _Question, call: Call) -> bool:
    """Asked before anything was answered."""
    block = _block(stated, call)
    return (
        asked.last >= block[0].first and asked.first <= block[-1].last and stated.start < asked.evidence.end
    )


def _precedes(asked: _Question, stated: Evidence, call: Call) -> bool:
    """退保的规矩您知道吗？可能有损失: asked first, and told before an answer."""
    return _block(stated, call)[0].first <= asked.last and asked.evidence.end <= stated.start


def _block(stated: Evidence, call: Call) -> tuple[Clause, ...]:
    starts = call.legs[Leg.AGENT].starts
    return call.questions.blocks[call.block_of(bisect_left(starts, stated.start))]


def _is_about(rule: Rule, slot: str, asked: _Question, own: _Places, topics: _Topics) -> bool:
    """It holds a word of its own topic, or asks for what the rule asks for and holds no topic at all."""
    if _holds(asked, own):
        return True
    if _holds(asked, topics.values()):
        return False
    if _holds(replace(asked, first=asked.since), own):
        return True
    verbs = lexicon().asked(sounds_of(asked.evidence.words))
    return Verb.DOUBT not in verbs and bool(verbs & _asked_for(rule, slot))


def _holds(asked: _Question, topics: _Places) -> bool:
    return any(first <= asked.last and asked.first <= last for places in topics for first, last in places)


def _topics(rules: RuleSet, call: Call) -> _Topics:
    """Where each slot of what must be asked was spoken of: its own words for it, or its first group, say."""
    clauses = call.legs[Leg.AGENT].clauses
    return {
        (rule.id, part.name): [
            (hit.first, hit.last)
            for text in call.likely(Leg.AGENT, part.topic or (part.all[0] if part.all else ()), _enough)
            if "{" not in text
            for hit in call.find(Leg.AGENT, text, _enough)
            if clauses[hit.first] == clauses[hit.last]
        ]
        for rule in rules.rules
        if rule.kind == "must_ask" and rule.channel is Leg.AGENT
        for part in rule.parts()
    }


def _enough(size: int) -> float:
    """The least likeness of a topic's word, by its syllables."""
    return _LEAST_LIKE.get(size, _LIKE)


@lru_cache(maxsize=500)
def _verbs(texts: tuple[str, ...]) -> frozenset[Verb]:
    return frozenset(verb for text in texts for verb in lexicon().asked(sounds_of(text)))


def _asked_for(rule: Rule, slot: str) -> frozenset[Verb]:
    """What the slot's words ask for, 收到 or 满意; an item of the check is known of, if nothing else."""
    parts = [part for part in rule.parts() if part.name == slot] or rule.parts()
    verbs = _verbs(tuple(text for part in parts for text in part.texts() if "{" not in text))
    own = verbs - _TELLS_NOTHING
    if own or not rule.question_item:
        return own
    return frozenset() if Verb.DID in verbs else frozenset({Verb.KNOW})


def _unknown(
    findings: Mapping[str, Finding], asked: Sequence[tuple[int, int]], rules: RuleSet, call: Call
) -> Iterator[_Question]:
    known = [(proof.start, proof.end) for finding in findings.values() for proof in _spoken(finding)]
    spoken = call.legs[Leg.AGENT]
    known += [(spoken.starts[first], spoken.ends[last]) for first, last in asked]
    for text in rules.asides:
        if "{" in text and not set(call.facts).issuperset(_names(text)):
            continue
        known += [
            (spoken.starts[hit.first], spoken.ends[hit.last])
            for hit in call.find(Leg.AGENT, text)
            if hit.score >= call.bands.enough(hit.wording)
        ]
    for block in call.questions.blocks:
        for number, clause in enumerate(block):
            if not clause.askings or len(clause.chars) < _LEAST:
                continue
            first = _opening(block, number)
            if first is clause and number and block[number - 1].askings and clause.bare:
                first = block[number - 1]  # 态度好不好，您满意吗: the same once more
            if not any(begin < clause.end and first.start < end for begin, end in known):
                shown = call.evidence(Leg.AGENT, first.first, clause.last)
                yield _Question(_listed(block, number), first.first, clause.last, shown)


def _opening(block: tuple[Clause, ...], number: int) -> Clause:
    """Where a question begins: one that names little of its own is about what was said since the last one."""
    clause = first = block[number]
    if not (clause.bare or clause.left(None) <= _LEAST or all(one.form in _TAGS for one in clause.askings)):
        return clause
    for before in block[max(0, number - CHAIN_CLAUSES) : number][::-1]:
        if before.askings or first.start - before.end >= SENTENCE_SECONDS:
            break
        first = before
    return first


def _listed(block: tuple[Clause, ...], number: int) -> int:
    """Where the list before a question begins: 合同，包括条款，您有没有…."""
    first = block[number].first
    for before in block[max(0, number - CHAIN_CLAUSES) : number][::-1]:
        if before.askings or len(before.chars) > _LIST_SYLLABLES or _TELLS.search(before.chars):
            break
        first = before.first
    return first


def _names(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}
