"""How well announcements are told apart, and from people: the labelled clips, heard and judged (D3)."""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import yaml
from pydantic import BaseModel, ConfigDict
from rich.table import Table

from dialer.telephony.heard import OUTCOME, Heard
from dialer.telephony.outcomes import Leg
from qa.announcements.phrases import Phrases
from qa.announcements.rules import Result, Source, judge, of_sound
from qa.announcements.sound import listen
from qa.speech.models import InstalledModel
from qa.speech.workers import SpeechJob, SpeechPool

CLIPS = Path(__file__).parent / "announcements"

# What the figures are held to.
LEAST_RIGHT = 0.9
_NOISE_DB = 12.0
_RING_SECONDS = (1.0, 4.0)
_RING_HZ = 450
_SEED = 4


class Clip(BaseModel):
    """One clip of announcements.yaml: what was said, and what it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    audio: str
    source: Source
    heard: Heard
    text: str


class _ClipsFile(BaseModel):
    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Heed:
    """One clip as it was played, and what was made of it. `took_seconds` is the engine's."""

    clip: Clip
    variant: str
    result: Result
    took_seconds: float

    @property
    def right(self) -> bool:
        return self.result.heard is self.clip.heard

    @property
    def harmful(self) -> bool:
        """A person taken for a machine."""
        return self.clip.heard is Heard.PERSON and self.result.heard in OUTCOME


@dataclass(frozen=True, slots=True)
class HearingBench:
    """The whole measurement."""

    model: str
    heeds: tuple[Heed, ...]

    @property
    def right(self) -> float:
        """Share of the clips that were heard as what they are."""
        return sum(one.right for one in self.heeds) / len(self.heeds)

    @property
    def harmful(self) -> int:
        """How many people were taken for machines."""
        return sum(one.harmful for one in self.heeds)

    @property
    def seconds(self) -> float:
        """Mean work of the engine on a clip."""
        return sum(one.took_seconds for one in self.heeds) / len(self.heeds)


def load_clips(folder: Path = CLIPS) -> tuple[Clip, ...]:
    """The labelled clips of a folder with an announcements.yaml."""
    text = (folder / "announcements.yaml").read_text(encoding="utf-8")
    return _ClipsFile.model_validate(yaml.load(text, Loader=yaml.CSafeLoader)).clips


async def measure(
    model: InstalledModel,
    phrases: Phrases,
    *,
    noisy: bool = False,
    folder: Path = CLIPS,
    told: Callable[[Heed], None] = lambda heed: None,
) -> HearingBench:
    """Listen to every clip, with `noisy` also after a ring-back tone and through noise; `told` hears of each.

    Raises SpeechError.
    """
    pool = SpeechPool(1)
    heeds = []
    with tempfile.TemporaryDirectory() as work:
        try:
            for clip in load_clips(folder):
                played = [("clean", folder / clip.audio)]
                if noisy:
                    played.append(("noisy", _noisy(folder / clip.audio, Path(work) / clip.audio)))
                for variant, path in played:
                    heeds.append(await _hear(pool, model, phrases, clip, variant, path))
                    told(heeds[-1])
        finally:
            pool.stop()
    return HearingBench(model.name, tuple(heeds))


async def _hear(
    pool: SpeechPool, model: InstalledModel, phrases: Phrases, clip: Clip, variant: str, path: Path
) -> Heed:
    sound = listen(path, 0)
    alone = of_sound(sound)
    if alone is not None:
        return Heed(clip, variant, Result(alone), 0.0)
    heard = await pool.run(SpeechJob(path, model, legs=(Leg.CUSTOMER,)))
    result = judge(heard.legs[Leg.CUSTOMER].words, phrases, clip.source, sound)
    return Heed(clip, variant, result, heard.took_seconds)


def _noisy(path: Path, to: Path) -> Path:
    """The clip after one ring-back tone, `_NOISE_DB` above white noise, as A-law."""
    samples, rate = sf.read(path)
    on, off = _RING_SECONDS
    time = np.arange(round((on + off) * rate)) / rate
    ring = 0.1 * np.sin(2 * np.pi * _RING_HZ * time) * (time < on)
    whole = np.concatenate([ring, samples])
    level = np.sqrt((samples**2).mean()) * 10 ** (-_NOISE_DB / 20)
    whole = whole + np.random.default_rng(_SEED).normal(0, level, len(whole))
    sf.write(to, np.clip(whole, -1, 1), rate, subtype="ALAW")
    return to


def table(measured: HearingBench) -> Table:
    """Each clip, what it is and what it was heard as."""
    found = Table("clip", "played", "is", "heard as", "by the phrase", "seconds", "words where wrong")
    for one in measured.heeds:
        found.add_row(
            one.clip.id,
            one.variant,
            one.clip.heard.value,
            one.result.heard.value,
            one.result.phrase or "",
            f"{one.took_seconds:.1f}",
            "" if one.right else one.result.words,
        )
    return found


def run(
    model: InstalledModel, phrases: Phrases, *, noisy: bool, told: Callable[[Heed], None]
) -> HearingBench:
    """What `dialer bench announcements` does. Raises SpeechError."""
    return asyncio.run(measure(model, phrases, noisy=noisy, told=told))
