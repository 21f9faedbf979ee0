"""Sound of recordings: joining the two sides, levels, waveform, the small copy, clips.

Everything streams in blocks, so that an hour costs megabytes; nothing here knows of calls.
"""

import hashlib
import io
import json
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from recordings.wav import header

_BLOCK_SECONDS = 10
_FRAME_SECONDS = 0.02
_FULL_SCALE = 32768.0
# About 30 kbit/s for both channels at 8 kHz, an eighth of the original (0 is best, 1 is smallest).
# Vorbis, because libsndfile's Opus costs four times the processor at that size.
_COMPRESSION = 0.75
_LONGEST_CLIP_SECONDS = 300.0

# A-law has no zero: its silence is 8 on either side.
_BLANK = 16.0

Samples = NDArray[np.int16]


class Unreadable(Exception):
    """A file is not audio that can be read. The message says which and what to do."""


class NoAudio(Exception):
    """There is a file, and nothing to be heard in it."""


@dataclass(slots=True)
class Meter:
    """Loudness and outline of one channel while it streams by."""

    rate: int
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _loud: list[NDArray[np.float64]] = field(default_factory=list)
    _low: list[Samples] = field(default_factory=list)
    _high: list[Samples] = field(default_factory=list)

    def add(self, block: Samples) -> None:
        """Take the next samples; every block but the last holds whole frames."""
        self.digest.update(block.tobytes())
        width = round(self.rate * _FRAME_SECONDS)
        frames = _filled(block, len(block) + -len(block) % width).reshape(-1, width)
        wide = frames.astype(np.float64)
        self._loud.append(np.sqrt(np.einsum("ij,ij->i", wide, wide) / width))
        self._low.append(frames.min(axis=1))
        self._high.append(frames.max(axis=1))

    def speech_share(self, silence_dbfs: float) -> float:
        """Share of the time, 0 to 1, that was louder than `silence_dbfs`."""
        loud = np.concatenate(self._loud) if self._loud else np.zeros(1)
        return float((loud > _FULL_SCALE * 10 ** (silence_dbfs / 20)).mean())

    @property
    def loudest(self) -> float:
        """Loudness of the loudest moment, in units of a 16-bit sample."""
        return max((float(loud.max()) for loud in self._loud if loud.size), default=0.0)

    def peaks(self, pairs: int) -> list[float]:
        """Lowest and highest sample (-1 to 1) of each of at most `pairs` equal stretches, in turn."""
        low, high = np.concatenate(self._low), np.concatenate(self._high)
        starts = np.unique(np.linspace(0, len(low), pairs, endpoint=False).astype(np.int64))
        outline = np.stack([np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)], axis=1)
        values: list[float] = np.round(outline.ravel() / _FULL_SCALE, 3).tolist()
        return values


@dataclass(frozen=True, slots=True)
class Joined:
    """A file made of one side a channel. `lengths` are the sides' own seconds, None where there was none;
    `sha256` is of the whole file as it was meant to be written."""

    rate: int
    seconds: float
    sha256: str
    lengths: tuple[float | None, ...]
    meters: tuple[Meter, ...]

    @property
    def blank(self) -> bool:
        """Whether nothing at all is to be heard: a telephone system's filling, not a quiet person."""
        return all(meter.loudest <= _BLANK for meter in self.meters)

    @property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each channel's samples (little-endian, 16 bit)."""
        return tuple(meter.digest.hexdigest() for meter in self.meters)


def join(sides: Sequence[Path | None], to: Path) -> Joined:
    """Write mono files that begin at the same instant as the channels of one WAV file (A1).

    The shorter is padded with silence at its end; a side that is None is silent.

    Raises:
        Unreadable: a side cannot be read, or the sides do not fit together.
        NoAudio: no side holds a sample.
        OSError: `to` cannot be written.
    """
    with ExitStack() as stack:
        files = [None if side is None else stack.enter_context(_mono(side)) for side in sides]
        rates = {file.samplerate for file in files if file is not None}
        if not rates:
            raise NoAudio(f"{to.name}: no side of the recording holds a sample.")
        if len(rates) != 1:
            raise Unreadable(f"{to.name} would join files of different sample rates: {sorted(rates)}.")
        rate: int = rates.pop()
        total = max(file.frames for file in files if file is not None)
        if total == 0:
            raise NoAudio(f"{to.name}: the recording holds no sample.")
        meters = tuple(Meter(rate) for _ in files)
        head = header(rate, len(files), total)
        digest = hashlib.sha256(head)
        with to.open("wb") as out:
            out.write(head)
            step = rate * _BLOCK_SECONDS
            for start in range(0, total, step):
                count = min(step, total - start)
                blocks = [_next(file, count) for file in files]
                data = np.stack(blocks, axis=1).tobytes()
                out.write(data)
                digest.update(data)
                for meter, block in zip(meters, blocks, strict=True):
                    meter.add(block)
        lengths = tuple(None if file is None else file.frames / rate for file in files)
    return Joined(rate, total / rate, digest.hexdigest(), lengths, meters)


