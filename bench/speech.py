"""How well the labelled calls are heard and judged: error rate, speed, agreement of the rules (Q1, Q5)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from dialer.telephony.outcomes import Leg
from qa.rules.assess import assess
from qa.rules.findings import Finding
from qa.rules.readable import text_facts
from qa.rules.schema import RuleSet, load_rule_set
from qa.speech.models import InstalledModel
from qa.speech.port import Transcript
from qa.speech.text import character_errors
from qa.speech.workers import SpeechJob, SpeechPool

CALLS = Path(__file__).parent / "calls"


class LabelledCall(BaseModel):
    """One call of calls.yaml: what was said, and the right verdict of each rule."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    audio: str
    playbook: str
    facts: dict[str, object]
    labels: dict[str, str]
    turns: tuple[tuple[Leg, float, float, str], ...]

    def said(self, leg: Leg) -> str:
        return "".join(text for who, _, _, text in self.turns if who is leg)


class _CallsFile(BaseModel):
    calls: tuple[LabelledCall, ...]


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call measured. `errors` of `characters` were wrong over both legs."""

    call: LabelledCall
    transcript: Transcript
    errors: int
    characters: int
    findings: tuple[Finding, ...]

    @property
    def cer(self) -> float:
        return self.errors / self.characters

    def disagreements(self) -> list[Finding]:
        """Findings that are not what the label says."""
        return [f for f in self.findings if self.call.labels.get(f.rule_id, f.verdict) != f.verdict]

    def labelled(self) -> int:
        """How many of its findings have a label."""
        return sum(finding.rule_id in self.call.labels for finding in self.findings)


@dataclass(frozen=True, slots=True)
class SpeechBench:
    """The whole measurement."""

    model: str
    results: tuple[CallResult, ...]

    @property
    def cer(self) -> float:
        """Character error rate over all calls: a long call counts more than a short one."""
        return sum(r.errors for r in self.results) / sum(r.characters for r in self.results)

    @property
    def real_time_factor(self) -> float:
        """Seconds of work on one core for a second of one leg, without loading the model."""
        heard = sum(leg.seconds for r in self.results for leg in r.transcript.legs.values())
        return sum(r.transcript.took_seconds for r in self.results) / heard

    @property
    def agreement(self) -> tuple[int, int]:
        """(findings that agree with their label, findings with a label)."""
        labelled = sum(r.labelled() for r in self.results)
        return labelled - sum(len(r.disagreements()) for r in self.results), labelled


def load_calls(folder: Path = CALLS) -> tuple[LabelledCall, ...]:
    """The labelled calls of a folder with a calls.yaml."""
    text = (folder / "calls.yaml").read_text(encoding="utf-8")
    return _CallsFile.model_validate(yaml.load(text, Loader=yaml.CSafeLoader)).calls


async def measure(
    model: InstalledModel,
    rule_sets: Mapping[str, RuleSet],
    folder: Path = CALLS,
    workers: int = 0,
    done: Callable[[CallResult], None] = lambda result: None,
) -> SpeechBench:
    """Transcribe and judge every call; `done` is told of each. Rule sets go by playbook, which may have none.

    Raises SpeechError.
    """
    calls = load_calls(folder)
    pool = SpeechPool(workers)

    async def one(call: LabelledCall) -> CallResult:
        transcript = await pool.run(SpeechJob(folder / call.audio, model))
        result = judge(call, transcript, rule_sets)
        done(result)
        return result

    try:
        results = await asyncio.gather(*(one(call) for call in calls))
    finally:
        pool.stop()
    return SpeechBench(model.name, tuple(results))


def judge(call: LabelledCall, transcript: Transcript, rule_sets: Mapping[str, RuleSet]) -> CallResult:
    """Compare one transcript with what was said, and its findings with the labels."""
    errors = characters = 0
    for leg, heard in transcript.legs.items():
        wrong, spoken = character_errors(call.said(leg), heard.text)
        errors, characters = errors + wrong, characters + spoken
    rules = rule_sets.get(call.playbook)
    findings = (
        assess(transcript, rules, text_facts(call.facts), measures=transcript.conduct).findings
        if rules is not None
        else ()
    )
    return CallResult(call, transcript, errors, characters, findings)


def run(
    model: InstalledModel,
    rules_folder: Path,
    folder: Path = CALLS,
    workers: int = 0,
    console: Console | None = None,
) -> SpeechBench:
    """Measure and print; what `dialer bench speech` does. Raises SpeechError, RuleSetError."""
    screen = console or Console()
    rule_sets = {path.stem: load_rule_set(path) for path in sorted(rules_folder.glob("*.yaml"))}
    bench = asyncio.run(
        measure(model, rule_sets, folder, workers, lambda r: screen.print(f"{r.call.id}: CER {r.cer:.3f}"))
    )
    screen.print(_table(bench.results))
    agreeing, labelled = bench.agreement
    screen.print(
        f"{bench.model}: CER {bench.cer:.3f} over {len(bench.results)} calls, "
        f"real-time factor {bench.real_time_factor:.3f} per leg and core, "
        f"rules agree with {agreeing} of {labelled} labels"
    )
    return bench


def _table(results: Sequence[CallResult]) -> Table:
    table = Table("call", "CER", "seconds", "took", "rules", "not as labelled")
    for result in sorted(results, key=lambda r: r.call.id):
        wrong = result.disagreements()
        labelled = result.labelled()
        table.add_row(
            result.call.id,
            f"{result.cer:.3f}",
            f"{result.transcript.seconds:.0f}",
            f"{result.transcript.took_seconds:.1f}",
            f"{labelled - len(wrong)}/{labelled}" if labelled else "–",
            ", ".join(f"{f.rule_id} {f.verdict} ({f.reason})" for f in wrong),
        )
    return table
