"""`dialer check AUDIO`: one recording against the rules of a playbook, without the database (Q2-Q4)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, fail, run, settings_of, show
from dialer.app.settings import Settings, speech_model
from dialer.playbooks.library import BadPlaybook, shipped_library
from dialer.telephony.outcomes import Leg
from qa.checks.facts import in_rules_words
from qa.checks.library import shipped_rules
from qa.dialogue.turns import Turn
from qa.rules.assess import Assessment, assess
from qa.rules.findings import Finding, Reason
from qa.rules.readable import text_facts
from qa.rules.schema import Rule, RuleSet, RuleSetError, load_rule_set
from qa.speech.port import Mark, SpeechError, Transcript
from qa.speech.workers import SpeechJob, SpeechPool
from qa.transcripts.swapped import looks_swapped
from web.i18n import translator
from web.quality.words import REASON

_LANGUAGES = ("zh", "en")


def check(
    audio: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A recording: agent left, customer right.")
    ],
    playbook: Annotated[str, typer.Option(help="The playbook whose rules are meant.")],
    facts: Annotated[
        Path | None, typer.Option(exists=True, help="What is on record of the call (JSON): plate, name …")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(exists=True, help="This rule set (YAML) instead of the shipped one.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The speech model; default: the set one.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """What a call held and lacked: a verdict for each rule, with the words it rests on."""
    try:
        rule_set = load_rule_set(rules) if rules is not None else _rules_of(playbook)
        known = _facts(facts)
        transcript = _heard(settings_of(data), audio.absolute(), model)
    except (RuleSetError, SpeechError) as error:
        fail(error)
    judged = assess(
        transcript, rule_set, known, measures=transcript.conduct, unsure_who=_unsure_who(transcript)
    )
    if as_json:
        show(report(judged, transcript, rule_set), as_json, "")
    else:
        _print(judged, rule_set)


def report(judged: Assessment, transcript: Transcript, rules: RuleSet) -> dict[str, object]:
    """For a machine; `question_item` is "not_needed" where the rule set knows no such items."""
    by_id = {rule.id: rule for rule in rules.rules}
    return {
        "rule_set": rules.id,
        "version": rules.version,
        "engine": transcript.engine,
        "model": transcript.model,
        "rules": [_rule(one, by_id[one.rule_id], transcript) for one in judged.findings],
        "question_item": judged.question_item.value if judged.question_item else "not_needed",
        "signals": dict(judged.signals),
        "alarms": [{"id": alarm.rule_id, "reason": alarm.reason.value} for alarm in judged.alarms],
        "transcript": [_turn(turn, transcript) for turn in judged.turns],
    }


def _rule(finding: Finding, rule: Rule, transcript: Transcript) -> dict[str, object]:
    return {
        "id": finding.rule_id,
        "title": rule.title,
        "verdict": finding.verdict.value,
        "confidence": _confidence(finding, rule, transcript),
        "reason": finding.reason.value,
        "slot": finding.slot,
        "sentence": _sentence(finding),
        "evidence": [
            {
                "channel": proof.channel.value,
                "start": round(proof.start, 2),
                "end": round(proof.end, 2),
                "text": proof.words,
            }
            for proof in finding.evidence
        ],
    }


def _confidence(finding: Finding, rule: Rule, transcript: Transcript) -> float:
    """How sure the engine was of the words a verdict rests on; of the whole leg where it rests on absence."""
    spoken = [proof.confidence for proof in finding.evidence if proof.words]
    if not spoken:
        leg = transcript.legs.get(rule.channel)
        spoken = [word.confidence for word in leg.words] if leg is not None else []
    return round(sum(spoken) / len(spoken), 3) if spoken else 0.0


def _sentence(finding: Finding) -> dict[str, str]:
    return {language: translator(language)(REASON[finding.reason]) for language in _LANGUAGES}


def _turn(turn: Turn, transcript: Transcript) -> dict[str, object]:
    """With the punctuation of the engine, which the syllables have not."""
    leg = transcript.legs[turn.channel]
    words = [word.text for word in leg.words if turn.start - 0.01 <= word.start < turn.end]
    return {
        "channel": turn.channel.value,
        "start": round(turn.start, 2),
        "end": round(turn.end, 2),
        "text": "".join(words).strip() or turn.text,
    }


def _rules_of(playbook: str) -> RuleSet:
    try:
        name = shipped_library().get(playbook).rules
    except BadPlaybook as error:
        raise RuleSetError(f"{error} `dialer playbook list` shows the playbooks there are.") from error
    return shipped_rules().get(name)


def _facts(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        fail(f'{path} cannot be read as JSON: {error}. Write an object, as {{"plate": "京A12345"}}.')
    if not isinstance(read, Mapping):
        fail(f'{path} holds no object. Write the facts by name, as {{"plate": "京A12345"}}.')
    inner = read.get("facts", read)
    return in_rules_words(text_facts(inner if isinstance(inner, Mapping) else read))


def _heard(settings: Settings, path: Path, model: str | None) -> Transcript:
    speech = settings.speech

    async def work() -> Transcript:
        pool = SpeechPool(1, speech.niceness)
        try:
            installed = speech_model(settings, model)
            return await pool.run(SpeechJob(path, installed, speech.language))
        finally:
            pool.stop()

    with Console(stderr=True).status(f"Transcribing {path.name}"):
        return run(work())


def _unsure_who(transcript: Transcript) -> Reason | None:
    if Mark.MONO in transcript.marks:
        return Reason.SPEAKER_UNKNOWN
    if Mark.SWAPPED in transcript.marks or looks_swapped(transcript.legs):
        return Reason.LEGS_SWAPPED
    return None


def _print(judged: Assessment, rules: RuleSet) -> None:
    titles = {rule.id: rule.title["zh"] for rule in rules.rules}
    table = Table("rule", "", "verdict", "why", "at", "words")
    for one in judged.findings:
        chief = next((proof for proof in one.evidence if proof.words), None)
        at = f"{'A' if chief.channel is Leg.AGENT else 'C'} {chief.start:.1f}" if chief else ""
        words = " / ".join(proof.words for proof in one.evidence[:3] if proof.words)
        table.add_row(
            one.rule_id, titles[one.rule_id], one.verdict.value, _sentence(one)["zh"], at, words[:60]
        )
    console.print(table)
    given = [name for name, value in judged.signals.items() if value]
    open_ones = [name for name, value in judged.signals.items() if value is None]
    if judged.question_item is not None:
        console.print(f"question item: {judged.question_item.value}")
    console.print(f"signals: {', '.join(given) or '–'}; cannot tell: {', '.join(open_ones) or '–'}")
    console.print(f"alarms: {', '.join(alarm.rule_id for alarm in judged.alarms) or '–'}")
