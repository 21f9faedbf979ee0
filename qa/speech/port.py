"""What every speech engine takes and gives: frozen values, one protocol, the errors (Q1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from dialer.telephony.outcomes import Leg
from qa.conduct.rules import Measure


class SpeechError(Exception):
    """Speech cannot be turned into words; the message says why and what to do."""


class ModelMissing(SpeechError):
    """The model is on none of the places looked at; the message names the command that fetches it."""


class EngineMissing(SpeechError):
    """The engine's library is not installed; the message names the extra that brings it."""


class SpeechStopped(SpeechError):
    """Work was stopped while this recording was decoded; it stays undone and can be given again."""


class AudioUnreadable(SpeechError):
    """The file is no audio, is broken, or lacks the channel asked for."""


class Mark(StrEnum):
    """What is odd about a recording's channels; a verdict that depends on who spoke must heed it."""

    # One channel, or the same sound on both: the words stand under the agent, and who spoke is unknown.
    MONO = "mono"
    # The customer's channel holds what agents say: perhaps the legs were exchanged. A person decides.
    SWAPPED = "swapped"
    # A person found them exchanged: the words have changed sides, the sound has not.
    EXCHANGED = "exchanged"
    # One leg leaked into the other; the quieter copies of words were dropped.
    CROSS_TALK = "cross_talk"


Setting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class MadeWith:
    """What else decides the words, beside engine, model and audio.

    `engine_version` names the library, `revision` is the SHA-256 of the model's largest file, `settings` are
    those of the decoding. Empty where it was not noted.
    """

    engine_version: str = ""
    revision: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Word:
    """One token as the engine heard it. Times in seconds from the start of the file, confidence 0 to 1."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech of one leg. It may span half a call: look for phrases in `words`."""

    channel: Leg
    start: float
    end: float
    text: str
    confidence: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class LegTranscript:
    """All that one leg said.

    `seconds` is the length of the audio, `lost_seconds` how much speech of it the engine could not make out.
    `speech_level` is the loudness in dBFS of the loudest tenth: a leg that nobody spoke on, or whose audio
    was lost, stays under -50.
    """

    channel: Leg
    seconds: float
    speech_level: float
    segments: tuple[Segment, ...]
    lost_seconds: float = 0.0

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)


@dataclass(frozen=True, slots=True)
class Transcript:
    """Both legs of a recording, with what made them. `took_seconds` is the time the engine worked.

    `conduct` holds what was measured of the sound (`qa.conduct.rules.NAMES`); empty where nothing was.
    """

    engine: str
    model: str
    language: str
    seconds: float
    took_seconds: float
    legs: Mapping[Leg, LegTranscript]
    marks: frozenset[Mark] = frozenset()
    made_with: MadeWith = MadeWith()
    conduct: Mapping[str, Measure] = field(default_factory=dict)

    def segments(self) -> Iterator[Segment]:
        """The segments of both legs in the order they were spoken."""
        everything = [segment for leg in self.legs.values() for segment in leg.segments]
        return iter(sorted(everything, key=lambda segment: (segment.start, segment.channel)))


@dataclass(frozen=True, slots=True)
class EngineCapabilities:
    """What callers may count on.

    `languages` is empty when the model decides. `calibrated_confidence` says whether a word's confidence is a
    probability one may compare with a threshold; `repeatable` whether the same audio gives the same words.
    `version` is that of the engine's library, `settings` what the decoding goes by.
    """

    name: str
    languages: frozenset[str]
    word_times: bool
    calibrated_confidence: bool
    repeatable: bool
    version: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)


class SpeechEngine(Protocol):
    """An engine with its model loaded. Not safe for threads: one instance a worker process."""

    @property
    def capabilities(self) -> EngineCapabilities: ...

    def transcribe(self, path: Path, channel: Leg, index: int, language: str) -> LegTranscript:
        """Decode channel number `index` (0 = left) of the file.

        Raises AudioUnreadable.
        """
        ...
