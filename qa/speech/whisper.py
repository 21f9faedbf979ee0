"""faster-whisper behind the port: the better Chinese, an optional extra, loaded only when used."""

import os
import threading
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, cast

from dialer.telephony.outcomes import Leg
from qa.speech.audio import RATE, LevelMeter, Piece, Samples, leg_pieces
from qa.speech.holes import Span, holes
from qa.speech.loops import without_loops
from qa.speech.port import EngineCapabilities, EngineMissing, LegTranscript, Segment, Word
from qa.speech.text import simplified, simplified_each

# Sets the script and the style and nothing else: phrases of the script here made recall fall and CER rise.
_NEUTRAL_PROMPT = {"zh": "以下是普通话的句子。"}

_BEAM_SIZE = 5
_COMPUTE_TYPE = "int8"

# Silence left around a piece that is decoded by itself.
_MARGIN_SECONDS = 0.3


class _Word(Protocol):
    word: str
    start: float
    end: float
    probability: float


class _Segment(Protocol):
    text: str
    start: float
    end: float
    words: list[_Word] | None


class _Model(Protocol):
    def transcribe(
        self,
        audio: Samples,
        *,
        language: str,
        beam_size: int,
        vad_filter: bool,
        word_timestamps: bool,
        condition_on_previous_text: bool,
        initial_prompt: str | None,
        temperature: float,
    ) -> tuple[Iterable[_Segment], object]: ...


class _Vad(Protocol):
    def get_speech_timestamps(
        self, audio: Samples, *, min_silence_duration_ms: int, speech_pad_ms: int
    ) -> list[dict[str, int]]: ...


class WhisperEngine:
    """One CTranslate2 model on one core.

    `folder` holds model.bin, config.json, tokenizer.json and vocabulary.txt. Decoding stays at temperature 0:
    the library's own way out of a hard passage is to draw at random, which gave 0.10 to 0.15 CER from run to
    run on equal audio, and a finding must be repeatable. What then loops is cut and counted as lost.
    """

    def __init__(self, folder: Path) -> None:
        # The library takes a folder it does not find for the name of a model on the network.
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            library = import_module("faster_whisper")
        except ImportError as error:
            raise EngineMissing(
                "faster-whisper is not installed. Install it with: pip install 'huifang[whisper]', "
                "or set the speech engine to vosk."
            ) from error
        self._vad = cast(_Vad, import_module("faster_whisper.vad"))
        # Its progress bars would make a semaphore that a stopped worker leaves behind.
        import_module("tqdm").tqdm.set_lock(threading.RLock())
        if not (folder / "model.bin").is_file():
            raise FileNotFoundError(folder / "model.bin")
        self._model = cast(
            _Model,
            library.WhisperModel(
                str(folder),
                device="cpu",
                compute_type=_COMPUTE_TYPE,
                cpu_threads=1,
                num_workers=1,
                local_files_only=True,
            ),
        )
        self.capabilities = EngineCapabilities(
            name="whisper",
            languages=frozenset(),
            word_times=True,
            calibrated_confidence=True,
            repeatable=True,
            version=f"faster-whisper {version('faster-whisper')}, ctranslate2 {version('ctranslate2')}",
            settings={
                "beam_size": _BEAM_SIZE,
                "compute_type": _COMPUTE_TYPE,
                "temperature": 0.0,
                "vad_filter": True,
                "condition_on_previous_text": False,
            },
        )

    def transcribe(self, path: Path, channel: Leg, index: int, language: str) -> LegTranscript:
        meter = LevelMeter()
        heard: list[Segment] = []
        speech: list[Span] = []
        for piece in leg_pieces(path, index, meter):
            spoken = self._speech(piece.samples, piece.start)
            heard += self._hear(piece, spoken, channel, language)
            speech += spoken
        segments, lost = without_loops(heard, meter.seconds)
        lost += sum(end - start for start, end in holes(speech, segments))
        return LegTranscript(channel, meter.seconds, meter.speech_level, segments, round(lost, 3))

    def _hear(self, piece: Piece, spoken: list[Span], channel: Leg, language: str) -> list[Segment]:
        heard = self._decode(piece.samples, channel, language, piece.start)
        for start, end in holes(spoken, heard):
            # Sure of its first sentence, the model may end a window with it. The rest is heard by itself.
            first = max(piece.start, start - _MARGIN_SECONDS)
            since, until = first - piece.start, end - piece.start + _MARGIN_SECONDS
            part = piece.samples[int(since * RATE) : int(until * RATE)]
            again = self._decode(part, channel, language, first)
            # What it says after the speech has ended, it makes up.
            heard += [segment for segment in again if (segment.start + segment.end) / 2 < end]
        return sorted(heard, key=lambda segment: segment.start)

    def _decode(self, audio: Samples, channel: Leg, language: str, offset: float) -> list[Segment]:
        found, _ = self._model.transcribe(
            audio,
            language=language,
            beam_size=_BEAM_SIZE,
            vad_filter=True,  # without it silence and ring-back become invented sentences
            word_timestamps=True,
            condition_on_previous_text=False,
            initial_prompt=_NEUTRAL_PROMPT.get(language),
            temperature=0.0,
        )
        return [_segment(channel, segment, offset) for segment in found]

    def _speech(self, audio: Samples, offset: float) -> list[Span]:
        # Utterance by utterance: the library joins what lies two seconds apart, which hides a hole.
        parts = self._vad.get_speech_timestamps(audio, min_silence_duration_ms=300, speech_pad_ms=0)
        return [(offset + part["start"] / RATE, offset + part["end"] / RATE) for part in parts]


def _segment(channel: Leg, segment: _Segment, offset: float) -> Segment:
    said = segment.words or ()
    words = tuple(
        Word(text, _rounded(word.start + offset), _rounded(word.end + offset), _rounded(word.probability))
        for word, text in zip(said, simplified_each([word.word for word in said]), strict=True)
    )
    confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
    text = simplified(segment.text)
    start, end = _rounded(segment.start + offset), _rounded(segment.end + offset)
    return Segment(channel, start, end, text, round(confidence, 3), words)


def _rounded(value: float) -> float:
    """The library gives numpy's floats, which no database takes."""
    return round(float(value), 3)
