"""An echo of the other leg is muted before the decoding; a quiet party of its own is not (Q1, Q4)."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from bench.speech import CALLS
from qa.speech.echo import without_echo
from qa.speech.port import AudioUnreadable

RATE = 8000
NOISE = 0.001


def call(seconds: int = 30) -> np.ndarray:
    samples, _ = sf.read(CALLS / "dealer-04.flac", frames=RATE * seconds)
    return np.asarray(samples)


@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW"])
@pytest.mark.parametrize(("gain", "late"), [(0.05, 0.05), (0.1, 0.2), (0.2, 0.35)])
def test_q4_an_echo_is_muted_and_the_party_s_own_words_stay(
    tmp_path: Path, gain: float, late: float, subtype: str
) -> None:
    whole, path, muted = call(), tmp_path / "echo.wav", tmp_path / "muted.wav"
    rng = np.random.default_rng(1)
    leaking = whole + rng.normal(0, NOISE, whole.shape)
    leaking[:, 1] += np.roll(whole[:, 0], int(late * RATE)) * gain
    sf.write(path, leaking, RATE, subtype=subtype)
    assert without_echo(path, muted)
    heard, _ = sf.read(muted)
    assert len(heard) == len(whole)
    own, other = np.abs(whole[:, 1]) > 0.05, np.abs(whole[:, 0]) > 0.05
    assert (heard[own, 1] == 0).mean() < 0.02, "what the customer says"
    assert (heard[other & ~own, 1] == 0).mean() > 0.4, "the agent's echo"
    assert (heard[other, 0] == 0).mean() < 0.02, "the agent's own leg"


def test_q4_a_sound_call_stays_as_it_is(tmp_path: Path) -> None:
    path, muted = tmp_path / "call.wav", tmp_path / "muted.wav"
    sf.write(path, call(), RATE)
    assert not without_echo(path, muted)
    assert not muted.exists()


def test_q4_a_much_quieter_party_who_talks_at_once_is_no_echo(tmp_path: Path) -> None:
    whole = call()
    whole[:, 1] = np.roll(whole[:, 0], 7 * RATE) * 0.05
    path, muted = tmp_path / "call.wav", tmp_path / "muted.wav"
    sf.write(path, whole, RATE)
    assert not without_echo(path, muted)


def test_q1_a_bad_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(b"no audio")
    with pytest.raises(AudioUnreadable, match="broken"):
        without_echo(path, tmp_path / "muted.wav")
