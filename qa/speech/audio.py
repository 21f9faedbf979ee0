"""One leg of a recording as 16 kHz mono, streamed in blocks and pieces: an hour of stereo costs 34 MB."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from qa.speech.pieces import STEP, Cutter
from qa.speech.port import AudioUnreadable

RATE = 16_000
SILENCE_DB = -120.0
_BLOCK_SECONDS = 10
_FRAME_SECONDS = 0.1
_LOUDEST_SHARE = 0.1

Samples = NDArray[np.float32]
# A file without a header, as .raw, is a TypeError: the library wants to be told what is in it.
UNREADABLE = (sf.LibsndfileError, TypeError)


def leg_blocks(path: Path, index: int) -> Iterator[Samples]:
    """Channel `index` (0 = left) in blocks of 16 kHz samples between -1 and 1.

    Raises AudioUnreadable.
    """
    try:
        with sf.SoundFile(path) as audio:
            if index >= audio.channels:
                raise AudioUnreadable(
                    f"{path} has {audio.channels} channel(s), so leg {index + 1} is not in it. "
                    "Recordings need the agent on the left and the customer on the right channel."
                )
            resampler = soxr.ResampleStream(audio.samplerate, RATE, 1, dtype="float32")
            frames = _BLOCK_SECONDS * audio.samplerate
            # Not `audio.blocks`: that refuses GSM files, which cannot be searched.
            while len(block := audio.read(frames, dtype="float32", always_2d=True)):
                yield resampler.resample_chunk(np.ascontiguousarray(block[:, index]))
            yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
    except UNREADABLE as error:
        raise AudioUnreadable(
            f"{path} cannot be read as audio ({error}). Check that the recording was copied completely."
        ) from error


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a leg that can be decoded by itself; it begins `start` seconds into the file."""

    start: float
    samples: Samples


def leg_pieces(path: Path, index: int, meter: "LevelMeter") -> Iterator[Piece]:
    """Channel `index` in pieces of at most `pieces.LONGEST_SECONDS`, cut where nobody speaks.

    Long stretches of silence are left out, so an hour in which little is said costs little. The meter is told
    of everything. Raises AudioUnreadable.
    """
    frame = int(RATE * STEP)
    cutter = Cutter()
    held: list[Samples] = []
    first = rest = 0  # the sample at which what is held begins; samples of it that make no whole frame yet
    for block in leg_blocks(path, index):
        meter.add(block)
        held.append(block)
        rest += len(block)
        if rest < frame:
            continue
        joined = np.concatenate(held)
        fresh = joined[len(joined) - rest :][: rest // frame * frame].reshape(-1, frame)
        rest %= frame
        cutter.add(np.abs(fresh).max(axis=1).tolist())
        used = 0
        for take in cutter.take():
            if take.spoken:
                yield Piece((first + used) / RATE, joined[used : used + take.frames * frame].copy())
            used += take.frames * frame
        held, first = [joined[used:]], first + used
    left = np.concatenate(held) if held else np.zeros(0, dtype=np.float32)
    if len(left) and cutter.left_spoken():
        yield Piece(first / RATE, left)


def channels_of(path: Path) -> int:
    """How many channels the file has. Raises AudioUnreadable."""
    try:
        return int(sf.info(path).channels)
    except UNREADABLE as error:
        raise AudioUnreadable(f"{path} cannot be read as audio ({error}).") from error


@dataclass(slots=True)
class LevelMeter:
    """Counts samples and takes the loudness of the loudest tenth of the frames while a leg streams by."""

    samples: int = 0
    _frames: list[float] = field(default_factory=list)

    def add(self, block: Samples) -> None:
        self.samples += len(block)
        width = int(RATE * _FRAME_SECONDS)
        whole = len(block) // width * width
        if whole:
            frames = block[:whole].reshape(-1, width)
            self._frames.extend(np.sqrt((frames**2).mean(axis=1)).tolist())

    @property
    def seconds(self) -> float:
        return self.samples / RATE

    @property
    def speech_level(self) -> float:
        """dBFS; -120 for digital silence and for an empty file."""
        if not self._frames:
            return SILENCE_DB
        loudest = float(np.quantile(self._frames, 1 - _LOUDEST_SHARE))
        return max(SILENCE_DB, 20 * float(np.log10(max(loudest, 1e-6))))