def small_copy(path: Path) -> bytes:
    """`path` as a small Ogg file with the same channels, which browsers play and seek in (A2)."""
    copy = io.BytesIO()  # in memory, because libsndfile would lose the reason when a disk is full
    with sf.SoundFile(path) as audio:
        options = {"format": "OGG", "subtype": "VORBIS", "compression_level": _COMPRESSION}
        with sf.SoundFile(copy, "w", audio.samplerate, audio.channels, **options) as out:
            for block in audio.blocks(audio.samplerate, dtype="float32", always_2d=True):
                out.write(block)
    return copy.getvalue()


def waveform(joined: Joined, pairs: int = 800) -> bytes:
    """The outline of each channel for the page, as JSON: {"seconds": …, "peaks": [[low, high, …], …]}."""
    peaks = [meter.peaks(pairs) for meter in joined.meters]
    return json.dumps({"seconds": round(joined.seconds, 3), "peaks": peaks}, separators=(",", ":")).encode()


def cut(path: Path, start: float, end: float, channel: int | None = None) -> bytes:
    """The stretch from `start` to `end` (seconds) of `path` as a WAV file, softly begun and ended.

    `channel` 0 is left, None keeps them all.

    Raises:
        ValueError: the stretch is empty, outside the recording, or longer than five minutes.
        Unreadable: the file cannot be read.
    """
    if not 0 <= start < end or end - start > _LONGEST_CLIP_SECONDS:
        raise ValueError(
            f"a clip from {start:g} s to {end:g} s cannot be cut: give a start before its end, "
            f"at most {_LONGEST_CLIP_SECONDS:g} s apart"
        )
    try:
        with sf.SoundFile(path) as audio:
            rate, channels = audio.samplerate, audio.channels
            first = round(start * rate)
            if first >= audio.frames or (channel is not None and not 0 <= channel < channels):
                raise ValueError(
                    f"a clip from {start:g} s of channel {channel} is not in a recording of "
                    f"{audio.frames / rate:.1f} s and {channels} channel(s)"
                )
            audio.seek(first)
            samples = audio.read(round((end - start) * rate), dtype="int16", always_2d=True)
    except sf.LibsndfileError as error:
        raise _unreadable(path, error) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydub looks for ffmpeg when imported; WAV needs none
        from pydub import AudioSegment  # noqa: PLC0415 (costly, and only clips need it)
    clip = AudioSegment(samples.tobytes(), sample_width=2, frame_rate=rate, channels=channels)
    if channel is not None:
        clip = clip.split_to_mono()[channel]
    data = io.BytesIO()
    clip.fade_in(5).fade_out(5).export(data, format="wav")
    return data.getvalue()


def _mono(path: Path) -> sf.SoundFile:
    try:
        audio = sf.SoundFile(path)
    except sf.LibsndfileError as error:
        raise _unreadable(path, error) from error
    if audio.channels != 1:
        audio.close()
        raise Unreadable(f"{path.name} has {audio.channels} channels; one side of a call has one.")
    return audio


def _next(file: sf.SoundFile | None, count: int) -> Samples:
    return _filled(np.zeros(0, np.int16) if file is None else file.read(count, dtype="int16"), count)


def _filled(block: Samples, count: int) -> Samples:
    return block if len(block) == count else np.pad(block, (0, count - len(block)))


def _unreadable(path: Path, error: Exception) -> Unreadable:
    return Unreadable(
        f"{path.name} cannot be read as audio ({error}). Look at the file where Asterisk left it."
    )
