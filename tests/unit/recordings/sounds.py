"""Sound for tests: bursts of tone as a stand-in for speech, written as Asterisk writes it."""

from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

RATE = 8_000
AGENT_TONE = 400.0
CUSTOMER_TONE = 1_000.0

Samples = NDArray[np.int16]


def speech(seconds: float, tone: float = AGENT_TONE, loudness: float = 0.3) -> Samples:
    """Half a second of tone, half a second of quiet, in turn."""
    at = np.arange(round(seconds * RATE)) / RATE
    talking = (at % 1.0) < 0.5
    wave = np.sin(2 * np.pi * tone * at) * talking * loudness
    return (wave * 32767).astype(np.int16)


def silence(seconds: float) -> Samples:
    """Samples of 0."""
    return np.zeros(round(seconds * RATE), np.int16)


def write(path: Path, samples: Samples) -> Path:
    """A WAV file as Asterisk's MixMonitor leaves it."""
    sf.write(path, samples, RATE, subtype="PCM_16", format="WAV")
    return path


def behead(path: Path) -> None:
    """The lengths in the header are 0: the writer was killed."""
    with path.open("r+b") as file:
        file.seek(4)
        file.write(b"\0\0\0\0")
        file.seek(40)
        file.write(b"\0\0\0\0")


def loudest_tone(samples: NDArray[np.float64]) -> float:
    """The frequency (Hz) that is strongest in `samples`."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])
