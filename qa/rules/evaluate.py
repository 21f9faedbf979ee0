"""A transcript and a rule set in, findings out (Q2-Q4)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.rules.codes import CodeHeard, CodeHit, find_code
from qa.rules.findings import Evidence, Finding, LegQuality, Reason, Verdict
from qa.rules.phrases import Bands, Hit, Wording, find, wording
from qa.rules.schema import Rule, RuleSet, Slot
from qa.rules.syllables import Spoken, hear
from qa.speech.port import LegTranscript, Transcript

_ANSWER_SECONDS = 6.0
# A leg this quiet holds no speech; a segment this unsure is a guess; so much of either hides a sentence.
_SILENT_DB = -50.0
_GUESSED = 0.35
_UNHEARD_SECONDS = 1.0
# Less than half of a code is no code, whoever says yes to it.
_LEAST_CODE = 50.0
_SEVERITY = {Verdict.PASS: 0, Verdict.NA: 0, Verdict.UNCLEAR: 1, Verdict.FAIL: 2}
Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """Everything a rule may look at."""

    legs: Mapping[Leg, Spoken]
    seconds: float
    facts: Facts
    quality: Mapping[Leg, LegQuality]
    bands: Bands


def evaluate(
    transcript: Transcript,
    rules: RuleSet,
    facts: Facts,
    quality: Mapping[Leg, LegQuality] | None = None,
    bands: Bands = Bands(),  # noqa: B008  frozen
) -> tuple[Finding, ...]:
    """One finding for each rule, in the order of the rule set.

    A leg without `quality` counts as clean, one that is not in the transcript as silent. Facts fill the
    braces of phrases; a missing one makes the rule unclear.
    """
    known = quality or {}
    legs, qualities = {}, {}
    for leg in Leg:
        said = transcript.legs.get(leg)
        legs[leg] = hear(said.words if said is not None else ())
        qualities[leg] = _quality(said, known.get(leg, LegQuality()), bands)
    call = Call(legs, transcript.seconds, facts, qualities, bands)
    return tuple(_check(rule, call) for rule in rules.rules)


def _quality(said: LegTranscript | None, known: LegQuality, bands: Bands) -> LegQuality:
    """What is known of a leg, and what its transcript shows."""
    if said is None:
        return LegQuality(silent=True)
    unheard = said.lost_seconds + sum(s.end - s.start for s in said.segments if s.confidence < _GUESSED)
    words = said.words
    unsure = bool(words) and sum(word.confidence for word in words) / len(words) < bands.clear
    return LegQuality(
        gap=known.gap,
        silent=known.silent or said.speech_level < _SILENT_DB,
        not_understood=known.not_understood or unsure or unheard > _UNHEARD_SECONDS,
    )


def _check(rule: Rule, call: Call) -> Finding:
    wants = rule.only_if
    missing = {name for slot in rule.parts() for name in slot.facts()} | set(wants)
    missing -= {name for name, value in call.facts.items() if value}
    if missing:
        return Finding(rule.id, Verdict.UNCLEAR, Reason.FACT_MISSING, slot=", ".join(sorted(missing)))
    if any(call.facts[name] != value for name, value in wants.items()):
        return Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE)
    if rule.kind == "must_not_say":
        return _forbidden(rule, call)
    slots = [_slot(rule, slot, call) for slot in rule.parts()]
    worst = max(slots, key=lambda finding: _SEVERITY[finding.verdict])
    if worst.verdict is not Verdict.PASS:
        return worst
    proof = tuple(evidence for finding in slots for evidence in finding.evidence)
    return Finding(rule.id, Verdict.PASS, worst.reason, proof)


def _slot(rule: Rule, slot: Slot, call: Call) -> Finding:
    if slot.code:
        return _code(rule, slot, call)
    hits = _hits(slot.say, slot.keep, rule, call)
    rivals = [hit for hit in _hits(slot.opposites, (), rule, call) if hit.polar]
    said = [hit for hit in hits if hit.polar and hit.score >= call.bands.enough(hit.wording)]
    clear = [hit for hit in said if _beats(hit, rivals, call.bands)]
    if clear:
        return _finding(rule, slot, Verdict.PASS, Reason.SAID, clear[:1], call)
    wrong = [r for r in rivals if r.score >= call.bands.enough(r.wording) and _beats(r, said, call.bands)]
    if wrong:
        return _finding(rule, slot, Verdict.FAIL, Reason.OPPOSITE_SAID, wrong[:1], call)
    if hits:
        return _finding(rule, slot, Verdict.UNCLEAR, Reason.MAYBE_SAID, hits[:1], call)
    return _absent(rule, slot, call)


def _beats(hit: Hit, rivals: list[Hit], bands: Bands) -> bool:
    return all(hit.score >= rival.score + bands.margin for rival in rivals if hit.overlaps(rival))


def _forbidden(rule: Rule, call: Call) -> Finding:
    excuses = _hits(rule.excuses, (), rule, call)
    hits = [
        hit
        for hit in _hits(rule.say, (), rule, call)
        if not any(excuse.overlaps(hit) and excuse.score >= hit.score for excuse in excuses)
    ]
    said = [hit for hit in hits if hit.polar and hit.score >= call.bands.enough(hit.wording)]
    # A short phrase has homophones (不行, 步行): only the characters themselves are proof.
    spoken = call.legs[rule.channel]
    sure = [h for h in said if not h.wording.is_short or spoken.text(h.first, h.last) == _chars(h.wording)]
    slot = Slot(say=rule.say)
    if sure:
        return _finding(rule, slot, Verdict.FAIL, Reason.FORBIDDEN_SAID, sure, call)
    maybe = [hit for hit in hits if hit.polar]
    if maybe:
        return _finding(rule, slot, Verdict.UNCLEAR, Reason.MAYBE_FORBIDDEN, maybe, call)
    if not call.quality[rule.channel].clean:
        return _finding(rule, slot, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, [], call)
    return Finding(rule.id, Verdict.PASS, Reason.NOTHING_FORBIDDEN, (_whole_leg(rule.channel, call),))


def _code(rule: Rule, slot: Slot, call: Call) -> Finding:
    code = slot.code.format_map(call.facts)
    hit = find_code(code, slot.near, call.legs[rule.channel])
    if hit is None:
        return _absent(rule, slot, call)
    spoken = call.legs[rule.channel]
    proof = [_evidence(rule.channel, spoken, hit, code)]
    for answers, verdict, reason in (
        (slot.deny, Verdict.FAIL, Reason.DENIED),
        (slot.confirm, Verdict.PASS, Reason.CODE_CONFIRMED),
    ):
        answer = _answer(answers, rule.channel, spoken.ends[hit.last], call)
        partly = hit.heard is CodeHeard.PARTLY and hit.score >= _LEAST_CODE
        if answer is None or (reason is Reason.CODE_CONFIRMED and not partly):
            continue
        alarm = rule.alarm and verdict is Verdict.FAIL
        return Finding(rule.id, verdict, reason, (*proof, answer), slot.name, alarm)
    verdict, reason = {
        CodeHeard.WHOLE: (Verdict.PASS, Reason.CODE_SAID),
        CodeHeard.PARTLY: (Verdict.UNCLEAR, Reason.CODE_UNSURE),
        CodeHeard.OFF_BY_ONE: (Verdict.UNCLEAR, Reason.CODE_UNSURE),
        CodeHeard.OTHER: (Verdict.FAIL, Reason.OTHER_CODE),
    }[hit.heard]
    return Finding(rule.id, verdict, reason, tuple(proof), slot.name, rule.alarm and verdict is Verdict.FAIL)


def _answer(answers: tuple[str, ...], asker: Leg, after: float, call: Call) -> Evidence | None:
    """The first of these answers that the other party gave right after."""
    other = Leg.CUSTOMER if asker is Leg.AGENT else Leg.AGENT
    spoken = call.legs[other]
    for text in answers:
        sought = wording(text)
        for hit in find(sought, spoken, call.bands.floor(sought)):
            if hit.polar and after - 1 <= spoken.starts[hit.first] <= after + _ANSWER_SECONDS:
                return _evidence(other, spoken, hit, text)
    return None


def _hits(texts: tuple[str, ...], keep: tuple[str, ...], rule: Rule, call: Call) -> list[Hit]:
    """Where the texts may have been said within the rule's part of the call, best first."""
    return sorted(_all_hits(texts, keep, rule, call), key=lambda hit: (not hit.polar, -hit.score))


