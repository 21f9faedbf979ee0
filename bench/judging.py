"""How well the labelled calls are judged, as they are and as telephones spoil them, and how fast (Q2-Q5)."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from rich.table import Column, Table

from bench.degrading import degrade
from bench.speech import CALLS
from dialer.telephony.outcomes import Leg
from qa.rules.assess import assess
from qa.rules.readable import text_facts
from qa.rules.schema import RuleSet
from qa.scoring.labelled import LabelledCall, load_labelled
from qa.scoring.rules import Score, Scores, score, shown
from qa.scoring.service import outcomes
from qa.speech.models import InstalledModel, shared_folder
from qa.speech.port import LegTranscript, Segment, Transcript
from qa.speech.workers import SpeechJob, SpeechPool

# What the figures are held to.
LEAST_AGREEMENT = 0.95
MOST_CONFIDENT_ERRORS = 0.02
_SPEED_SECONDS = 300.0
_SPEED_RULES = 15
_SPEED_RUNS = 7
_TRANSCRIPTS = TypeAdapter(Transcript)


@dataclass(frozen=True, slots=True)
class JudgingBench:
    """The whole measurement. `milliseconds` is the median for five minutes and 15 rules on one core."""

    model: str
    clean: Scores
    noisy: Scores | None
    milliseconds: float

    @property
    def good(self) -> bool:
        agreeing = self.clean.total.agreement or 0.0
        wrong = [one.total.confident_errors or 0.0 for one in (self.clean, self.noisy) if one is not None]
        return agreeing >= LEAST_AGREEMENT and max(wrong) <= MOST_CONFIDENT_ERRORS


def run(
    model: InstalledModel,
    rule_sets: Mapping[str, RuleSet],
    *,
    noisy: bool,
    folder: Path = CALLS,
    told: Callable[[str], None] = lambda line: None,
) -> JudgingBench:
    """What `dialer bench judge` does. Transcripts are kept in the user's cache by audio and model, so that
    the next run only judges. Raises SpeechError, LabelsError."""
    calls = load_labelled(folder / "calls.yaml")
    with tempfile.TemporaryDirectory() as work:
        clean = _heard(model, {call.id: folder / str(call.audio) for call in calls}, told)
        spoilt = None
        if noisy:
            worse = {
                call.id: degrade(folder / str(call.audio), Path(work) / f"{call.id}.flac") for call in calls
            }
            spoilt = _heard(model, worse, told)
    return JudgingBench(
        model.name,
        _scores(calls, clean, rule_sets),
        _scores(calls, spoilt, rule_sets) if spoilt is not None else None,
        _speed(calls, clean, rule_sets),
    )


def _scores(
    calls: tuple[LabelledCall, ...], heard: Mapping[str, Transcript], rule_sets: Mapping[str, RuleSet]
) -> Scores:
    return score(one for call in calls for one in outcomes(call, heard[call.id], rule_sets[call.playbook]))


def _heard(
    model: InstalledModel, audio: Mapping[str, Path], told: Callable[[str], None]
) -> dict[str, Transcript]:
    """The transcripts, out of the cache where the same audio was heard by the same model."""
    cache = shared_folder().parent / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    places = {name: cache / f"{_key(path, model)}.json" for name, path in audio.items()}
    found = {name: kept for name, place in places.items() if (kept := _kept(place)) is not None}
    if missing := [name for name in audio if name not in found]:
        asyncio.run(_transcribe(model, {name: audio[name] for name in missing}, places, found, told))
    return found


async def _transcribe(
    model: InstalledModel,
    audio: Mapping[str, Path],
    places: Mapping[str, Path],
    found: dict[str, Transcript],
    told: Callable[[str], None],
) -> None:
    pool = SpeechPool()
    try:
        for name, path in audio.items():
            found[name] = await pool.run(SpeechJob(path, model))
            places[name].write_bytes(_TRANSCRIPTS.dump_json(found[name]))
            told(f"{name} transcribed")
    finally:
        pool.stop()


def _key(path: Path, model: InstalledModel) -> str:
    return hashlib.sha256(model.name.encode() + path.read_bytes()).hexdigest()[:32]


def _kept(place: Path) -> Transcript | None:
    try:
        return _TRANSCRIPTS.validate_json(place.read_bytes())
    except (OSError, ValidationError):
        return None  # not there yet, or of another version


def _speed(
    calls: tuple[LabelledCall, ...], heard: Mapping[str, Transcript], rule_sets: Mapping[str, RuleSet]
) -> float:
    """Median milliseconds for the longest call, repeated until it lasts five minutes."""
    call = max(calls, key=lambda one: heard[one.id].seconds)
    long = repeated(heard[call.id], _SPEED_SECONDS)
    facts = text_facts(call.facts)
    whole = rule_sets[call.playbook]
    rules = RuleSet(id=whole.id, version=whole.version, rules=whole.rules[:_SPEED_RULES])
    assess(long, rules, facts)  # compiles the words
    took = []
    for _ in range(_SPEED_RUNS):
        started = time.perf_counter()
        assess(long, rules, facts)
        took.append(time.perf_counter() - started)
    return 1000 * sorted(took)[len(took) // 2]


def repeated(transcript: Transcript, seconds: float) -> Transcript:
    """The same talk again and again until it lasts `seconds`."""
    times = max(1, round(seconds / transcript.seconds))
    legs: dict[Leg, LegTranscript] = {}
    for leg, said in transcript.legs.items():
        segments = tuple(_shifted(said, number * transcript.seconds) for number in range(times))
        legs[leg] = replace(
            said, seconds=said.seconds * times, segments=tuple(s for some in segments for s in some)
        )
    return replace(transcript, seconds=transcript.seconds * times, legs=legs)


def _shifted(said: LegTranscript, by: float) -> Iterator[Segment]:
    for one in said.segments:
        words = tuple(replace(word, start=word.start + by, end=word.end + by) for word in one.words)
        yield replace(one, start=one.start + by, end=one.end + by, words=words)


def table(measured: JudgingBench) -> Table:
    """Each rule: labels, agreement, confident errors and what was left to a person, clean and noisy."""
    found = Table(
        Column("rule", no_wrap=True, min_width=22),
        "labels",
        "agree",
        "wrong",
        "for a person",
        "noisy: agree",
        "wrong",
        "for a person",
    )
    noisy = {one.rule: one for one in measured.noisy.rules} if measured.noisy else {}
    for one in (*measured.clean.rules, measured.clean.total):
        other = (
            measured.noisy.total if one is measured.clean.total and measured.noisy else noisy.get(one.rule)
        )
        found.add_row(one.rule, str(one.count), *_shares(one), *(_shares(other) if other else ("", "", "")))
    return found


def _shares(one: Score) -> tuple[str, str, str]:
    return shown(one.agreement), shown(one.confident_errors), shown(one.open_share)
