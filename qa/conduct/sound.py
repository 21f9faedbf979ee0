"""The loudness of each leg by tenths of a second, read in blocks: an hour of stereo costs a few megabytes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from dialer.telephony.outcomes import Leg

# Length of a frame in seconds: a syllable is two of them, a reply's delay is told to a tenth.
STEP = 0.1
SILENCE_DB = -120.0
_FRAMES_A_BLOCK = 100

Samples = NDArray[np.float32]


class SoundUnreadable(Exception):
    """The file is no audio or is broken; the message names it and says what to do."""


def leg_levels(path: Path, legs: Sequence[Leg] = (Leg.AGENT, Leg.CUSTOMER)) -> dict[Leg, list[float]]:
    """Loudness in dBFS of each frame of `STEP` seconds, -120 for digital silence.

    `legs` names the channels from the left; a channel the file does not have is left out.
    Raises SoundUnreadable.
    """
    try:
        with sf.SoundFile(path) as audio:
            known = legs[: audio.channels]
            levels: dict[Leg, list[float]] = {leg: [] for leg in known}
            width = max(1, round(audio.samplerate * STEP))
            # Not `audio.blocks`: that refuses GSM files, which cannot be searched.
            while len(block := audio.read(width * _FRAMES_A_BLOCK, dtype="float32", always_2d=True)):
                for index, leg in enumerate(known):
                    levels[leg].extend(_levels(block[:, index], width))
            return levels
    except (sf.LibsndfileError, OSError, TypeError) as error:
        raise SoundUnreadable(
            f"{path} cannot be read as audio ({error}). Check that the recording was copied completely."
        ) from error


def _levels(samples: Samples, width: int) -> list[float]:
    """The last frame may be short: what is missing counts as silence."""
    short = -len(samples) % width
    frames = np.pad(samples, (0, short)).reshape(-1, width).astype(np.float64)
    power = np.maximum((frames**2).mean(axis=1), 10 ** (SILENCE_DB / 10))
    return [round(float(level), 1) for level in 10 * np.log10(power)]
