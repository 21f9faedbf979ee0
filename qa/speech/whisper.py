"""faster-whisper behind the port: the better Chinese, an optional extra, loaded only when used."""

import os
import threading
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from dialer.telephony.outcomes import Leg
from qa.speech.audio import LevelMeter, Samples, leg_blocks
from qa.speech.loops import without_loops
from qa.speech.port import EngineCapabilities, EngineMissing, LegTranscript, Segment, Word
from qa.speech.text import simplified

# Sets the script and the style and nothing else: phrases of the script here made recall fall and CER rise.
_NEUTRAL_PROMPT = {"zh": "以下是普通话的句子。"}


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


class WhisperEngine:
    """One CTranslate2 model on one core.

    `folder` holds model.bin, config.json, tokenizer.json and vocabulary.txt. Decoding stays at temperature 0:
    the library's own way out of a hard passage is to draw at random, which gave 0.10 to 0.15 CER from run to
    run on equal audio, and a finding must be repeatable. What then loops is cut and counted as lost.
    """

    capabilities = EngineCapabilities(
        name="whisper",
        languages=frozenset(),
        word_times=True,
        calibrated_confidence=True,
        repeatable=True,
    )

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
        # Its progress bars would make a semaphore that a stopped worker leaves behind.
        import_module("tqdm").tqdm.set_lock(threading.RLock())
        if not (folder / "model.bin").is_file():
            raise FileNotFoundError(folder / "model.bin")
        self._model = cast(
            _Model,
            library.WhisperModel(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=1,
                num_workers=1,
                local_files_only=True,
            ),
        )

    def transcribe(self, path: Path, channel: Leg, index: int, language: str) -> LegTranscript:
        meter = LevelMeter()
        blocks = []
        for block in leg_blocks(path, index):
            meter.add(block)
            blocks.append(block)
        found, _ = self._model.transcribe(
            np.concatenate(blocks),
            language=language,
            beam_size=5,
            vad_filter=True,  # without it silence and ring-back become invented sentences
            word_timestamps=True,
            condition_on_previous_text=False,
            initial_prompt=_NEUTRAL_PROMPT.get(language),
            temperature=0.0,
        )
        heard = [_segment(channel, segment) for segment in found]
        segments, lost = without_loops(heard, meter.seconds)
        return LegTranscript(channel, meter.seconds, meter.speech_level, segments, lost)


def _segment(channel: Leg, segment: _Segment) -> Segment:
    words = tuple(
        Word(simplified(word.word), _rounded(word.start), _rounded(word.end), _rounded(word.probability))
        for word in segment.words or ()
    )
    confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
    text = simplified(segment.text)
    return Segment(channel, _rounded(segment.start), _rounded(segment.end), text, round(confidence, 3), words)


def _rounded(value: float) -> float:
    """The library gives numpy's floats, which no database takes."""
    return round(float(value), 3)