def _all_hits(texts: tuple[str, ...], keep: tuple[str, ...], rule: Rule, call: Call) -> Iterator[Hit]:
    spoken = call.legs[rule.channel]
    until = rule.first_seconds if rule.first_seconds is not None else call.seconds
    since = call.seconds - rule.last_seconds if rule.last_seconds is not None else 0.0
    for text in texts:
        sought = wording(text.format_map(call.facts), keep)
        for hit in find(sought, spoken, call.bands.floor(sought)):
            if spoken.starts[hit.first] <= until and spoken.ends[hit.last] >= since:
                yield hit


def _absent(rule: Rule, slot: Slot, call: Call) -> Finding:
    if call.quality[rule.channel].clean:
        return _finding(rule, slot, Verdict.FAIL, Reason.NOT_SAID, [], call)
    return _finding(rule, slot, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, [], call)


def _finding(
    rule: Rule, slot: Slot, verdict: Verdict, reason: Reason, hits: list[Hit], call: Call
) -> Finding:
    spoken = call.legs[rule.channel]
    proof = tuple(_evidence(rule.channel, spoken, hit, hit.wording.text) for hit in hits)
    if not proof:
        proof = (_whole_leg(rule.channel, call),)
    return Finding(rule.id, verdict, reason, proof, slot.name, rule.alarm and verdict is Verdict.FAIL)


def _evidence(channel: Leg, spoken: Spoken, hit: Hit | CodeHit, text: str) -> Evidence:
    return Evidence(
        channel=channel,
        start=spoken.starts[hit.first],
        end=spoken.ends[hit.last],
        words=spoken.text(hit.first, hit.last),
        wording=text,
        score=round(hit.score, 1),
        confidence=round(spoken.confidence(hit.first, hit.last), 3),
    )


def _whole_leg(channel: Leg, call: Call) -> Evidence:
    return Evidence(channel, 0.0, call.seconds, "", "", 0.0, 0.0)


def _chars(sought: Wording) -> str:
    return "".join(syllable.char for syllable in sought.syllables)
