"""How a line sounds: silence, tones, or something that may be speech. Cheap: no engine need be asked."""

from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from qa.announcements.rules import Sound
from qa.speech.port import AudioUnreadable

_FRAME_SECONDS = 0.04
_BLOCK_SECONDS = 10
_LOUD_DBFS = -42.0
# A tone keeps this share of its energy beside its peak, at one pitch, for this share of its frames.
_PEAK_SHARE = 0.7
_STEADY_SHARE = 0.8
_PEAK_BINS = 2
# A shorter one is a click or a syllable.
_SHORTEST_TONE_SECONDS = 0.25

Floats = NDArray[np.float64]


def listen(path: Path, index: int) -> Sound:
    """Channel `index` (0 = left) of a file. Takes milliseconds a minute; call it in a worker.

    Raises:
        AudioUnreadable: it cannot be read, or has no such channel.
    """
    try:
        with sf.SoundFile(path) as audio:
            if index >= audio.channels:
                raise AudioUnreadable(f"{path} has {audio.channels} channel(s), none of them number {index}.")
            width = round(audio.samplerate * _FRAME_SECONDS)
            parts = [
                _frames(block[:, index], width)
                for block in audio.blocks(width * round(_BLOCK_SECONDS / _FRAME_SECONDS), always_2d=True)
            ]
            seconds = audio.frames / audio.samplerate
    except sf.LibsndfileError as error:
        raise AudioUnreadable(f"{path} cannot be read as audio ({error}).") from error
    if not parts:
        return Sound(seconds, 0.0, ())
    level, peak, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _sound(seconds, level, peak, share)


def _frames(samples: Floats, width: int) -> tuple[Floats, Floats, Floats]:
    """Of each frame: loudness in dBFS, the place of the spectrum's peak, the share of energy beside it."""
    frames = np.pad(samples, (0, -len(samples) % width)).reshape(-1, width)
    level = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-12))
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(width), axis=1)) ** 2
    spectrum[:, :2] = 0  # hum of the line
    peak = spectrum.argmax(axis=1)
    places = np.clip(peak[:, None] + np.arange(-_PEAK_BINS, _PEAK_BINS + 1), 0, spectrum.shape[1] - 1)
    beside = np.take_along_axis(spectrum, places, axis=1).sum(axis=1)
    return level, peak.astype(np.float64), beside / np.maximum(spectrum.sum(axis=1), 1e-12)


def _sound(seconds: float, level: Floats, peak: Floats, share: Floats) -> Sound:
    loud = np.concatenate([[False], level > _LOUD_DBFS, [False]]).astype(np.int8)
    begins, ends = np.flatnonzero(np.diff(loud) == 1), np.flatnonzero(np.diff(loud) == -1)
    speech, tones = 0.0, []
    for begin, end in zip(begins, ends, strict=True):
        length = float(end - begin) * _FRAME_SECONDS
        pitch = np.median(peak[begin:end])
        steady = (share[begin:end] > _PEAK_SHARE) & (np.abs(peak[begin:end] - pitch) <= 1)
        if length >= _SHORTEST_TONE_SECONDS and steady.mean() >= _STEADY_SHARE:
            tones.append(round(length, 2))
        else:
            speech += length
    return Sound(seconds, round(speech, 2), tuple(tones))
