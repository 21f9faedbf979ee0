"""Recordings made worse as telephones make them: noise, and the speech codec of mobile networks (Q3)."""

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf

SNR_DB = 10.0
_SEED = 10
_GSM_RATE = 8000


def degrade(path: Path, to: Path, snr_db: float = SNR_DB, *, gsm: bool = True) -> Path:
    """Each channel with white noise `snr_db` under its speech, then through GSM; written as 16 bit FLAC.

    The same file gives the same noise. Raises OSError, and ValueError for GSM at another rate than 8 kHz.
    """
    samples, rate = sf.read(path, always_2d=True)
    if gsm and rate != _GSM_RATE:
        raise ValueError(f"{path} has {rate} samples a second; GSM takes {_GSM_RATE}. Give an 8 kHz file.")
    noise = np.random.default_rng(_SEED)
    channels = [_channel(samples[:, number], snr_db, noise, gsm) for number in range(samples.shape[1])]
    length = min(map(len, channels))
    sf.write(to, np.stack([one[:length] for one in channels], axis=1), rate, format="FLAC", subtype="PCM_16")
    return to


def degrade_folder(folder: Path, to: Path, snr_db: float = SNR_DB, *, gsm: bool = True) -> list[Path]:
    """Every recording of a folder, under its own name; `calls.yaml` is not copied."""
    to.mkdir(parents=True, exist_ok=True)
    sounds = sorted(path for path in folder.iterdir() if path.suffix in (".flac", ".wav", ".opus"))
    return [degrade(path, to / f"{path.stem}.flac", snr_db, gsm=gsm) for path in sounds]


def _channel(
    samples: npt.NDArray[np.float64], snr_db: float, noise: np.random.Generator, gsm: bool
) -> npt.NDArray[np.float64]:
    level = _speech_level(samples) * 10 ** (-snr_db / 20)
    noisy = np.clip(samples + noise.normal(0, level, len(samples)), -1, 1)
    return _through_gsm(noisy) if gsm else noisy


def _speech_level(samples: npt.NDArray[np.float64]) -> float:
    """RMS of the louder half of the 20 ms frames with speech: pauses would make the noise too quiet."""
    size = _GSM_RATE // 50
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(frames):
        return 0.0
    power = np.sort((frames**2).mean(axis=1))
    spoken = power[power > power[-1] * 1e-3]
    return float(np.sqrt(spoken[len(spoken) // 2 :].mean())) if len(spoken) else 0.0


def _through_gsm(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    packed = BytesIO()
    sf.write(packed, samples, _GSM_RATE, format="WAV", subtype="GSM610")
    packed.seek(0)
    unpacked, _ = sf.read(packed)
    return np.asarray(unpacked, dtype=np.float64)
