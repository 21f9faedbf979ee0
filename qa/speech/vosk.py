"""Vosk behind the port: always installed, works with any Vosk model folder."""

import json
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypedDict, cast

import numpy as np

from dialer.telephony.outcomes import Leg
from qa.speech.audio import RATE, LevelMeter, Piece, leg_pieces
from qa.speech.port import EngineCapabilities, EngineMissing, LegTranscript, Segment, Word
from qa.speech.text import simplified_each

_FEED_SAMPLES = RATE // 2
# Languages written without spaces: the engine still puts one between words.
_NO_SPACES = frozenset({"zh", "ja"})


class _Recognizer(Protocol):
    def SetWords(self, enabled: bool) -> None: ...
    def AcceptWaveform(self, data: bytes) -> int: ...
    def Result(self) -> str: ...
    def FinalResult(self) -> str: ...


class _Library(Protocol):
    def SetLogLevel(self, level: int) -> None: ...
    def Model(self, model_path: str) -> object: ...
    def KaldiRecognizer(self, model: object, rate: int) -> _Recognizer: ...


class _Word(TypedDict):
    word: str
    start: float
    end: float
    conf: float


class VoskEngine:
    """One Kaldi model. `--dither=0` in conf/mfcc.conf of its `folder` makes it repeatable."""

    def __init__(self, folder: Path) -> None:
        try:
            self._library = cast(_Library, import_module("vosk"))
        except ImportError as error:
            raise EngineMissing("vosk is not installed. Install it with: pip install vosk") from error
        if not (folder / "conf").is_dir():
            raise FileNotFoundError(folder / "conf")
        self._library.SetLogLevel(-1)
        self._model = self._library.Model(model_path=str(folder))
        settings = folder / "conf" / "mfcc.conf"
        self.capabilities = EngineCapabilities(
            name="vosk",
            languages=frozenset(),
            word_times=True,
            calibrated_confidence=True,
            repeatable=settings.is_file() and "--dither=0" in settings.read_text(encoding="utf-8").split(),
            version=f"vosk {version('vosk')}",
            settings={"rate": RATE},
        )

    def transcribe(self, path: Path, channel: Leg, index: int, language: str) -> LegTranscript:
        meter = LevelMeter()
        between = "" if language in _NO_SPACES else " "
        found: list[Segment] = []
        for piece in leg_pieces(path, index, meter):
            segments = (_segment(channel, result, between, piece.start) for result in self._results(piece))
            found += [segment for segment in segments if segment is not None]
        return LegTranscript(channel, meter.seconds, meter.speech_level, tuple(found))

    def _results(self, piece: Piece) -> Iterator[str]:
        recognizer = self._library.KaldiRecognizer(self._model, RATE)
        recognizer.SetWords(True)
        for start in range(0, len(piece.samples), _FEED_SAMPLES):
            fed = piece.samples[start : start + _FEED_SAMPLES]
            if recognizer.AcceptWaveform((fed * 32767).clip(-32768, 32767).astype(np.int16).tobytes()):
                yield recognizer.Result()
        yield recognizer.FinalResult()


def _segment(channel: Leg, result: str, between: str, offset: float) -> Segment | None:
    heard = cast(list[_Word], json.loads(result).get("result", []))
    if not heard:
        return None
    words = tuple(
        Word(text, round(w["start"] + offset, 3), round(w["end"] + offset, 3), round(w["conf"], 3))
        for w, text in zip(heard, simplified_each([w["word"] for w in heard]), strict=True)
    )
    text = between.join(word.text for word in words) + between
    confidence = sum(word.confidence for word in words) / len(words)
    return Segment(channel, words[0].start, words[-1].end, text, round(confidence, 3), words)
