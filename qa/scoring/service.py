"""Labelled calls judged: by their words, or heard by an engine first."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from qa.rules.assess import Assessment, assess
from qa.rules.readable import text_facts
from qa.rules.schema import RuleSet
from qa.scoring.labelled import LabelledCall, LabelsError, heard
from qa.scoring.rules import Outcome
from qa.speech.models import InstalledModel
from qa.speech.port import Transcript
from qa.speech.workers import SpeechJob, SpeechPool

RuleSets = Callable[[str], RuleSet]
Progress = Callable[[LabelledCall], None]

# What the labels call the question item; everything else is a rule's or a signal's id.
QUESTION_ITEM = "question_item"


def score_words(calls: Sequence[LabelledCall], rule_sets: RuleSets) -> tuple[Outcome, ...]:
    """The written turns are taken for what was heard.

    Raises RuleSetError; LabelsError where a label names no rule of the set.
    """
    return tuple(one for call in calls for one in outcomes(call, heard(call), rule_sets(call.playbook)))


async def score_audio(
    calls: Sequence[LabelledCall],
    rule_sets: RuleSets,
    folder: Path,
    model: InstalledModel,
    workers: int = 0,
    done: Progress = lambda call: None,
) -> tuple[Outcome, ...]:
    """Those with audio (in `folder`) are transcribed first; `done` is told of each.

    Raises RuleSetError, LabelsError, SpeechError.
    """
    pool = SpeechPool(workers)

    async def one(call: LabelledCall) -> tuple[Outcome, ...]:
        rules = rule_sets(call.playbook)
        transcript = heard(call)
        if call.audio:
            transcript = await pool.run(SpeechJob(folder / call.audio, model))
        found = outcomes(call, transcript, rules)
        done(call)
        return found

    try:
        results = await asyncio.gather(*(one(call) for call in calls))
    finally:
        pool.stop()
    return tuple(outcome for result in results for outcome in result)


def outcomes(call: LabelledCall, transcript: Transcript, rules: RuleSet) -> tuple[Outcome, ...]:
    """Each label against what is told. Raises LabelsError where a label names no rule of the set."""
    told = _told(assess(transcript, rules, text_facts(call.facts), measures=transcript.conduct))
    unknown = sorted(set(call.labels) - set(told))
    if unknown:
        raise LabelsError(
            f"call {call.id}: the rule set {rules.id} has no {', '.join(unknown)}. "
            f"It has: {', '.join(told)}. Mend the label, or add the rule."
        )
    return tuple(Outcome(call.id, rule, right, *told[rule]) for rule, right in call.labels.items())


def _told(assessment: Assessment) -> dict[str, tuple[str, str]]:
    """Verdict and the words it rests on, by rule, signal and question item."""
    told = {
        one.rule_id: (
            one.verdict.value,
            f"{one.reason.value} {one.slot}: {' / '.join(proof.words for proof in one.evidence)}",
        )
        for one in assessment.findings
    }
    for name, given in assessment.signals.items():
        told[name] = ("unclear" if given is None else "yes" if given else "no", "")
    if assessment.question_item is not None:
        told[QUESTION_ITEM] = (assessment.question_item.value, "")
    return told
