"""Sound files to and from what goes over the wire: A-law, 8 kHz, one byte a sample."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

RATE = 8000
SILENCE = b"\xd5"


def load_speech(path: Path, channel: int = 0) -> bytes:
    """One channel of any sound file that libsndfile reads, as A-law at 8 kHz.

    Raises:
        soundfile.LibsndfileError: not a sound file.
    """
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    one: npt.NDArray[np.float32] = samples[:, channel]
    if rate != RATE:
        one = soxr.resample(one, rate, RATE)
    return to_alaw((np.clip(one, -1.0, 1.0) * 32767).astype(np.int16))


def write_heard(path: Path, alaw: bytes) -> None:
    """Write what a phone heard as a 16-bit WAV."""
    soundfile.write(path, from_alaw(alaw), RATE, subtype="PCM_16")


def to_alaw(samples: npt.NDArray[np.int16]) -> bytes:
    """16-bit samples to A-law (G.711)."""
    return _ENCODE[samples.view(np.uint16)].tobytes()


def from_alaw(alaw: bytes) -> npt.NDArray[np.int16]:
    """A-law (G.711) to 16-bit samples."""
    return _DECODE[np.frombuffer(alaw, dtype=np.uint8)]


def _decode_table() -> npt.NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code >> 4) & 7
    mantissa = (code & 15) << 4
    magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _encode_table() -> npt.NDArray[np.uint8]:
    # For each 16-bit pattern the code whose value is nearest.
    values = _DECODE.astype(np.int32)
    order = np.argsort(values)
    middles = (values[order][1:] + values[order][:-1]) / 2
    samples = np.arange(65536, dtype=np.uint16).view(np.int16)
    return order[np.searchsorted(middles, samples)].astype(np.uint8)


_DECODE = _decode_table()
_ENCODE = _encode_table()
