"""Where one leg of a recording holds nothing but an echo of the other, told by the sound itself.

An engine makes of an echo words that nobody said, and loses the party's own. So what is echo is muted before
the decoding. Loudness alone cannot tell it from a quiet party: an echo is the other leg's very sound, later.
"""

from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from qa.speech.crosstalk import QUIETER_DB
from qa.speech.port import AudioUnreadable

STEP = 0.1
_BLOCK_FRAMES = 10
# An echo comes so late at most.
_LATE_SECONDS = 0.4
# Likeness of the waveforms (1 = the same sound): two voices stay under 0.4, an echo through a
# telephone's coding is mostly over 0.5.
_ALIKE = 0.5
# Less than this in a whole call is chance, or too faint to matter.
_LEAST_SECONDS = 3.0
# Quieter than this (RMS, -66 dBFS) an engine hears nothing anyway.
_AUDIBLE = 0.0005
_RATIO = 10 ** (QUIETER_DB / 20)

Samples = NDArray[np.float32]
Mask = NDArray[np.bool_]


def without_echo(path: Path, target: Path) -> bool:
    """Write the stereo file to `target` with what is only echo muted; False and no file where there is none.

    Reads in blocks of a second. Raises AudioUnreadable.
    """
    try:
        with sf.SoundFile(path) as audio:
            found = [_echo(audio, own, 1 - own) for own in (0, 1)]
            if max(int(mask.sum()) for mask in found) * STEP < _LEAST_SECONDS:
                return False
            _write(audio, found, target)
            return True
    except sf.LibsndfileError as error:
        raise AudioUnreadable(f"{path} cannot be read as audio ({error}).") from error


def _echo(audio: sf.SoundFile, own: int, other: int) -> Mask:
    """Which frames of the channel are echo, from the beginning of the file."""
    audio.seek(0)
    width = max(1, round(audio.samplerate * STEP))
    late = int(audio.samplerate * _LATE_SECONDS)
    before = np.zeros(late, dtype=np.float32)
    masks: list[Mask] = []
    while len(block := audio.read(width * _BLOCK_FRAMES, dtype="float32", always_2d=True)):
        heard = np.concatenate([before, block[:, other]])
        before = heard[-late:]
        masks.append(_mask(block[:, own], heard, width))
    return np.concatenate(masks) if masks else np.zeros(0, dtype=np.bool_)


def _mask(mine: Samples, heard: Samples, width: int) -> Mask:
    """`heard` is the other channel from `_LATE_SECONDS` before `mine` on."""
    frames = -(-len(mine) // width)
    quiet = np.zeros(frames, dtype=np.bool_)
    loudness = _rms(mine)
    if loudness < _AUDIBLE or _rms(heard) < loudness * _RATIO / 2 or _likeness(mine, heard) < _ALIKE:
        return quiet
    late = len(heard) - len(mine)
    for at in range(frames):
        first = at * width
        theirs = heard[first : first + late + width].reshape(-1)
        loudest = max(_rms(theirs[start : start + width]) for start in range(0, len(theirs), width))
        quiet[at] = _rms(mine[first : first + width]) * _RATIO <= loudest
    return quiet


def _likeness(mine: Samples, heard: Samples) -> float:
    """The best normalised cross-correlation over all delays."""
    size = len(heard) + len(mine)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(mine, size)), size)
    delays = len(heard) - len(mine) + 1
    power = np.concatenate([[0.0], np.cumsum(heard.astype(np.float64) ** 2)])
    theirs = power[len(mine) : len(mine) + delays] - power[:delays]
    scale = np.sqrt(np.maximum(theirs, 1e-12) * float((mine.astype(np.float64) ** 2).sum()))
    return float(np.max(np.abs(product[:delays]) / np.maximum(scale, 1e-9)))


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) if len(samples) else 0.0


def _write(audio: sf.SoundFile, found: list[Mask], target: Path) -> None:
    audio.seek(0)
    width = max(1, round(audio.samplerate * STEP))
    first = 0
    with sf.SoundFile(target, "w", audio.samplerate, audio.channels, "PCM_16") as copy:
        while len(block := audio.read(width * _BLOCK_FRAMES, dtype="float32", always_2d=True)):
            frames = -(-len(block) // width)
            for channel, mask in enumerate(found):
                for at in np.flatnonzero(mask[first : first + frames]):
                    block[at * width : (at + 1) * width, channel] = 0
            copy.write(block)
            first += frames
