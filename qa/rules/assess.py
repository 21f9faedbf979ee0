"""Transcript, rules and facts in; findings, question item, signals and alarms out (Q2-Q4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from dialer.telephony.outcomes import Leg
from qa.conduct.rules import Measure
from qa.dialogue.turns import Turn
from qa.matching.phrases import Bands
from qa.rules import items
from qa.rules.asked import AskedSlot, asked_slot, judge_slot
from qa.rules.call import Books, Call, Facts, prepare
from qa.rules.findings import Evidence, Finding, LegQuality, Reason, Verdict
from qa.rules.forbidden import forbidden, found_words
from qa.rules.identity import TAIL_FACT, identity
from qa.rules.items import QuestionNeed
from qa.rules.measured import is_of_one_leg, measured
from qa.rules.readable import readable
from qa.rules.schema import Rule, RuleSet, Slot
from qa.rules.spelled import code_said
from qa.rules.unexplained import softened
from qa.rules.valued import WORDS, sought_names
from qa.speech.port import Transcript

_SEVERITY = {Verdict.PASS: 0, Verdict.NA: 0, Verdict.UNCLEAR: 1, Verdict.FAIL: 2}
_CLEAN: Mapping[Leg, LegQuality] = {}
_UNMEASURED: Mapping[str, Measure] = {}
# These look at what was found of the others.
_LATE = frozenset(("one_question_at_a_time", "asked_not_stated", "order", "question_item_raised"))


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is told at once: a rule broken by what was said, or a value that is another's."""

    rule_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that a check says of a call. `question_item` is None where the rule set has no such items; a signal
    is None where it cannot be told. `question_evidence` are the answers that decided."""

    findings: tuple[Finding, ...]
    question_item: QuestionNeed | None
    question_evidence: tuple[Evidence, ...]
    signals: Mapping[str, bool | None]
    alarms: tuple[Alarm, ...]
    turns: tuple[Turn, ...]
    # Where each signal that is there was said.
    signal_evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Work:
    """What has been found so far."""

    call: Call
    rules: RuleSet
    findings: dict[str, Finding] = field(default_factory=dict)
    asked: dict[str, list[AskedSlot]] = field(default_factory=dict)
    slots: dict[str, list[Finding]] = field(default_factory=dict)
    need: tuple[QuestionNeed, tuple[Evidence, ...]] | None = None


def assess(
    transcript: Transcript,
    rules: RuleSet,
    facts: Facts,
    quality: Mapping[Leg, LegQuality] = _CLEAN,
    measures: Mapping[str, Measure] = _UNMEASURED,
    bands: Bands = Bands(),  # noqa: B008  frozen
    unsure_who: Reason | None = None,
) -> Assessment:
    """One finding for each rule, in the order of the rule set.

    A leg without `quality` counts as clean. Facts fill the braces of wordings; a missing one makes the rule
    unclear, and so does one that cannot be said or compared (见合同约定 for fees). `unsure_who`
    (SPEAKER_UNKNOWN, LEGS_SWAPPED) says that it is not known which party spoke which words: then no rule
    about the words or the manners of one of them is passed or failed.
    """
    known = readable(facts, rules)
    call = prepare(transcript, _books(rules), sought_names(known), known, quality, measures, bands)
    work = _Work(call, rules)
    late = [rule for rule in rules.rules if rule.kind in _LATE]
    for rule in rules.rules:
        if rule.kind not in _LATE:
            work.findings[rule.id] = _check(rule, work)
    work.findings = softened(work.findings, work.slots, _asked_places(work), rules, call)
    for rule in late:
        work.findings[rule.id] = _check(rule, work)
    if unsure_who is not None:
        work.findings = {rule.id: _unsure(rule, work.findings[rule.id], unsure_who) for rule in rules.rules}
    need = _need(work)
    if need is not None and unsure_who is not None:
        need = (QuestionNeed.FOR_PERSON, need[1])
    findings = tuple(work.findings[rule.id] for rule in rules.rules)
    signals, said = ({}, {}) if unsure_who else _signals(rules, call)
    return Assessment(
        findings,
        need[0] if need else None,
        need[1] if need else (),
        signals,
        tuple(Alarm(one.rule_id, one.reason) for one in findings if one.alarm),
        call.questions.dialogue.turns,
        said,
    )


def _asked_places(work: _Work) -> list[tuple[int, int]]:
    """The syllables of every slot that was asked, with its question."""
    places = []
    for one in (one for some in work.asked.values() for one in some if one.unit.asked):
        asking = one.unit.asking or one.unit.topic
        places.append((min(one.place.first, asking.first), max(one.place.last, asking.last)))
    return places


def _unsure(rule: Rule, finding: Finding, who: Reason) -> Finding:
    of_nobody = rule.kind == "process" or (rule.kind == "measure" and not is_of_one_leg(rule.measure))
    if of_nobody or finding.verdict is Verdict.NA:
        return finding
    return replace(finding, verdict=Verdict.UNCLEAR, reason=who, alarm=False)


def _books(rules: RuleSet) -> Books:
    """Compiled once for each rule set that is in use."""
    known = rules.__dict__.get("_books")
    if isinstance(known, Books):
        return known
    made = Books(rules, WORDS)
    rules.__dict__["_books"] = made
    return made


def _check(rule: Rule, work: _Work) -> Finding:
    call = work.call
    names = {name for slot in _parts(rule, call) for name in slot.facts} if rule.kind != "measure" else set()
    if rule.kind == "identity":
        names.add(TAIL_FACT)
    known = {name for name, value in call.facts.items() if value}
    unknown = set(rule.only_if) - known
    if unknown and rule.if_missing == "na":
        return Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE)
    if not unknown and not _applies(rule, call):
        return Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE)
    if missing := unknown | (names - known):
        if rule.if_said:
            return Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE)
        return Finding(rule.id, Verdict.UNCLEAR, Reason.FACT_MISSING, slot=", ".join(sorted(missing))[:60])
    return _JUDGES[rule.kind](rule, work)


def _applies(slot: Slot, call: Call) -> bool:
    """Whether no fact on record has another value than it wants."""
    return all(
        call.facts.get(name, "") in ("", *((wanted,) if isinstance(wanted, str) else wanted))
        for name, wanted in slot.only_if.items()
    )


def _parts(rule: Rule, call: Call) -> list[Slot]:
    return [slot for slot in rule.parts() if _applies(slot, call)]


def _must_say(rule: Rule, work: _Work) -> Finding:
    slots = []
    for slot in _parts(rule, work.call):
        if slot.code:
            slots.append(code_said(rule, slot, work.call))
        else:
            slots.append(judge_slot(rule, slot, work.call).finding)
    return _worst(rule, slots)


def _must_ask(rule: Rule, work: _Work) -> Finding:
    slots: list[Finding] = []
    units: list[AskedSlot | None] = []
    for slot in _parts(rule, work.call):
        finding, asked = asked_slot(rule, slot, work.call)
        slots.append(finding)
        units.append(asked)
        if asked is not None:
            work.asked.setdefault(rule.id, []).append(asked)
    blocks = {one.block for one in work.asked.get(rule.id, ()) if one.unit.asked}
    for number, (finding, one) in enumerate(zip(slots, units, strict=True)):
        # 退保有没有损失您清楚吗？退的是现金价值: told after a question of the same, and before its answer.
        if finding.reason is Reason.STATED and one is not None and one.block in blocks:
            slots[number] = replace(finding, verdict=Verdict.UNCLEAR, reason=Reason.MAYBE_STATED, alarm=False)
    work.slots[rule.id] = slots
    return _worst(rule, slots)


def _worst(rule: Rule, slots: Sequence[Finding]) -> Finding:
    worst = max(slots, key=lambda finding: _SEVERITY[finding.verdict])
    if worst.verdict is not Verdict.PASS:
        return worst
    proof = tuple(dict.fromkeys(evidence for finding in slots for evidence in finding.evidence))
    corrected = any(finding.reason is Reason.CORRECTED for finding in slots)
    return Finding(rule.id, Verdict.PASS, Reason.CORRECTED if corrected else worst.reason, proof)


def _asked_of(rule: Rule, work: _Work) -> list[AskedSlot]:
    ids = [one.id for one in items.chosen(work.rules, rule.items)]
    return [one for name in ids for one in work.asked.get(name, ())]


def _asked_not_stated(rule: Rule, work: _Work) -> Finding:
    ids = [one.id for one in items.chosen(work.rules, rule.items)]
    found = [work.findings[name] for name in ids if name in work.findings]
    return items.asked_not_stated(rule, _asked_of(rule, work), found, work.call)


def _raised(rule: Rule, work: _Work) -> Finding:
    need = _need(work)
    if need is None:
        return Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE)
    return items.item_raised(rule, need, work.call)


def _need(work: _Work) -> tuple[QuestionNeed, tuple[Evidence, ...]] | None:
    if work.need is None and (counted := items.chosen(work.rules, ())):
        asked = [one for rule in counted for one in work.asked.get(rule.id, ())]
        work.need = items.question_need(asked, work.findings, work.call)
    return work.need


def _process(rule: Rule, work: _Work) -> Finding:
    """From records alone; a call cannot prove it."""
    value = work.call.facts.get(rule.fact, "")
    if value == "yes":
        return Finding(rule.id, Verdict.PASS, Reason.ON_RECORD)
    if value == "no":
        return Finding(rule.id, Verdict.FAIL, Reason.AGAINST_RECORD, alarm=rule.alarm)
    return Finding(rule.id, Verdict.NA, Reason.NOT_IN_CALL)


def _order(rule: Rule, work: _Work) -> Finding:
    """The first proof of each rule comes in the order of the list."""
    firsts = []
    for name in rule.before:
        finding = work.findings[name]
        if finding.verdict is Verdict.PASS and finding.evidence and finding.evidence[0].words:
            firsts.append(finding.evidence[0])
    if len(firsts) < 2:
        return Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE)
    wrong = next((pair for pair in pairwise(firsts) if pair[0].start > pair[1].start), None)
    if wrong is not None:
        return Finding(rule.id, Verdict.FAIL, Reason.OUT_OF_ORDER, wrong, alarm=rule.alarm)
    return Finding(rule.id, Verdict.PASS, Reason.IN_ORDER, tuple(firsts))


def _signals(rules: RuleSet, call: Call) -> tuple[dict[str, bool | None], dict[str, tuple[Evidence, ...]]]:
    found: dict[str, bool | None] = {}
    said: dict[str, tuple[Evidence, ...]] = {}
    for signal in rules.signals:
        sure, maybe = found_words(signal, signal.excuses, signal.channel, call)
        unknown = None if maybe or not _was_understood(signal.channel, call) else False
        found[signal.id] = True if sure else unknown
        if sure:
            places = sorted(sure, key=lambda one: one.first)
            said[signal.id] = tuple(
                call.evidence(signal.channel, one.first, one.last, one.text, one.score) for one in places
            )
    return found, said


def _was_understood(leg: Leg, call: Call) -> bool:
    """A signal is no accusation: it takes words that were understood, and not every second of them."""
    quality = call.quality[leg]
    return not (quality.gap or quality.silent) and call.legs[leg].sureness >= call.bands.clear


_JUDGES: Mapping[str, Callable[[Rule, _Work], Finding]] = {
    "must_say": _must_say,
    "must_ask": _must_ask,
    "must_not_say": lambda rule, work: forbidden(rule, work.call),
    "identity": lambda rule, work: identity(rule, work.call),
    "order": _order,
    "one_question_at_a_time": lambda rule, work: items.one_at_a_time(rule, _asked_of(rule, work), work.call),
    "asked_not_stated": _asked_not_stated,
    "question_item_raised": _raised,
    "process": _process,
    "measure": lambda rule, work: measured(rule, work.call),
}
