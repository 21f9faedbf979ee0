"""Recordings made worse: noise at the level asked for, GSM coding, both legs kept apart."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from bench.degrading import degrade, degrade_folder

RATE = 8000


def _tone(path: Path, rate: int = RATE) -> Path:
    """A tone on the left channel, silence on the right."""
    time = np.arange(2 * rate) / rate
    left = 0.3 * np.sin(2 * np.pi * 440 * time)
    sf.write(path, np.stack([left, np.zeros_like(left)], axis=1), rate)
    return path


def test_noise_is_ten_decibels_under_the_speech(tmp_path: Path) -> None:
    clean, _ = sf.read(_tone(tmp_path / "a.wav"))
    noisy, rate = sf.read(degrade(tmp_path / "a.wav", tmp_path / "b.flac", gsm=False))
    noise = noisy[:, 0] - clean[:, 0]
    assert rate == RATE
    assert 20 * np.log10(clean[:, 0].std() / noise.std()) == pytest.approx(10, abs=0.3)


def test_a_silent_leg_stays_silent_and_the_length_is_kept(tmp_path: Path) -> None:
    worse, _ = sf.read(degrade(_tone(tmp_path / "a.wav"), tmp_path / "b.flac"))
    assert np.abs(worse[:, 1]).max() < 0.01
    assert len(worse) == pytest.approx(2 * RATE, abs=320)


def test_gsm_changes_the_sound_and_the_same_file_gives_the_same(tmp_path: Path) -> None:
    _tone(tmp_path / "a.wav")
    plain, _ = sf.read(degrade(tmp_path / "a.wav", tmp_path / "plain.flac", gsm=False))
    once, _ = sf.read(degrade(tmp_path / "a.wav", tmp_path / "once.flac"))
    again, _ = sf.read(degrade(tmp_path / "a.wav", tmp_path / "again.flac"))
    assert np.array_equal(once, again)
    assert not np.allclose(once[: len(plain)], plain[: len(once)], atol=0.01)


def test_another_rate_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="8 kHz"):
        degrade(_tone(tmp_path / "a.wav", 16000), tmp_path / "b.flac")


def test_a_folder_keeps_its_names(tmp_path: Path) -> None:
    source = tmp_path / "calls"
    source.mkdir()
    _tone(source / "one.wav")
    (source / "calls.yaml").write_text("calls: []")
    assert [path.name for path in degrade_folder(source, tmp_path / "worse")] == ["one.flac"]
